/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/caller.h"
#include "tests/test.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PEER_PIDFD 77

/* A kernel other than the one we run on. The linker puts these in front of the real calls. */
static struct {
        int no_peer_pidfd; /* before 6.5 */
        int no_pidfd_open; /* before 5.3 */
        struct ucred *credentials;
} kernel;

int __real_getsockopt(int fd, int level, int name, void *value, socklen_t *size);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size);
long __wrap_syscall(long number, ...);

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
        if (name == PEER_PIDFD && kernel.no_peer_pidfd) {
                errno = ENOPROTOOPT;
                return -1;
        }
        if (name == SO_PEERCRED && kernel.credentials) {
                memcpy(value, kernel.credentials, sizeof(*kernel.credentials));
                return 0;
        }
        return __real_getsockopt(fd, level, name, value, size);
}

/* caller.c calls nothing but pidfd_open this way. */
long __wrap_syscall(long number, ...)
{
        va_list arguments;
        pid_t pid;

        assert(number == SYS_pidfd_open);
        va_start(arguments, number);
        pid = va_arg(arguments, pid_t);
        va_end(arguments);
        if (!kernel.no_pidfd_open)
                return pidfd_open(pid, 0);
        errno = ENOSYS;
        return -1;
}

static void make_pair(int pair[2])
{
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                abort();
}

static void test_own_identity(void)
{
        _cleanup_(caller_done) struct caller caller = {.pidfd = -1};
        struct problem problem = {};
        int pair[2];

        make_pair(pair);
        expect_integer(caller_identify(pair[0], &caller, &problem), 0);
        expect_text(view_string(problem.text), "");
        expect_integer(caller.uid, geteuid());
        expect_integer(caller.gid, getegid());
        expect_integer(caller.pid, getpid());
        expect(caller.start_ticks > 0);
        expect(caller.pidfd >= 0);
        expect(caller_is_alive(&caller));
        expect_integer(caller.group_count, getgroups(0, NULL));
        if (geteuid() == 0)
                expect_text(view_string(caller.user), ""); /* not looked up for each */
        (void)close(pair[0]);
        (void)close(pair[1]);
}

static void test_no_socket(void)
{
        struct caller caller;

        expect_integer(caller_identify(STDERR_FILENO, &caller, NULL), -ENOTSOCK);
        expect_integer(caller_identify(-1, &caller, NULL), -EBADF);
}

/* A child that connects and leaves the descriptor, still open, to its parent. */
struct child {
        pid_t pid;
        int pair[2]; /* made by the child */
        int release; /* when closed, the child ends */
};

static void send_fds(int through, const int fds[2])
{
        union {
                struct cmsghdr head;
                char room[CMSG_SPACE(2 * sizeof(int))];
        } control = {};
        struct iovec byte = {.iov_base = &(char){0}, .iov_len = 1};
        struct msghdr message = {.msg_iov = &byte,
                                 .msg_iovlen = 1,
                                 .msg_control = &control,
                                 .msg_controllen = sizeof(control)};

        control.head.cmsg_level = SOL_SOCKET;
        control.head.cmsg_type = SCM_RIGHTS;
        control.head.cmsg_len = CMSG_LEN(2 * sizeof(int));
        memcpy(CMSG_DATA(&control.head), fds, 2 * sizeof(int));
        if (sendmsg(through, &message, 0) != 1)
                _exit(1);
}

static void receive_fds(int through, int fds[2])
{
        union {
                struct cmsghdr head;
                char room[CMSG_SPACE(2 * sizeof(int))];
        } control = {};
        char byte;
        struct iovec part = {.iov_base = &byte, .iov_len = 1};
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = &control,
                                 .msg_controllen = sizeof(control)};

        if (recvmsg(through, &message, MSG_CMSG_CLOEXEC) != 1)
                abort();
        memcpy(fds, CMSG_DATA(&control.head), 2 * sizeof(int));
}

static struct child start_child(void)
{
        struct child child;
        int link[2], pair[2];
        char byte;

        make_pair(link);
        child.pid = fork();
        if (child.pid < 0)
                abort();
        if (child.pid == 0) {
                (void)close(link[0]);
                make_pair(pair);
                send_fds(link[1], pair);
                _exit(read(link[1], &byte, 1) == 0 ? 0 : 1);
        }
        (void)close(link[1]);
        receive_fds(link[0], child.pair);
        child.release = link[0];
        return child;
}

/* Until it is a zombie, which is as dead as others see it, or until it is gone. */
static void end_child(struct child *child, int reap)
{
        siginfo_t info;

        (void)close(child->release);
        if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | (reap ? 0 : WNOWAIT)) < 0)
                abort();
        expect_integer(info.si_status, 0);
}

static void child_done(struct child *child)
{
        (void)close(child->pair[0]);
        (void)close(child->pair[1]);
}

/* The descriptor is now ours, and usable; whoever connected is not alive any more. */
static void test_handed_over(void)
{
        _cleanup_(caller_done) struct caller caller = {.pidfd = -1};
        _cleanup_(child_done) struct child child = start_child();
        struct caller late = {.pidfd = -1};
        struct problem problem = {};
        char byte = 'x';

        expect_integer(caller_identify(child.pair[0], &caller, &problem), 0);
        expect_integer(caller.pid, child.pid);
        expect(caller_is_alive(&caller));
        end_child(&child, 0);
        expect(!caller_is_alive(&caller));
        end_child(&child, 1);
        expect(!caller_is_alive(&caller));
        expect_integer(write(child.pair[1], &byte, 1), 1);
        expect_integer(caller_identify(child.pair[0], &late, &problem), -ESRCH);
        expect_text(view_string(problem.text), "the process that connected has ended");
}

/* Where there are no pidfds, the start time tells a pid used again. */
static void test_without_pidfd(void)
{
        _cleanup_(caller_done) struct caller caller = {.pidfd = -1};
        _cleanup_(child_done) struct child child = start_child();

        expect_integer(caller_identify(child.pair[0], &caller, NULL), 0);
        (void)close(caller.pidfd);
        caller.pidfd = -1;
        expect(caller_is_alive(&caller));
        caller.start_ticks--;
        expect(!caller_is_alive(&caller));
        caller.start_ticks++;
        end_child(&child, 1);
        expect(!caller_is_alive(&caller));
}

/* By pid and start time, with a pidfd of our own if there is one. */
static void expect_best_effort(void)
{
        _cleanup_(caller_done) struct caller caller = {.pidfd = -1};
        _cleanup_(child_done) struct child child = start_child();
        struct caller late = {.pidfd = -1};

        expect_integer(caller_identify(child.pair[0], &caller, NULL), 0);
        expect(!caller.by_pidfd);
        expect_integer(caller.pidfd >= 0, !kernel.no_pidfd_open);
        expect_integer(caller.pid, child.pid);
        expect(caller_is_alive(&caller));
        end_child(&child, 1);
        expect(!caller_is_alive(&caller));
        expect_integer(caller_identify(child.pair[0], &late, NULL), -ESRCH);
}

static void test_older_kernels(void)
{
        kernel.no_peer_pidfd = 1;
        test_label = "before 6.5";
        expect_best_effort();
        kernel.no_pidfd_open = 1;
        test_label = "before 5.3";
        expect_best_effort();
        kernel.no_peer_pidfd = kernel.no_pidfd_open = 0;
        test_label = "";
}

static void test_refused_peers(void)
{
        static const struct {
                struct ucred credentials;
                const char *message;
        } rows[] = {
                {{1, 65534, 5},
                 "expected a caller with a uid of its own, found uid 65534, which stands for all "
                 "that a user namespace does not map"},
                {{0, 5, 5}, "expected a caller with a pid, found one of another pid namespace"},
        };
        int pair[2];

        make_pair(pair);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct ucred credentials = rows[i].credentials;
                struct caller caller = {.pidfd = -1};
                struct problem problem = {};

                kernel.credentials = &credentials;
                expect_integer(caller_identify(pair[0], &caller, &problem), -EPERM);
                expect_text(view_string(problem.text), rows[i].message);
                expect_integer(caller.uid, rows[i].credentials.uid); /* for the record */
                expect_integer(caller.pidfd, -1);
        }
        kernel.credentials = NULL;
        (void)close(pair[0]);
        (void)close(pair[1]);
}

static void expect_json(const struct caller *caller, const char *expected)
{
        _cleanup_(buf_done) struct buf text = {};
        json_t *object = caller_to_json(caller);

        expect(object != NULL);
        json_put(&text, object);
        expect_text(buf_view(&text), expected);
        json_decref(object);
}

static void test_json(void)
{
        struct caller caller = {.uid = 4294967294, .gid = 2, .pid = 3, .by_pidfd = 1};

        expect_json(&caller, "{\"gid\":2,\"identity\":\"pidfd\",\"pid\":3,\"uid\":4294967294}");
        caller = (struct caller){
                .uid = 1,
                .gid = 2,
                .pid = 3,
                .user = "a",
                .place = {.unit = "u.service",
                          .slice = "s.slice",
                          .job = "4711",
                          .pod = "p",
                          .container = "c",
                          .cgroup = "/s.slice/\xff\x1b\xc2\x9b\xc3\xa4/\xe2\x82"},
                .invocation = "0123",
                .user_namespace = CALLER_NAMESPACE_OTHER,
        };
        expect_json(&caller,
                    "{\"cgroup\":\"/s.slice/????\xc3\xa4/??\",\"container\":\"c\",\"gid\":2,"
                    "\"identity\":\"best-effort\",\"invocation\":\"0123\","
                    "\"job\":\"4711\",\"pid\":3,\"pod\":\"p\","
                    "\"slice\":\"s.slice\",\"uid\":1,\"unit\":\"u.service\","
                    "\"user\":\"a\",\"userNamespace\":\"other\"}");
}

int main(void)
{
        test_own_identity();
        test_no_socket();
        test_handed_over();
        test_without_pidfd();
        test_older_kernels();
        test_refused_peers();
        test_json();
        return test_result();
}
