/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/envelope.h"

#include <errno.h>

#include "cli/output.h"
#include "lib/statement.h"

const char *const envelope_formats[] = {"dsse", "metablock", NULL};

enum in_toto_envelope_kind envelope_kind(const char *format)
{
        return format && string_equal(format, "metablock") ? IN_TOTO_METABLOCK : IN_TOTO_DSSE;
}

int envelope_write(const char *path, const struct in_toto_envelope *envelope,
                   struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(2 * IN_TOTO_SIZE_MAX);
        int r = in_toto_envelope_put(envelope, &text);

        return r < 0 ? r : output_write_file(path ? path : "-", buf_view(&text), problem);
}

static int digest_message(const struct signing *signing, const struct in_toto_envelope *envelope,
                          uint8_t ret[DIGEST_SIZE_MAX], size_t *ret_size)
{
        const struct view message = buf_view(&envelope->message);

        return digest_of_parts(signing->key.algorithm->hash, &message, 1, ret, ret_size);
}

/* A statement is handed to the agent as it is, which records what it says. */
static int put_statement(const struct in_toto_envelope *envelope, struct buf *ret)
{
        const char *type = json_member_string(envelope->payload, "_type");

        if (envelope->kind == IN_TOTO_DSSE && type && string_equal(type, STATEMENT_TYPE))
                json_put(ret, envelope->payload);
        return buf_error(ret);
}

static int add(const struct signing *signing, const struct in_toto_key *key, enum envelope_ids ids,
               struct in_toto_envelope *envelope)
{
        const struct view value = buf_view(&signing->value);
        char old[HEX_SIZE(SHA256_SIZE)];
        int r = in_toto_envelope_sign(envelope, ids == ENVELOPE_IDS ? key->id : "", value);

        if (r < 0 || ids != ENVELOPE_IDS || envelope->kind != IN_TOTO_METABLOCK)
                return r;
        r = in_toto_key_old_id(key, old);
        return r < 0 ? r : in_toto_envelope_sign(envelope, old, value);
}

enum answer envelope_sign(const struct invocation *invocation, const char *key_name,
                          enum envelope_ids ids, struct in_toto_envelope *envelope,
                          struct in_toto_key *ret_key, struct problem *problem)
{
        _cleanup_(signing_done) struct signing signing = {};
        _cleanup_(in_toto_key_done) struct in_toto_key key = {};
        _cleanup_(buf_done) struct buf statement = BUF_INIT(STATEMENT_SIZE_MAX);
        enum answer answer = signing_open(invocation, key_name, &signing, problem);
        uint8_t digest[DIGEST_SIZE_MAX];
        size_t size = 0;
        int r;

        if (answer != ANSWER_YES)
                return answer;
        r = in_toto_key_of(signing.key.pubkey, signing.key.algorithm, &key);
        if (r == -EOPNOTSUPP)
                r = problem_set(problem, r, "key %s: in-toto has no scheme for algorithm %s",
                                key_name, signing.key.algorithm->name);
        if (r == 0)
                r = digest_message(&signing, envelope, digest, &size);
        if (r == 0)
                r = put_statement(envelope, &statement);
        if (r < 0)
                return answer_of(r, problem);
        signing.digest = view_of(digest, size);
        signing.message = buf_view(&envelope->message);
        signing.statement = buf_view(&statement);
        answer = signing_run(invocation, &signing, problem);
        if (answer != ANSWER_YES)
                return answer;
        r = add(&signing, &key, ids, envelope);
        if (r == 0 && ret_key) {
                *ret_key = key;
                key = (struct in_toto_key){};
        }
        return answer_of(r, problem);
}
