/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent.h"
#include "cli/key.h"
#include "cli/option.h"
#include "cli/output.h"

enum { OPTION_TOKEN, OPTION_ALGORITHM, OPTION_OVERLAP, OPTION_ID };

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        const char *name = invocation->operands[0];

        if (key_check_name(name, problem) < 0)
                return ANSWER_UNKNOWN;
        return key_call(invocation, ADMIN ".RotateKey",
                        json_pack("{s:s, s:s*, s:s*, s:s*, s:s*}", "name", name, "token",
                                  option_value(invocation, OPTION_TOKEN), "algorithm",
                                  option_value(invocation, OPTION_ALGORITHM), "overlap",
                                  option_value(invocation, OPTION_OVERLAP), "id",
                                  option_value(invocation, OPTION_ID)),
                        "rotated: from now on signs", problem);
}

const struct verb verb_key_rotate = {
        .group = "key",
        .name = "rotate",
        .operands = "NAME",
        .help = "make a new version of a key, which signs from then on",
        .operands_min = 1,
        .operands_max = 1,
        .options =
                {
                        [OPTION_TOKEN] = {"token", "t", "TOKEN",
                                          "make it in that token instead of the one before"},
                        [OPTION_ALGORITHM] = {"algorithm", "a", "ALGORITHM",
                                              "with that algorithm instead of the one before",
                                              .words = key_algorithms},
                        [OPTION_OVERLAP] = {"overlap", NULL, "DURATION",
                                            "let the version before go on for so long, for who "
                                            "names it"},
                        [OPTION_ID] = {"id", "i", "ID",
                                       "name the request: once more, it is only answered"},
                },
        .run = run,
};
