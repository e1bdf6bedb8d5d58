/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/anchor-claim.h"

#include <errno.h>

#include "lib/base64.h"

struct parts {
        struct buf key, attestation, signature;
};

static void parts_done(struct parts *parts)
{
        buf_done(&parts->key);
        buf_done(&parts->attestation);
        buf_done(&parts->signature);
}

int anchor_read_counter(const struct record *record, uint32_t *ret_index, uint64_t *ret_counter,
                        struct problem *problem)
{
        int64_t counter = -1;

        if (anchor_index_parse(record_string(record, "index"), ret_index) < 0 ||
            record_integer(record, "counter", &counter) < 0 || counter < 0 ||
            (uint64_t)counter > ANCHOR_COUNTER_MAX)
                return problem_set(problem, -EBADMSG, "index or counter is malformed");
        *ret_counter = (uint64_t)counter;
        return 0;
}

static int read_parts(const struct record *record, struct parts *ret, struct problem *problem)
{
        int r = base64_decode(&ret->key, record_string(record, "attestationKey"));

        if (r == 0)
                r = base64_decode(&ret->attestation, record_string(record, "attestation"));
        if (r == 0)
                r = base64_decode(&ret->signature, record_string(record, "signature"));
        if (r == 0 || r == -ENOMEM)
                return r;
        return problem_set(problem, -EBADMSG,
                           "attestation, attestationKey or signature is no base64");
}

/* The root of the tree that was attested. */
static int read_root(const struct record *record, struct tree_window *window, uint64_t *ret_size,
                     struct sha256 *ret, struct problem *problem)
{
        int64_t size = -1;
        int r = record_integer(record, "size", &size);

        if (r == 0 && size >= 0)
                r = tree_window_root(window, (uint64_t)size, ret);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || size < 0)
                return problem_set(problem, -EKEYREJECTED,
                                   "attests the tree of %lld records, which was none between its "
                                   "intent and this record",
                                   (long long)size);
        *ret_size = (uint64_t)size;
        return 0;
}

static int check(const struct parts *parts, const struct anchor_claim *claim, const char *origin,
                 const struct sha256 *root, struct problem *problem)
{
        const struct anchor_evidence evidence = {
                .origin = origin,
                .index = claim->index,
                .counter = claim->counter,
                .root = sha256_view(root),
                .key = buf_view(&parts->key),
                .attestation = buf_view(&parts->attestation),
                .signature = buf_view(&parts->signature),
        };

        return anchor_evidence_check(&evidence, problem);
}

int anchor_claim_read(const struct record *record, const char *origin, struct tree_window *window,
                      struct anchor_claim *ret, struct problem *problem)
{
        _cleanup_(parts_done) struct parts parts = {
                .key = BUF_INIT(SPKI_SIZE_MAX),
                .attestation = BUF_INIT(ATTEST_SIZE_MAX),
                .signature = BUF_INIT(SPKI_SIZE_MAX),
        };
        struct anchor_claim claim = {.key = sha256_of(record_string(record, "attestationKey"))};
        struct sha256 root;
        int r = anchor_read_counter(record, &claim.index, &claim.counter, problem);

        if (r == 0)
                r = read_parts(record, &parts, problem);
        if (r == 0)
                r = read_root(record, window, &claim.size, &root, problem);
        if (r == 0)
                r = check(&parts, &claim, origin, &root, problem);
        if (r == 0)
                *ret = claim;
        return r;
}
