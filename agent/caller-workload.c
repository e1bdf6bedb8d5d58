/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/caller-workload.h"

#include <stdio.h>

#define CONTAINER_DIGITS ((size_t)64)
#define POD_CHARACTERS   ((size_t)36) /* of a UUID; static pods have 32 hex digits */
#define POD_STATIC       ((size_t)32)
#define JOB_DIGITS       ((size_t)10)

#define HEX "0123456789abcdef"

struct view path_next(struct view *path)
{
        struct view rest = path->size > 0 ? view_of(path->data + 1, path->size - 1) : *path;
        const uint8_t *slash = rest.size > 0 ? memchr(rest.data, '/', rest.size) : NULL;
        size_t size = slash ? (size_t)(slash - rest.data) : rest.size;

        *path = view_of(rest.data + size, rest.size - size);
        return view_of(rest.data, size);
}

/* Takes @start off the front of @text if it is there. */
static int skip(struct view *text, const char *start)
{
        size_t size = strlen(start);

        if (text->size < size || memcmp(text->data, start, size) != 0)
                return 0;
        *text = view_of(text->data + size, text->size - size);
        return 1;
}

static int drop(struct view *text, const char *ending)
{
        size_t size = strlen(ending);

        if (text->size < size || memcmp(text->data + text->size - size, ending, size) != 0)
                return 0;
        text->size -= size;
        return 1;
}

static int consists_of(struct view text, const char *characters)
{
        for (size_t i = 0; i < text.size; i++)
                if (!text.data[i] || !strchr(characters, text.data[i]))
                        return 0;
        return text.size > 0;
}

static int set_id(struct view id, size_t size, const char *characters, char ret[CALLER_ID_SIZE])
{
        if (id.size != size || !consists_of(id, characters))
                return 0;
        (void)snprintf(ret, CALLER_ID_SIZE, "%.*s", (int)id.size, (const char *)id.data);
        return 1;
}

/* A slice cannot have "-" in the UID: runtimes write "_". */
static int set_pod(struct view id, char ret[CALLER_ID_SIZE])
{
        if (!set_id(id, POD_CHARACTERS, HEX "-_", ret) && !set_id(id, POD_STATIC, HEX, ret))
                return 0;
        for (char *next = ret; *next; next++)
                if (*next == '_')
                        *next = '-';
        return 1;
}

static int set_job(struct view part, char ret[CALLER_ID_SIZE])
{
        if (!skip(&part, "job_") || part.size > JOB_DIGITS || part.size == 0 || part.data[0] == '0')
                return 0;
        return set_id(part, part.size, "0123456789", ret);
}

/* "docker-ID.scope": made by PID 1 for a runtime that is root. */
static void container_of_scope(const char *unit, char ret[CALLER_ID_SIZE])
{
        static const char *const runtimes[] = {"cri-containerd-", "crio-", "docker-", "libpod-"};
        struct view id = view_string(unit);

        if (!drop(&id, ".scope"))
                return;
        for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++)
                if (skip(&id, runtimes[i])) {
                        (void)set_id(id, CONTAINER_DIGITS, HEX, ret);
                        return;
                }
}

/* "kubepods-burstable-podUID.slice" inside of kubepods.slice, which is the kubelet's. */
static void pod_of_slice(struct view path, const char *slice, char ret[CALLER_ID_SIZE])
{
        struct view id = view_string(slice);

        if (!view_is(path_next(&path), "kubepods.slice") || !drop(&id, ".slice") ||
            !skip(&id, "kubepods-"))
                return;
        if (!skip(&id, "burstable-"))
                (void)skip(&id, "besteffort-");
        if (skip(&id, "pod"))
                (void)set_pod(id, ret);
}

/* Without units, by the runtime's own control groups: "/docker/ID",
 * "/kubepods/burstable/podUID/ID",
 * "/libpod_parent/libpod-ID". */
static void from_root(struct view path, struct caller_place *ret)
{
        struct view first = path_next(&path), id = path_next(&path);

        if (view_is(first, "docker")) {
                (void)set_id(id, CONTAINER_DIGITS, HEX, ret->container);
        } else if (view_is(first, "libpod_parent")) {
                if (skip(&id, "libpod-"))
                        (void)set_id(id, CONTAINER_DIGITS, HEX, ret->container);
        } else if (view_is(first, "kubepods")) {
                if (view_is(id, "burstable") || view_is(id, "besteffort"))
                        id = path_next(&path);
                if (skip(&id, "pod") && set_pod(id, ret->pod))
                        (void)set_id(path_next(&path), CONTAINER_DIGITS, HEX, ret->container);
        }
}

/* "/system.slice/slurmstepd.scope/job_N/…", or NODE_slurmstepd.scope where one host plays several:
 * Slurm's daemon, which is root, has the scope to itself. */
static void job_of_scope(struct view path, struct caller_place *ret)
{
        struct view unit;

        if (!view_is(path_next(&path), "system.slice"))
                return;
        unit = path_next(&path);
        if (view_is(unit, "slurmstepd.scope") || drop(&unit, "_slurmstepd.scope"))
                (void)set_job(path_next(&path), ret->job);
}

int workload_job_of_v1(struct view path, char ret[CALLER_ID_SIZE])
{
        struct view first = path_next(&path), user = path_next(&path);

        if (!skip(&first, "slurm") || (first.size > 0 && first.data[0] != '_'))
                return 0;
        if (!skip(&user, "uid_") || !consists_of(user, "0123456789"))
                return 0;
        return set_job(path_next(&path), ret);
}

void workload_from_path(struct view path, struct caller_place *ret)
{
        container_of_scope(ret->unit, ret->container);
        pod_of_slice(path, ret->slice, ret->pod);
        job_of_scope(path, ret);
        if (!ret->unit[0] && !ret->slice[0])
                from_root(path, ret);
}
