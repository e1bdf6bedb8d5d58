/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/anchor.h"

#include <errno.h>
#include <stdio.h>

/* COUNTER, AUTHWRITE, AUTHREAD, NO_DA: Part 2 §13.4. There is no right of the owner's but to remove
 * it. */
#define INDEX_ATTRIBUTES (1U << 4 | 1U << 2 | 1U << 18 | 1U << 25)
#define INDEX_WRITTEN    (1U << 29)
#define INDEX_SIZE       8

#define RH_ENDORSEMENT "\x40\x00\x00\x0b"

#define LABEL_COUNTER "hallmark anchor\n"
#define LABEL_SCRATCH "hallmark anchor scratch\n"

char *anchor_index_text(uint32_t index, char ret[ANCHOR_INDEX_TEXT])
{
        (void)snprintf(ret, ANCHOR_INDEX_TEXT, "0x%08x", index);
        return ret;
}

int anchor_index_parse(struct view text, uint32_t *ret)
{
        uint8_t bytes[4];
        struct reader reader = reader_init(view_of(bytes, sizeof(bytes)));
        uint32_t index;

        if (text.size != ANCHOR_INDEX_TEXT - 1 || memcmp(text.data, "0x", 2) != 0 ||
            hex_decode(view_of(text.data + 2, text.size - 2), bytes, sizeof(bytes)) < 0)
                return -EBADMSG;
        index = reader_u32(&reader);
        if (index < ANCHOR_INDEX_FIRST || index > ANCHOR_INDEX_LAST)
                return -EBADMSG;
        *ret = index;
        return 0;
}

static int is_scratch(enum anchor_kind kind)
{
        return kind == ANCHOR_SCRATCH || kind == ANCHOR_SCRATCH_COUNTER;
}

static int is_written(enum anchor_kind kind)
{
        return kind == ANCHOR_COUNTER || kind == ANCHOR_SCRATCH_COUNTER;
}

void anchor_put_public(struct buf *buf, uint32_t index, const char *origin, enum anchor_kind kind)
{
        const struct view label[] = {view_string(is_scratch(kind) ? LABEL_SCRATCH : LABEL_COUNTER),
                                     view_string(origin)};
        const struct sha256 policy = sha256_of_parts(label, ARRAY_SIZE(label));

        tpm_public_put_index(buf, index, INDEX_ATTRIBUTES | (is_written(kind) ? INDEX_WRITTEN : 0),
                             &policy, INDEX_SIZE);
}

int anchor_name(uint32_t index, const char *origin, enum anchor_kind kind, struct tpm_name *ret)
{
        _cleanup_(buf_done) struct buf public = {};

        anchor_put_public(&public, index, origin, kind);
        if (buf_error(&public))
                return buf_error(&public);
        *ret = tpm_name_of(buf_view(&public));
        return 0;
}

static int check_signature(const struct anchor_evidence *evidence, struct pubkey *key,
                           struct problem *problem)
{
        const struct sha256 digest = sha256_of(evidence->attestation);
        int r = pubkey_verify(key, algorithm_find("ecdsa-p256"), sha256_view(&digest),
                              evidence->signature);

        if (r == 0 || r == -ENOMEM)
                return r;
        return problem_set(problem, -EKEYREJECTED,
                           "the attestation key has not signed this attestation");
}

/* The qualified Name of a primary key is that of its hierarchy and its Name (Part 1 §16). */
static int check_signer(const struct attest_head *head, const struct pubkey *key,
                        struct problem *problem)
{
        _cleanup_(buf_done) struct buf public = {}, path = {};
        struct tpm_name name;
        int r = tpm_public_put_attester(&public, key);

        if (r == 0)
                r = buf_error(&public);
        if (r < 0)
                return r;
        name = tpm_name_of(buf_view(&public));
        buf_put(&path, RH_ENDORSEMENT, 4);
        buf_put_view(&path, tpm_name_view(&name));
        if (buf_error(&path))
                return buf_error(&path);
        name = tpm_name_of(buf_view(&path));
        if (view_equal(head->signer, tpm_name_view(&name)))
                return 0;
        return problem_set(problem, -EKEYREJECTED,
                           "attested by another key than the attestation key of the endorsement "
                           "hierarchy");
}

static int check_content(const struct anchor_evidence *evidence,
                         const struct attest_counter *attest, struct problem *problem)
{
        struct tpm_name name;
        int r = anchor_name(evidence->index, evidence->origin, ANCHOR_COUNTER, &name);

        if (r < 0)
                return r;
        if (!view_equal(attest->index, tpm_name_view(&name)))
                return problem_set(problem, -EKEYREJECTED,
                                   "attests another index than the counter of this journal at "
                                   "0x%08x",
                                   evidence->index);
        if (attest->value != evidence->counter)
                return problem_set(problem, -EKEYREJECTED, "attests %llu as the counter, not %llu",
                                   (unsigned long long)attest->value,
                                   (unsigned long long)evidence->counter);
        if (!view_equal(attest->head.qualifying, evidence->root))
                return problem_set(problem, -EKEYREJECTED,
                                   "attests another tree than that of this journal");
        return 0;
}

int anchor_evidence_check(const struct anchor_evidence *evidence, struct problem *problem)
{
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        struct attest_counter attest = {};
        int r = pubkey_from_spki(evidence->key, &key);

        if (r < 0 || !pubkey_fits(key, algorithm_find("ecdsa-p256")))
                return r == -ENOMEM ? r
                                    : problem_set(problem, -EBADMSG,
                                                  "the attestation key is no key of ECDSA P-256");
        r = attest_parse_counter(evidence->attestation, &attest, problem);
        if (r == 0)
                r = check_signature(evidence, key, problem);
        if (r == 0)
                r = check_signer(&attest.head, key, problem);
        return r < 0 ? r : check_content(evidence, &attest, problem);
}
