/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/agent.h"
#include "cli/key.h"
#include "cli/option.h"

enum { OPTION_TOKEN, OPTION_ALGORITHM, OPTION_PURPOSE, OPTION_ID };

static json_t *parameters(const struct invocation *invocation)
{
        return json_pack("{s:s, s:s, s:s, s:s*, s:s*}", "name", invocation->operands[0], "token",
                         option_value(invocation, OPTION_TOKEN), "algorithm",
                         option_value(invocation, OPTION_ALGORITHM), "purpose",
                         option_value(invocation, OPTION_PURPOSE), "id",
                         option_value(invocation, OPTION_ID));
}

static int check(const struct invocation *invocation, struct problem *problem)
{
        if (!option_value(invocation, OPTION_TOKEN) || !option_value(invocation, OPTION_ALGORITHM))
                return problem_set(problem, -EINVAL,
                                   "key create: expected --token and --algorithm");
        return key_check_name(invocation->operands[0], problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        if (check(invocation, problem) < 0)
                return ANSWER_UNKNOWN;
        return key_call(invocation, ADMIN ".CreateKey", parameters(invocation), "created", problem);
}

const struct verb verb_key_create = {
        .group = "key",
        .name = "create",
        .operands = "NAME",
        .help = "make a key inside a token",
        .operands_min = 1,
        .operands_max = 1,
        .options =
                {
                        [OPTION_TOKEN] = {"token", "t", "TOKEN", "the token to make it in"},
                        [OPTION_ALGORITHM] = {"algorithm", "a", "ALGORITHM", "what it signs with",
                                              .words = key_algorithms},
                        [OPTION_PURPOSE] = {"purpose", "p", "PURPOSE", "what it is for",
                                            .words = key_purposes},
                        [OPTION_ID] = {"id", "i", "ID",
                                       "name the request: once more, it is only answered"},
                },
        .run = run,
};
