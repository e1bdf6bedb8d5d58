/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/key.h"

#include <errno.h>

#include "cli/agent.h"
#include "cli/output.h"

/* The names of lib/algorithm.h; the test cli-usage compares, as it does the purposes. */
const char *const key_algorithms[] = {
        "ecdsa-p256",   "ecdsa-p384",   "rsa-2048", "rsa-3072",
        "rsa-2048-pss", "rsa-3072-pss", "ed25519",  NULL,
};

const char *const key_purposes[] = {"general", "model", "dataset", "provenance", "log", NULL};

int key_check_name(const char *name, struct problem *problem)
{
        if (key_name_is_valid(name))
                return 0;
        return problem_set(problem, -EINVAL,
                           "key name \"%.80s\": expected 1 to %d of the characters a-z A-Z 0-9 . _ "
                           "- beginning with a letter or digit",
                           name, KEY_NAME_MAX);
}

void key_put_line(struct buf *buf, const struct keyring_key *key)
{
        const char *transparency = key_transparency_name(key->transparency);
        const char *home = key->imported[0] ? "imported, in no token here" : key->token;
        char fingerprint[HEX_SIZE(SHA256_SIZE)];

        (void)hex_encode(sha256_view(pubkey_fingerprint(key->pubkey)), fingerprint);
        buf_put_format(buf, "key %s version %u (%s, purpose %s, %s%s%s%s), SHA-256 %s\n", key->name,
                       key->version, key->algorithm->name, key_purpose_name(key->purpose),
                       key->imported[0] ? "" : "token ", home,
                       transparency ? ", transparency " : "", transparency ? transparency : "",
                       fingerprint);
}

static int print(const struct keyring_key *key, const char *done, int json, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};

        if (json)
                return output_write_json(keyring_key_to_json(key), problem);
        buf_put_format(&text, "%s ", done);
        key_put_line(&text, key);
        return output_write(&text, problem);
}

enum answer key_call(const struct invocation *invocation, const char *method, json_t *parameters,
                     const char *done, struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        _cleanup_(keyring_key_done) struct keyring_key key = {};
        enum answer answer =
                agent_call(invocation->admin_socket, method, parameters, &reply, problem);
        int r;

        if (answer != ANSWER_YES)
                return answer;
        r = agent_read_key(&reply, invocation->operands[0], &key, problem);
        if (r == 0)
                r = print(&key, done, invocation->json, problem);
        return answer_of(r, problem);
}

int key_parse_version(const char *text, uint32_t *ret, struct problem *problem)
{
        uint64_t value = 0;

        *ret = 0;
        if (!text)
                return 0;
        if (view_parse_decimal(view_string(text), &value) < 0 || value < 1 || value > UINT32_MAX)
                return problem_set(problem, -EINVAL,
                                   "version: expected a number from 1, found "
                                   "\"%.40s\"",
                                   text);
        *ret = (uint32_t)value;
        return 0;
}
