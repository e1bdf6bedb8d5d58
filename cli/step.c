/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/step.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

/* What may end a step. Those of a terminal reach it without us. */
static const int passed[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2};

/* All that is not ignored, as a shell does it: what nohup protects stays protected. SIGCHLD is ours
 * to have changed, and only its default makes sense. */
static void find_defaults(sigset_t *ret)
{
        (void)sigfillset(ret);
        for (int number = 1; number < NSIG; number++) {
                struct sigaction action;

                if (number != SIGCHLD && sigaction(number, NULL, &action) == 0 &&
                    action.sa_handler == SIG_IGN)
                        (void)sigdelset(ret, number);
        }
}

static int spawn(const char *const *words, const sigset_t *mask, pid_t *ret)
{
        posix_spawnattr_t attributes;
        sigset_t defaults;
        int r = posix_spawnattr_init(&attributes);

        if (r != 0)
                return -r;
        find_defaults(&defaults);
        r = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        if (r == 0)
                r = posix_spawnattr_setsigmask(&attributes, mask);
        if (r == 0)
                r = posix_spawnattr_setsigdefault(&attributes, &defaults);
        if (r == 0) /* it changes neither the array nor the words */
                r = posix_spawnp(ret, words[0], NULL, &attributes, (char *const *)(uintptr_t)words,
                                 environ);
        (void)posix_spawnattr_destroy(&attributes); /* has nothing that could be lost */
        return -r;
}

/* 1 and the status once it has ended; 0 before that. */
static int has_ended(pid_t pid, int *ret_status)
{
        int status;

        if (waitpid(pid, &status, WNOHANG) != pid)
                return 0;
        *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return 1;
}

static void wait_for(pid_t pid, const sigset_t *watched, int *ret_status)
{
        while (!has_ended(pid, ret_status)) {
                siginfo_t info;
                int number = sigwaitinfo(watched, &info);

                if (number > 0 && number != SIGCHLD && info.si_code != SI_KERNEL)
                        (void)kill(pid, number); /* it may have ended, which is seen next */
        }
}

int step_run(const char *const *words, int *ret_status, struct problem *problem)
{
        sigset_t watched, before;
        pid_t pid;
        int r;

        (void)signal(SIGCHLD, SIG_DFL); /* or nobody would be told how it ended */
        (void)sigemptyset(&watched);
        (void)sigaddset(&watched, SIGCHLD);
        for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
                (void)sigaddset(&watched, passed[i]);
        if (sigprocmask(SIG_BLOCK, &watched, &before) < 0)
                return -errno;
        r = spawn(words, &before, &pid);
        if (r == 0)
                wait_for(pid, &watched, ret_status);
        if (sigprocmask(SIG_SETMASK, &before, NULL) < 0 && r == 0)
                r = -errno;
        return r < 0 ? problem_set(problem, r, "%s: %s", words[0], strerror(-r)) : 0;
}
