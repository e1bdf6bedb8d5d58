/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>

#define SIGNALLED 128

extern char **environ;

int command_run(char *const *words, struct problem *problem)
{
        pid_t pid;
        int status, r = -posix_spawnp(&pid, words[0], NULL, NULL, words, environ);

        if (r < 0)
                return problem_set(problem, r, "%.200s: %s", words[0], strerror(-r));
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return problem_set(problem, -errno, "%.200s: %s", words[0],
                                           strerror(errno));
        return WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALLED + WTERMSIG(status);
}
