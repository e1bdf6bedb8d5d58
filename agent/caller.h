/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Who is at the other end of a connection, as the kernel and PID 1 say it: never as the caller says
 * it.
 *
 * uid, gid and pid are those of the process that connected. The unit is the first *.service or
 * *.scope below the slices of its cgroup path, counted from the root, so that nothing inside a
 * delegated cgroup can pose as another unit. The connected descriptor can be handed on, so
 * caller_is_alive() is asked before each request.
 */

#include <sys/types.h>

#include "lib/json.h"

#define CALLER_GROUPS_MAX 256
#define CALLER_PATH_MAX   1024
#define CALLER_NAME_MAX   256

struct caller {
        uid_t uid;
        gid_t gid;
        pid_t pid;
        gid_t groups[CALLER_GROUPS_MAX]; /* supplementary groups, as many as fit */
        size_t group_count;
        int pidfd;            /* -1 where none could be had */
        uint64_t start_ticks; /* field 22 of /proc/PID/stat, to notice a pid used again */
        int by_pidfd; /* "pidfd": the kernel tied identity and process; else "best-effort" */
        char user[CALLER_NAME_MAX];   /* empty when the uid has no name */
        char cgroup[CALLER_PATH_MAX]; /* empty when unknown */
        char unit[CALLER_NAME_MAX];   /* empty when in none */
        char slice[CALLER_NAME_MAX];
};

/* Identifies the peer of a connected Unix socket. -EPERM, with the reason, for peers that must be
 * refused: uid 65534 (a user namespace without mapping), no pid (another pid namespace); -ESRCH:
 * the peer is gone; else the errno of getsockopt(). */
int caller_identify(int fd, struct caller *ret, struct problem *problem) _must_use_;

void caller_done(struct caller *caller);

/* Whether the process that connected still exists (and is the same). */
int caller_is_alive(const struct caller *caller);

/* The `caller` object of a record: uid, gid, pid, identity, and user, unit, slice, cgroup where
 * known. Bytes of a path that are not UTF-8 or are control characters become '?'. NULL without
 * memory. */
json_t *caller_to_json(const struct caller *caller) _must_use_;

/* Unit and slice out of the text of /proc/PID/cgroup (cgroup v2 line "0::", else v1
 * "name=systemd"). Pure. -EBADMSG when there is no such line; a path in no unit leaves @unit empty.
 */
int caller_parse_cgroup(struct view text, char cgroup[CALLER_PATH_MAX], char unit[CALLER_NAME_MAX],
                        char slice[CALLER_NAME_MAX]) _must_use_;

/* Start time out of the text of /proc/PID/stat, parsed from the last ')'. -EBADMSG. */
int caller_parse_stat(struct view text, uint64_t *ret_start_ticks) _must_use_;
