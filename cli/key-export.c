/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/agent.h"
#include "cli/key.h"
#include "cli/option.h"
#include "cli/output.h"

enum { OPTION_VERSION, OPTION_KEYRING, OPTION_UNSIGNED, OPTION_OUTPUT };

/* The ring is checked before it replaces one that somebody relies on. */
static int put_ring(const struct varlink_reply *reply, struct buf *ret, struct problem *problem)
{
        static const struct json_member members[] = {{"keyRing", JSON_STRING, 1}};
        _cleanup_(keyring_done) struct keyring ring = {};
        int r = json_check_members(reply->parameters, "agent: reply", members, 1, problem);

        if (r < 0)
                return r;
        buf_put_string(ret, json_member_string(reply->parameters, "keyRing"));
        if (buf_error(ret))
                return buf_error(ret);
        r = keyring_parse(buf_view(ret), &ring, problem);
        return r < 0 ? problem_prefix(problem, r, "agent") : 0;
}

static enum answer fetch_ring(const struct invocation *invocation, struct buf *ret,
                              struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        enum answer answer = agent_call(invocation->socket, SIGNER ".GetKeyRing",
                                        option_value(invocation, OPTION_UNSIGNED)
                                                ? json_pack("{s:b}", "unsigned", 1)
                                                : json_object(),
                                        &reply, problem);

        if (answer != ANSWER_YES)
                return answer;
        return answer_of(put_ring(&reply, ret, problem), problem);
}

static enum answer fetch_key(const struct invocation *invocation, struct buf *ret,
                             struct problem *problem)
{
        _cleanup_(keyring_key_done) struct keyring_key key = {};
        uint32_t version = 0;
        enum answer answer;
        int r = key_check_name(invocation->operands[0], problem);

        if (r == 0)
                r = key_parse_version(option_value(invocation, OPTION_VERSION), &version, problem);
        if (r < 0)
                return ANSWER_UNKNOWN;
        answer = agent_get_key(invocation->socket, invocation->operands[0], version, &key, problem);
        if (answer == ANSWER_YES)
                pubkey_put_pem(key.pubkey, ret);
        return answer;
}

static int check(const struct invocation *invocation, struct problem *problem)
{
        int ring = option_value(invocation, OPTION_KEYRING) != NULL;

        if (ring == (invocation->operand_count > 0))
                return problem_set(problem, -EINVAL,
                                   "key export: expected either NAME or --keyring");
        if (ring && option_value(invocation, OPTION_VERSION))
                return problem_set(problem, -EINVAL, "key export: --version needs NAME");
        if (!ring && option_value(invocation, OPTION_UNSIGNED))
                return problem_set(problem, -EINVAL, "key export: --unsigned needs --keyring");
        return 0;
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};
        const char *output = option_value(invocation, OPTION_OUTPUT);
        enum answer answer;
        int r = check(invocation, problem);

        if (r < 0)
                return ANSWER_UNKNOWN;
        answer = option_value(invocation, OPTION_KEYRING) ? fetch_ring(invocation, &text, problem)
                                                          : fetch_key(invocation, &text, problem);
        if (answer != ANSWER_YES)
                return answer;
        r = buf_error(&text);
        if (r == 0)
                r = output_write_file(output ? output : "-", buf_view(&text), problem);
        return answer_of(r, problem);
}

const struct verb verb_key_export = {
        .group = "key",
        .name = "export",
        .operands = "[NAME]",
        .help = "write a public key as PEM, or the key ring",
        .operands_max = 1,
        .options =
                {
                        [OPTION_VERSION] = {"version", 0, "N",
                                            "that version instead of the active one"},
                        [OPTION_KEYRING] = {"keyring", "k", NULL,
                                            "the key ring, which verifiers trust"},
                        [OPTION_UNSIGNED] = {"unsigned", NULL, NULL,
                                             "the key ring without the log key's word for it"},
                        [OPTION_OUTPUT] = {"output", "o", "FILE",
                                           "write there; - is standard output"},
                },
        .run = run,
};
