/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/logged.h"

#include <errno.h>
#include <stdio.h>

#include "lib/base64.h"
#include "lib/record.h"

void logged_done(struct logged *logged)
{
        if (!logged)
                return;
        json_decref(logged->digests);
        logged->digests = NULL;
}

/* The record has been verified: its members are there and right. */
static int take_signature(const json_t *record, const struct keyring_key *key, struct bundle *ret,
                          struct problem *problem)
{
        int r;

        ret->hash = key->algorithm->hash;
        ret->digest_size = key->algorithm->digest_size;
        ret->signature.limit = SPKI_SIZE_MAX;
        r = digest_parse(json_member_string(record, "digest"), key->algorithm, ret->digest,
                         problem);
        if (r == 0)
                r = base64_decode(&ret->signature,
                                  view_string(json_member_string(record, "signature")));
        return r;
}

static int open_proof(struct view text, const struct keyring *ring, struct logged *ret,
                      json_t **ret_record, struct problem *problem)
{
        _cleanup_(tlog_proof_done) struct tlog_proof proof = {};
        const struct keyring_key *log_key = NULL;
        struct checkpoint checkpoint = {};
        int r = tlog_proof_parse(text, &proof, problem);

        if (r == 0)
                r = tlog_proof_verify(&proof, ring, &checkpoint, &log_key, problem);
        if (r == 0)
                r = record_parse(buf_view(&proof.extra), ret_record, problem);
        if (r < 0)
                return r;
        *ret = (struct logged){.index = proof.index, .size = checkpoint.size, .log_key = log_key};
        (void)snprintf(ret->time, sizeof(ret->time), "%s", json_member_string(*ret_record, "time"));
        return 0;
}

int logged_verify(struct view text, const struct keyring *ring, struct logged *ret,
                  struct bundle *ret_signature, struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *record = NULL;
        struct logged logged = {};
        const char *type;
        int r, is_sign;

        r = open_proof(text, ring, &logged, &record, problem);
        if (r < 0)
                return r == -ENOMEM ? r : -EKEYREJECTED;
        type = json_member_string(record, "type");
        is_sign = record_type_signs(type);
        if (!is_sign && !string_equal(type, "sign.logged"))
                return problem_set(problem, -EKEYREJECTED,
                                   "proof: of a record of type %s, which is of no signature", type);
        r = record_verify(record, ring, problem);
        if (r < 0)
                return r == -ENOMEM ? r : -EKEYREJECTED;
        logged.key = keyring_find(ring, json_member_string(record, "key"),
                                  (uint32_t)json_member_integer(record, "version", 0));
        if (is_sign)
                r = take_signature(record, logged.key, ret_signature, problem);
        else
                logged.digests = json_incref(json_object_get(record, "digests"));
        if (r < 0)
                return r == -ENOMEM ? r : -EKEYREJECTED;
        *ret = logged;
        return 0;
}

int logged_has(const struct logged *logged, struct view digest)
{
        _cleanup_(buf_done) struct buf text = {};
        const json_t *one;
        size_t i;

        digest_put(&text, logged->key->algorithm->hash, digest);
        json_array_foreach (logged->digests, i, one)
                if (view_equal(buf_view(&text),
                               view_of(json_string_value(one), json_string_length(one))))
                        return 1;
        return 0;
}
