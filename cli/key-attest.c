/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>

#include "cli/agent.h"
#include "cli/key.h"
#include "cli/option.h"
#include "cli/output.h"
#include "lib/attestation.h"
#include "lib/challenge.h"
#include "lib/file.h"

enum { OPTION_VERSION, OPTION_NONCE, OPTION_CHALLENGE, OPTION_OUTPUT, OPTION_ID };

/* It goes to the agent as it is, once it is one. */
static int load_challenge(const char *path, json_t **ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(CHALLENGE_TEXT_MAX);
        _cleanup_(challenge_done) struct challenge challenge = {};
        struct problem reason = {};
        int r;

        if (!path)
                return 0;
        r = file_read(AT_FDCWD, path, &text, problem);
        if (r < 0)
                return r;
        r = challenge_parse(buf_view(&text), &challenge, &reason);
        if (r == 0)
                r = json_parse_object(buf_view(&text), ret, &reason);
        return r < 0 ? problem_set(problem, r, "%s: %s", path, problem_text(&reason, r)) : 0;
}

static int print(const struct keyring_key *key, const char *output, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};
        int r;

        if (!key->evidence)
                return problem_set(problem, -EBADMSG, "agent: key %s: there is no evidence",
                                   key->name);
        r = attestation_put(&text, key);
        if (r == 0)
                r = output_write_file(output ? output : "-", buf_view(&text), problem);
        return r;
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        _cleanup_(keyring_key_done) struct keyring_key key = {};
        const char *name = invocation->operands[0];
        json_t *challenge = NULL;
        enum answer answer;
        uint32_t version = 0;
        int r = key_check_name(name, problem);

        if (r == 0)
                r = key_parse_version(option_value(invocation, OPTION_VERSION), &version, problem);
        if (r == 0)
                r = load_challenge(option_value(invocation, OPTION_CHALLENGE), &challenge, problem);
        if (r < 0)
                return answer_of(r, problem);
        answer = agent_call(invocation->admin_socket, ADMIN ".AttestKey",
                            json_pack("{s:s, s:I, s:s*, s:o*, s:s*}", "name", name, "version",
                                      (json_int_t)version, "nonce",
                                      option_value(invocation, OPTION_NONCE), "challenge",
                                      challenge, "id", option_value(invocation, OPTION_ID)),
                            &reply, problem);
        if (answer != ANSWER_YES)
                return answer;
        r = agent_read_key(&reply, name, &key, problem);
        if (r == 0)
                r = print(&key, option_value(invocation, OPTION_OUTPUT), problem);
        return answer_of(r, problem);
}

const struct verb verb_key_attest = {
        .group = "key",
        .name = "attest",
        .operands = "NAME",
        .help = "have the token say where a key is, for others to verify",
        .operands_min = 1,
        .operands_max = 1,
        .options =
                {
                        [OPTION_VERSION] = {"version", "n", "N",
                                            "that version instead of the active one"},
                        [OPTION_NONCE] = {"nonce", NULL, "HEX",
                                          "what the attestation is to answer to"},
                        [OPTION_CHALLENGE] = {"challenge", "c", "FILE",
                                              "answer a challenge of a verifier"},
                        [OPTION_OUTPUT] = {"output", "o", "FILE",
                                           "write there; - is standard output"},
                        [OPTION_ID] = {"id", "i", "ID",
                                       "name the request: once more, it is only answered"},
                },
        .run = run,
};
