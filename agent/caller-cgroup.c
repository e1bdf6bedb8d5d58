/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/caller-workload.h"

#include <errno.h>
#include <stdio.h>

#define UNIT_CHARACTERS                                                                            \
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@" /* systemd.unit(5) \
                                                                                 */

static int ends_with(struct view text, const char *ending)
{
        size_t length = strlen(ending);

        return text.size > length &&
               view_is(view_of(text.data + text.size - length, length), ending);
}

/* PID 1 puts "_" before names that the kernel or a controller could take for theirs. */
static struct view unescape(struct view part)
{
        return part.size > 0 && part.data[0] == '_' ? view_of(part.data + 1, part.size - 1) : part;
}

static int is_unit_name(struct view name)
{
        if (name.size >= CALLER_NAME_MAX)
                return 0;
        for (size_t i = 0; i < name.size; i++)
                if (!name.data[i] || !strchr(UNIT_CHARACTERS, name.data[i]))
                        return 0;
        return 1;
}

static void copy(struct view from, char *ret, size_t size)
{
        (void)snprintf(ret, size, "%.*s", (int)(from.size < size ? from.size : size - 1),
                       (const char *)from.data);
}

/* Slices first, then one service or scope. What follows that belongs to whoever runs there. */
static void parse_path(struct view path, struct caller_place *ret)
{
        while (path.size > 1) {
                struct view name = unescape(path_next(&path));

                if (!is_unit_name(name))
                        return;
                if (!ends_with(name, ".slice")) {
                        if (ends_with(name, ".service") || ends_with(name, ".scope"))
                                copy(name, ret->unit, CALLER_NAME_MAX);
                        return;
                }
                copy(name, ret->slice, CALLER_NAME_MAX);
        }
}

/* The path of the line "HIERARCHY:CONTROLLERS:PATH" if it is the one asked for. */
static int line_path(struct view line, const char *hierarchy, const char *controllers,
                     struct view *ret)
{
        struct reader reader = reader_init(line);
        struct view number = reader_until(&reader, ':');
        struct view list = reader_until(&reader, ':');
        struct view path = reader_rest(&reader);

        if (reader.bad || path.size == 0 || path.data[0] != '/' || number.size == 0)
                return 0;
        if (!view_is(list, controllers) || (hierarchy && !view_is(number, hierarchy)))
                return 0;
        *ret = path;
        return 1;
}

/* The first line of @text, which is taken off it. */
static struct view next_line(struct view *text)
{
        const uint8_t *newline = memchr(text->data, '\n', text->size);
        struct view line =
                view_of(text->data, newline ? (size_t)(newline - text->data) : text->size);

        *text = newline ? view_of(newline + 1, text->size - line.size - 1) : (struct view){};
        return line;
}

static int find_path(struct view text, const char *hierarchy, const char *controllers,
                     struct view *ret)
{
        while (text.size > 0)
                if (line_path(next_line(&text), hierarchy, controllers, ret))
                        return 1;
        return 0;
}

/* A kernel has hierarchy 0 as soon as anybody has ever mounted it: where the service manager does
 * not use it, everybody is in its root. */
static int find_unit_path(struct view text, struct view *ret)
{
        if (!find_path(text, "0", "", ret))
                return find_path(text, NULL, "name=systemd", ret);
        if (view_is(*ret, "/"))
                (void)find_path(text, NULL, "name=systemd", ret);
        return 1;
}

/* The path of a line of a controller of cgroup v1. */
static int controller_path(struct view line, struct view *ret)
{
        struct reader reader = reader_init(line);
        struct view number = reader_until(&reader, ':'), list = reader_until(&reader, ':');

        *ret = reader_rest(&reader);
        return !reader.bad && ret->size > 0 && ret->data[0] == '/' && number.size > 0 &&
               list.size > 0 && !memchr(list.data, '=', list.size);
}

/* Slurm puts a job into the hierarchies of several controllers. They all say the same, or nothing
 * is believed. */
static void find_job(struct view text, char ret[CALLER_ID_SIZE])
{
        char job[CALLER_ID_SIZE] = "", other[CALLER_ID_SIZE];
        struct view path;

        while (text.size > 0) {
                if (!controller_path(next_line(&text), &path) || !workload_job_of_v1(path, other))
                        continue;
                if (job[0] && !string_equal(job, other))
                        return;
                copy(view_string(other), job, sizeof(job));
        }
        copy(view_string(job), ret, CALLER_ID_SIZE);
}

int caller_parse_cgroup(struct view text, struct caller_place *ret)
{
        struct caller_place place = {};
        struct view path;

        if (!find_unit_path(text, &path) || memchr(path.data, '\0', path.size))
                return -EBADMSG;
        copy(path, place.cgroup, sizeof(place.cgroup));
        parse_path(path, &place);
        workload_from_path(path, &place);
        if (!place.job[0])
                find_job(text, place.job);
        *ret = place;
        return 0;
}
