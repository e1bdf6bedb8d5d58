/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/agent.h"
#include "cli/key.h"
#include "cli/option.h"
#include "cli/output.h"

enum { OPTION_TOKEN, OPTION_ALGORITHM, OPTION_PURPOSE };

static json_t *parameters(const struct invocation *invocation)
{
        return json_pack("{s:s, s:s, s:s, s:s*}", "name", invocation->operands[0], "token",
                         option_value(invocation, OPTION_TOKEN), "algorithm",
                         option_value(invocation, OPTION_ALGORITHM), "purpose",
                         option_value(invocation, OPTION_PURPOSE));
}

static int check(const struct invocation *invocation, struct problem *problem)
{
        if (!option_value(invocation, OPTION_TOKEN) || !option_value(invocation, OPTION_ALGORITHM))
                return problem_set(problem, -EINVAL,
                                   "key create: expected --token and --algorithm");
        return key_check_name(invocation->operands[0], problem);
}

static int print(const struct keyring_key *key, int json, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};

        if (json)
                return output_write_json(keyring_key_to_json(key), problem);
        buf_put_string(&text, "created ");
        key_put_line(&text, key);
        return output_write(&text, problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        _cleanup_(keyring_key_done) struct keyring_key key = {};
        enum answer answer;
        int r = check(invocation, problem);

        if (r < 0)
                return ANSWER_UNKNOWN;
        answer = agent_call(invocation->admin_socket, ADMIN ".CreateKey", parameters(invocation),
                            &reply, problem);
        if (answer != ANSWER_YES)
                return answer;
        r = agent_read_key(&reply, invocation->operands[0], &key, problem);
        if (r == 0)
                r = print(&key, invocation->json, problem);
        return answer_of(r, problem);
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
                },
        .run = run,
};
