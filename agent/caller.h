/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Who is at the other end of a connection, as the kernel and PID 1 say it: never as the caller says
 * it.
 *
 * uid, gid and pid are those of the process that connected. The unit is the first *.service or
 * *.scope below the slices of its cgroup path, counted from the root, so that nothing inside a
 * delegated cgroup can pose as another unit; container, pod and job are read off the path in the
 * same way. The connected descriptor can be handed on, so caller_is_alive() is asked before each
 * request, and caller_receive() tells who sends.
 */

#include <sys/types.h>

#include "lib/json.h"

#define CALLER_GROUPS_MAX 256
#define CALLER_PATH_MAX   1024
#define CALLER_NAME_MAX   256
#define CALLER_ID_SIZE    80 /* of a container, pod or job */
#define CALLER_INVOCATION 33 /* 32 hex digits */

/* Where a process runs, as its control groups say. Empty: in none, or not known. */
struct caller_place {
        char cgroup[CALLER_PATH_MAX];
        char unit[CALLER_NAME_MAX];
        char slice[CALLER_NAME_MAX];
        char container[CALLER_ID_SIZE]; /* 64 hex digits */
        char pod[CALLER_ID_SIZE];       /* UID of a Kubernetes pod */
        char job[CALLER_ID_SIZE];       /* of Slurm, decimal */
};

/* Whether the caller's user namespace is the agent's own: in another one it may be root, and say
 * for its process what root may say. */
enum caller_namespace {
        CALLER_NAMESPACE_OURS,
        CALLER_NAMESPACE_OTHER,
        CALLER_NAMESPACE_UNKNOWN,
};

struct caller {
        uid_t uid;
        gid_t gid;
        pid_t pid;
        gid_t groups[CALLER_GROUPS_MAX]; /* supplementary groups, as many as fit */
        size_t group_count;
        int pidfd;            /* -1 where none could be had */
        uint64_t start_ticks; /* field 22 of /proc/PID/stat, to notice a pid used again */
        int by_pidfd; /* "pidfd": the kernel tied identity and process; else "best-effort" */
        char user[CALLER_NAME_MAX]; /* empty when the uid has no name */
        struct caller_place place;
        char invocation[CALLER_INVOCATION]; /* of the unit; empty when not known */
        enum caller_namespace user_namespace;
};

/* Where the kernel and the service manager tell about processes and units. */
struct caller_folders {
        const char *proc;  /* "/proc" */
        const char *units; /* "/run/systemd/units" */
};

/* Identifies the peer of a connected Unix socket. -EPERM, with the reason, for peers that must be
 * refused: uid 65534 (not mapped into our user namespace), no pid (another pid namespace); -ESRCH:
 * the peer is gone; else the errno of getsockopt(). What has been found out is in @ret in any case,
 * for the record; only after success is there something to be freed. */
int caller_identify(int fd, struct caller *ret, struct problem *problem) _must_use_;

void caller_done(struct caller *caller);

/* Whether the process that connected still exists (and is the same). */
int caller_is_alive(const struct caller *caller);

/* As recv(), from a socket that caller_watch_senders() was called for, or that was accepted from
 * one. @ret_sender is the process that sent these bytes, which are never of two; 0 when it has no
 * pid here. Descriptors that were sent along are thrown away. */
ssize_t caller_receive(int fd, void *room, size_t size, pid_t *ret_sender) _must_use_;
int caller_watch_senders(int fd) _must_use_;

/* Place, invocation and user namespace of the process caller->pid. It must be known to be the
 * caller afterwards, too. What cannot be read is not known. -ENOMEM. */
int caller_read_place(const struct caller_folders *folders, struct caller *caller) _must_use_;

/* The `caller` object of a record: uid, gid, pid, identity, and all else as far as known. Bytes of
 * a path that are not UTF-8 or are control characters become '?'. NULL without memory. */
json_t *caller_to_json(const struct caller *caller) _must_use_;

/* The place out of the text of /proc/PID/cgroup. The unit's hierarchy is that of cgroup v2, line
 * "0::", unless the process is in its root and there is a v1 line "name=systemd". A Slurm job is
 * also looked for in the other v1 lines. Pure. -EBADMSG when there is no such line; a path in no
 * unit leaves @unit empty. */
int caller_parse_cgroup(struct view text, struct caller_place *ret) _must_use_;

/* Start time out of the text of /proc/PID/stat, parsed from the last ')'. -EBADMSG. */
int caller_parse_stat(struct view text, uint64_t *ret_start_ticks) _must_use_;
