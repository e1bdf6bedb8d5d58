/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "cli/help.h"
#include "cli/option.h"

static enum answer print_version(struct problem *problem)
{
        if (puts("hallmark " HALLMARK_VERSION) >= 0 && fflush(stdout) == 0)
                return ANSWER_YES;
        (void)problem_set(problem, -errno, "standard output: %s", strerror(errno));
        return ANSWER_UNKNOWN;
}

static enum answer run(int argc, char **argv, struct problem *problem)
{
        _cleanup_(invocation_done) struct invocation invocation = {};
        int r = invocation_parse(argc, argv, &invocation, problem);

        if (r < 0) {
                (void)problem_set(problem, r, "%s", strerror(-r));
                return ANSWER_UNKNOWN;
        }
        if (invocation.version)
                return print_version(problem);
        if (invocation.help)
                return help_print(invocation.verb, problem);
        return invocation.verb->run(&invocation, problem);
}

int main(int argc, char **argv)
{
        struct problem problem = {};
        enum answer answer = run(argc, argv, &problem);

        if (answer != ANSWER_YES)
                (void)fprintf(stderr, "hallmark: %s\n",
                              problem.text[0] ? problem.text : "out of memory");
        return (int)answer;
}
