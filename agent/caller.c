/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/caller.h"
#include "lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

#define OVERFLOW_UID  65534 /* what the kernel shows for a uid that has no mapping here */
#define PROC_FILE_MAX ((size_t)65536)

static const struct caller_folders folders = {"/proc", "/run/systemd/units"};

/* -ESRCH when there is no such process. */
static int read_start(pid_t pid, uint64_t *ret)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(PROC_FILE_MAX);
        char path[64];
        int r;

        (void)snprintf(path, sizeof(path), "/proc/%d/stat", pid); /* fits any number */
        r = file_read(AT_FDCWD, path, &text, NULL);
        if (r == -ENOENT)
                return -ESRCH;
        return r < 0 ? r : caller_parse_stat(buf_view(&text), ret);
}

int caller_is_alive(const struct caller *caller)
{
        struct pollfd poll_fd = {.fd = caller->pidfd, .events = POLLIN};
        uint64_t start;

        if (caller->pidfd >= 0)
                return poll(&poll_fd, 1, 0) == 0; /* readable once the process has ended */
        return read_start(caller->pid, &start) == 0 && start == caller->start_ticks;
}

/* The start time is read before and after, so that the descriptor is of the process it is said to
 * be of. Without pidfds, start time and pid must do. */
static int open_pidfd(struct caller *caller)
{
        uint64_t again;
        int r;

        r = read_start(caller->pid, &caller->start_ticks);
        if (r < 0)
                return r;
        caller->pidfd = (int)syscall(SYS_pidfd_open, caller->pid, 0);
        if (caller->pidfd < 0)
                return errno == ESRCH ? -ESRCH : 0;
        r = read_start(caller->pid, &again);
        if (r < 0)
                return r;
        return again == caller->start_ticks && caller_is_alive(caller) ? 0 : -ESRCH;
}

static int get_pidfd(int fd, struct caller *caller)
{
        socklen_t size = sizeof(caller->pidfd);
        int r;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &caller->pidfd, &size) < 0) {
                caller->pidfd = -1;
                if (errno == ENOPROTOOPT)
                        return open_pidfd(caller);
                /* How kernels of different ages say that the peer is gone. */
                return errno == EINVAL || errno == ENODATA ? -ESRCH : -errno;
        }
        caller->by_pidfd = 1;
        if (!caller_is_alive(caller))
                return -ESRCH;
        r = read_start(caller->pid, &caller->start_ticks);
        return r < 0 && caller_is_alive(caller) ? 0 : r; /* hidden from us: the pidfd will do */
}

/* Groups past the limit are left out: a caller is then refused, never let in. */
static int get_groups(int fd, struct caller *caller)
{
        socklen_t size = sizeof(caller->groups);
        _cleanup_(freep) gid_t *all = NULL;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, caller->groups, &size) == 0) {
                caller->group_count = size / sizeof(gid_t);
                return 0;
        }
        if (errno != ERANGE)
                return -errno;
        all = malloc(size);
        if (!all)
                return -ENOMEM;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, all, &size) < 0)
                return -errno;
        memcpy(caller->groups, all, sizeof(caller->groups));
        caller->group_count = CALLER_GROUPS_MAX;
        return 0;
}

/* What was read is the caller's if it is still alive afterwards: until then its pid is its own. */
static int get_place(struct caller *caller)
{
        int r = caller_read_place(&folders, caller);

        return caller_is_alive(caller) ? r : -ESRCH;
}

static int get_credentials(int fd, struct caller *caller, struct problem *problem)
{
        struct ucred credentials;
        socklen_t size = sizeof(credentials);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
                return -errno;
        caller->uid = credentials.uid;
        caller->gid = credentials.gid;
        caller->pid = credentials.pid;
        if (caller->uid == OVERFLOW_UID || caller->uid == (uid_t)-1)
                return problem_set(problem, -EPERM,
                                   "expected a caller with a uid of its own, found uid %u, which "
                                   "stands for all that a user namespace does not map",
                                   caller->uid);
        if (caller->pid <= 0)
                return problem_set(problem, -EPERM,
                                   "expected a caller with a pid, found one of another pid "
                                   "namespace");
        return 0;
}

static int identify(int fd, struct caller *caller, struct problem *problem)
{
        int r;

        r = get_credentials(fd, caller, problem);
        if (r == 0)
                r = get_pidfd(fd, caller);
        if (r == 0)
                r = get_groups(fd, caller);
        if (r == 0)
                r = get_place(caller);
        if (r == -ESRCH)
                return problem_set(problem, r, "the process that connected has ended");
        return r;
}

int caller_identify(int fd, struct caller *ret, struct problem *problem)
{
        _cleanup_(caller_done) struct caller caller = {.pidfd = -1};
        int r;

        r = identify(fd, &caller, problem);
        *ret = caller;
        if (r < 0)
                ret->pidfd = -1;
        else
                caller.pidfd = -1;
        return r;
}

int caller_watch_senders(int fd)
{
        const int yes = 1;

        return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) < 0 ? -errno : 0;
}

/* The kernel ends what it gives at once where the sender changes, once it is to tell of senders
 * (unix_stream_read_generic()). There is room for credentials and for nothing else, so descriptors
 * are thrown away. */
ssize_t caller_receive(int fd, void *room, size_t size, pid_t *ret_sender)
{
        union {
                struct cmsghdr head;
                char room[CMSG_SPACE(sizeof(struct ucred))];
        } control = {};
        struct iovec part = {.iov_base = room, .iov_len = size};
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = &control,
                                 .msg_controllen = sizeof(control)};
        struct ucred sender = {};
        ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        const struct cmsghdr *head = got < 0 ? NULL : CMSG_FIRSTHDR(&message);

        if (got < 0)
                return -errno;
        if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_CREDENTIALS &&
            head->cmsg_len == CMSG_LEN(sizeof(sender)))
                memcpy(&sender, CMSG_DATA(head), sizeof(sender));
        *ret_sender = sender.pid;
        return got;
}

void caller_done(struct caller *caller)
{
        if (!caller)
                return;
        if (caller->pidfd > 0)              /* 0 is what a zeroed struct has, and is never ours */
                (void)close(caller->pidfd); /* was only ever polled */
        caller->pidfd = -1;
}
