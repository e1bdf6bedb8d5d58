/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Evidence of where keys are: what a `key.attest` record says that the token said is about that
 * key, answers to the nonce of that record, and is newer than what was recorded before. Whether
 * there is a TPM behind it, no record can show: lib/evidence-check.h.
 */

#include <errno.h>

#include "lib/evidence-check.h"
#include "lib/replay-rule.h"

/* The last attestation of a key. */
struct attested {
        int known;
        uint64_t index;
        uint32_t reset, restart;
        uint64_t clock;
        struct sha256 attestation;
};

struct attests {
        struct replay *replay;
        struct attested *keys; /* of the ring, in its order */
};

static void attests_free(void *state)
{
        struct attests *attests = state;

        if (attests)
                free(attests->keys);
        free(attests);
}

static int begin(struct replay *replay, void **ret_state)
{
        struct attests *attests = calloc(1, sizeof(*attests));

        *ret_state = attests;
        if (!attests)
                return -ENOMEM;
        attests->replay = replay;
        attests->keys = calloc(replay_ring(replay)->count + 1, sizeof(*attests->keys));
        return attests->keys ? 0 : -ENOMEM;
}

static int check_nonce(const struct record *record, const struct evidence *evidence,
                       const struct evidence_proof *proof, struct problem *problem)
{
        struct view hex = record_string(record, "nonce");
        uint8_t nonce[EVIDENCE_NONCE_MAX];
        size_t size = hex.size / 2;

        if (evidence->kind == EVIDENCE_PKCS11)
                return hex.data ? problem_set(problem, -EKEYREJECTED,
                                              "nonce: nothing that a PKCS#11 token says answers "
                                              "to one")
                                : 0;
        if (!hex.data || size < EVIDENCE_NONCE_MIN || size > EVIDENCE_NONCE_MAX ||
            hex_decode(hex, nonce, size) < 0)
                return problem_set(problem, -EBADMSG,
                                   "nonce: expected 8 to 32 bytes in hexadecimal");
        return evidence_check_nonce(evidence, proof, view_of(nonce, size), problem);
}

/* Resets are counted, restarts since the last one too, and the clock is never set back; all of that
 * as long as the key lives, since only what destroys it sets them to zero. */
static int is_before(const struct attested *a, const struct attested *b)
{
        if (a->reset != b->reset)
                return a->reset < b->reset;
        if (a->restart != b->restart)
                return a->restart < b->restart;
        return a->clock < b->clock;
}

static void check_order(struct attests *attests, const struct replay_leaf *leaf,
                        const struct keyring_key *key, const struct evidence *evidence,
                        const struct evidence_proof *proof)
{
        struct attested *last = &attests->keys[key - replay_ring(attests->replay)->keys];
        const struct attest_head *head = &proof->attest.head;
        const struct attested now = {
                .known = 1,
                .index = leaf->index,
                .reset = head->reset_count,
                .restart = head->restart_count,
                .clock = head->clock,
                .attestation = sha256_of(evidence_part(evidence, EVIDENCE_ATTESTATION)),
        };

        if (last->known &&
            view_equal(sha256_view(&last->attestation), sha256_view(&now.attestation)))
                replay_report_leaf(attests->replay, leaf,
                                   "key.attest: the attestation of record %llu again",
                                   (unsigned long long)last->index);
        else if (last->known && is_before(&now, last))
                replay_report_leaf(attests->replay, leaf,
                                   "key.attest: the attestation is older than that of record %llu",
                                   (unsigned long long)last->index);
        else
                *last = now;
}

static int take_evidence(struct attests *attests, const struct replay_leaf *leaf,
                         const struct keyring_key *key, const struct evidence *evidence,
                         struct problem *problem)
{
        _cleanup_(evidence_proof_done) struct evidence_proof proof = {};
        int r = evidence_check(evidence, key, &proof, problem);

        if (r == 0)
                r = check_nonce(leaf->record, evidence, &proof, problem);
        if (r == 0 && evidence->kind == EVIDENCE_TPM2)
                check_order(attests, leaf, key, evidence, &proof);
        return r;
}

static int take_attest(struct attests *attests, const struct replay_leaf *leaf)
{
        _cleanup_(evidence_done) struct evidence evidence;
        struct problem problem = {};
        struct record object;
        int r;

        evidence_init(&evidence);
        r = record_object(leaf->record, "evidence", &object);
        if (r == 0)
                r = evidence_parse(object.bytes, &evidence, &problem);
        if (r == 0)
                r = take_evidence(attests, leaf, leaf->key, &evidence, &problem);
        if (r == -ENOMEM || r == 0)
                return r;
        replay_report_leaf(attests->replay, leaf, "key.attest: %s", problem_text(&problem, r));
        return 0;
}

/* A key that is not in the ring, the rule of keys reports. */
static int take(void *state, const struct replay_leaf *leaf)
{
        return leaf->key && record_is(leaf->record, "key.attest") ? take_attest(state, leaf) : 0;
}

static int end(void *state)
{
        return 0;
}

static const struct field fields[] = {
        FIELD(struct attested, known, FIELD_FLAG),
        FIELD(struct attested, index, FIELD_NUMBER),
        FIELD(struct attested, reset, FIELD_WORD),
        FIELD(struct attested, restart, FIELD_WORD),
        FIELD(struct attested, clock, FIELD_NUMBER),
        FIELD(struct attested, attestation, FIELD_HASH),
};

static int save(const void *state, json_t *ret)
{
        const struct attests *attests = state;
        json_t *keys = json_array();
        int r = 0;

        if (json_object_set_new(ret, "keys", keys) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < replay_ring(attests->replay)->count && r == 0; i++) {
                json_t *object = json_object();

                if (json_array_append_new(keys, object) < 0)
                        return -ENOMEM;
                r = field_save(fields, ARRAY_SIZE(fields), &attests->keys[i], object);
        }
        return r;
}

static int restore(void *state, const json_t *saved, struct problem *problem)
{
        struct attests *attests = state;
        const json_t *keys = json_object_get(saved, "keys"), *object;
        int r = field_restore(NULL, 0, 1, saved, NULL, problem);
        size_t i;

        if (r < 0)
                return r;
        if (!json_is_array(keys) || json_array_size(keys) != replay_ring(attests->replay)->count)
                return problem_set(problem, -EBADMSG,
                                   "expected the last attestation of each key of the ring");
        json_array_foreach (keys, i, object) {
                r = field_restore(fields, ARRAY_SIZE(fields), 0, object, &attests->keys[i],
                                  problem);
                if (r < 0)
                        return r;
        }
        return 0;
}

REPLAY_RULE(attest, begin, take, end, attests_free, save, restore);
