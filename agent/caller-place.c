/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/caller.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "lib/file.h"

#define PROC_FILE_MAX ((size_t)65536)

/* Of the process @who: its number, or "self". */
static int read_proc(const struct caller_folders *folders, const char *who, const char *file,
                     struct buf *ret)
{
        char path[PATH_MAX];
        int size = snprintf(path, sizeof(path), "%s/%s/%s", folders->proc, who, file);

        if (size < 0 || (size_t)size >= sizeof(path))
                return -ENAMETOOLONG;
        return file_read(AT_FDCWD, path, ret, NULL);
}

/* -ENOMEM. What is hidden from us, or in no hierarchy that we understand, is not known. */
static int read_cgroup(const struct caller_folders *folders, const char *who,
                       struct caller_place *ret)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(PROC_FILE_MAX);
        int r = read_proc(folders, who, "cgroup", &text);

        if (r == 0)
                r = caller_parse_cgroup(buf_view(&text), ret);
        return r == -ENOMEM ? r : 0;
}

/* PID 1 keeps the invocation of each unit in a link that is not there. Nothing else tells: the
 * environment of a process is its own. */
static void read_invocation(const struct caller_folders *folders, const char *unit,
                            char ret[CALLER_INVOCATION])
{
        char path[PATH_MAX], id[CALLER_INVOCATION + 1] = "";
        int size = snprintf(path, sizeof(path), "%s/invocation:%s", folders->units, unit);

        if (!unit[0] || size < 0 || (size_t)size >= sizeof(path))
                return;
        if (readlink(path, id, sizeof(id) - 1) == CALLER_INVOCATION - 1 &&
            strspn(id, "0123456789abcdef") == CALLER_INVOCATION - 1)
                memcpy(ret, id, CALLER_INVOCATION);
}

/* Namespaces with the same map are the same as far as users are concerned: none but root can make
 * another one with the map of the first. */
static enum caller_namespace read_namespace(const struct caller_folders *folders, const char *who)
{
        _cleanup_(buf_done) struct buf ours = BUF_INIT(PROC_FILE_MAX);
        _cleanup_(buf_done) struct buf theirs = BUF_INIT(PROC_FILE_MAX);

        if (read_proc(folders, "self", "uid_map", &ours) == -ENOENT)
                return CALLER_NAMESPACE_OURS; /* a kernel without user namespaces */
        if (read_proc(folders, who, "uid_map", &theirs) < 0 || ours.size == 0)
                return CALLER_NAMESPACE_UNKNOWN;
        return view_equal(buf_view(&ours), buf_view(&theirs)) ? CALLER_NAMESPACE_OURS
                                                              : CALLER_NAMESPACE_OTHER;
}

int caller_read_place(const struct caller_folders *folders, struct caller *caller)
{
        char who[16];
        int r;

        (void)snprintf(who, sizeof(who), "%d", (int)caller->pid); /* fits any number */
        r = read_cgroup(folders, who, &caller->place);
        if (r < 0)
                return r;
        read_invocation(folders, caller->place.unit, caller->invocation);
        caller->user_namespace = read_namespace(folders, who);
        return 0;
}
