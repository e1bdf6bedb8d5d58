/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/confirm.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum answer confirm(int yes, const char *question, struct problem *problem)
{
        char line[16] = "";

        if (yes)
                return ANSWER_YES;
        if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
                (void)problem_set(problem, -EINVAL,
                                  "%s Without a terminal to ask on, --yes says that it is meant",
                                  question);
                return ANSWER_UNKNOWN;
        }
        (void)fprintf(stderr, "%s Type yes to go on: ", question);
        if (fgets(line, sizeof(line), stdin) && string_equal(line, "yes\n"))
                return ANSWER_YES;
        (void)problem_set(problem, -EPERM, "nothing was done");
        return ANSWER_NO;
}
