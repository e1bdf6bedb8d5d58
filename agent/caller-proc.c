/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/caller.h"

#include <errno.h>
#include <stdio.h>

#define UNIT_CHARACTERS                                                                            \
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@" /* systemd.unit(5) \
                                                                                 */
#define STAT_FIELDS_BEFORE_START 19 /* from the state, field 3, to field 21 */

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
static void parse_path(struct view path, char unit[CALLER_NAME_MAX], char slice[CALLER_NAME_MAX])
{
        struct view rest = view_of(path.data + 1, path.size - 1);

        while (rest.size > 0) {
                const uint8_t *slash = memchr(rest.data, '/', rest.size);
                size_t size = slash ? (size_t)(slash - rest.data) : rest.size;
                struct view name = unescape(view_of(rest.data, size));

                if (!is_unit_name(name))
                        return;
                if (!ends_with(name, ".slice")) {
                        if (ends_with(name, ".service") || ends_with(name, ".scope"))
                                copy(name, unit, CALLER_NAME_MAX);
                        return;
                }
                copy(name, slice, CALLER_NAME_MAX);
                rest = slash ? view_of(slash + 1, rest.size - size - 1) : (struct view){};
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

static int find_path(struct view text, const char *hierarchy, const char *controllers,
                     struct view *ret)
{
        while (text.size > 0) {
                const uint8_t *newline = memchr(text.data, '\n', text.size);
                size_t size = newline ? (size_t)(newline - text.data) : text.size;

                if (line_path(view_of(text.data, size), hierarchy, controllers, ret))
                        return 1;
                if (!newline)
                        return 0;
                text = view_of(newline + 1, text.size - size - 1);
        }
        return 0;
}

int caller_parse_cgroup(struct view text, char cgroup[CALLER_PATH_MAX], char unit[CALLER_NAME_MAX],
                        char slice[CALLER_NAME_MAX])
{
        struct view path;

        cgroup[0] = unit[0] = slice[0] = '\0';
        if (!find_path(text, "0", "", &path) && !find_path(text, NULL, "name=systemd", &path))
                return -EBADMSG;
        if (memchr(path.data, '\0', path.size))
                return -EBADMSG;
        copy(path, cgroup, CALLER_PATH_MAX);
        parse_path(path, unit, slice);
        return 0;
}

int caller_parse_stat(struct view text, uint64_t *ret_start_ticks)
{
        const uint8_t *bracket = memrchr(text.data, ')', text.size);
        struct reader reader;
        uint64_t start;

        if (!bracket)
                return -EBADMSG;
        reader = reader_init(view_of(bracket + 1, text.size - (size_t)(bracket + 1 - text.data)));
        reader_expect(&reader, " ");
        for (int i = 0; i < STAT_FIELDS_BEFORE_START; i++)
                (void)reader_until(&reader, ' ');
        if (view_parse_decimal(reader_until(&reader, ' '), &start) < 0 || reader.bad)
                return -EBADMSG;
        *ret_start_ticks = start;
        return 0;
}
