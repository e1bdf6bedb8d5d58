/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A journal of a few records, the last but one of which is the `keyring` record of a ring, and the
 * ring signed with it: what tests of signed rings spoil.
 */

#include "lib/keyring-seal.h"
#include "lib/tlog-proof.h"
#include "tests/unit/edit.h"
#include "tests/unit/key.h"

#define SEALED_ORIGIN  "example.org/host42"
#define SEALED_RECORDS 16 /* at most */
#define SEALED_BOOT    "0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a"

/* What makes it one of a kind; the others are as they should be. */
struct sealed_ring_spec {
        const char *origin; /* of the checkpoint */
        const char *type;   /* of the record */
        const char *digest; /* in it */
        EVP_PKEY *log_pair; /* that signs the checkpoint */
        const struct keyring_key *log_key;
};

struct sealed_records {
        struct buf text[SEALED_RECORDS];
        size_t count;
};

static inline void sealed_records_done(struct sealed_records *records)
{
        for (size_t i = 0; i < records->count; i++)
                buf_done(&records->text[i]);
        *records = (struct sealed_records){};
}

static inline int sealed_look_up(void *context, unsigned height, uint64_t index, struct sha256 *ret)
{
        const struct sealed_records *records = context;
        struct sha256 completed[MERKLE_HEIGHT_MAX], leaf;
        struct merkle_tree tree = {};

        for (uint64_t i = index << height; i < (index + 1) << height; i++) {
                leaf = merkle_leaf(buf_view(&records->text[i]));
                (void)merkle_push(&tree, &leaf, completed);
        }
        *ret = merkle_root(&tree);
        return 0;
}

static inline struct checkpoint sealed_head(const struct sealed_records *records)
{
        struct sha256 completed[MERKLE_HEIGHT_MAX];
        struct merkle_tree tree = {};

        for (size_t i = 0; i < records->count; i++) {
                struct sha256 leaf = merkle_leaf(buf_view(&records->text[i]));

                (void)merkle_push(&tree, &leaf, completed);
        }
        return (struct checkpoint){tree.size, merkle_root(&tree)};
}

static inline void sealed_put_checkpoint(const struct sealed_records *records,
                                         const struct sealed_ring_spec *spec, struct buf *ret)
{
        _cleanup_(buf_done) struct buf signature = {};
        struct checkpoint head = sealed_head(records);
        struct sha256 digest;
        int r;

        checkpoint_put_text(ret, spec->origin, &head);
        digest = note_digest(buf_view(ret));
        key_sign(spec->log_pair, spec->log_key->algorithm, sha256_view(&digest), &signature);
        buf_put_u8(ret, '\n');
        r = note_put_signature(ret, spec->origin, spec->log_key->pubkey, buf_view(&signature));
        assert(r == 0);
}

static inline void sealed_add(struct sealed_records *records, const char *text)
{
        assert(records->count < SEALED_RECORDS);
        buf_put_string(&records->text[records->count++], text);
}

/* Appends the record of the ring in @line, and one after it; then the whole signed ring to @ret. */
static inline void sealed_put(struct sealed_records *records, struct view line,
                              const struct sealed_ring_spec *spec, struct buf *ret)
{
        _cleanup_(buf_done) struct buf digest = {}, record = {}, checkpoint = {};
        struct tlog_proof proof = {.index = records->count, .has_extra = 1};
        int r;

        keyring_put_digest(&digest, line);
        buf_put_u8(&digest, '\0');
        buf_put_format(&record,
                       "{\"boot\":\"" SEALED_BOOT "\",\"digest\":\"%s\","
                       "\"time\":\"2026-11-30T10:00:00.000000Z\",\"type\":\"%s\",\"v\":1}",
                       spec->digest ? spec->digest : (const char *)digest.data, spec->type);
        buf_put_u8(&record, '\0');
        sealed_add(records, (const char *)record.data);
        sealed_add(records, "another record");
        sealed_put_checkpoint(records, spec, &checkpoint);
        r = merkle_prove_inclusion(proof.index, records->count, sealed_look_up, records,
                                   &proof.path);
        assert(r == 0);
        buf_put(&proof.extra, record.data, record.size - 1);
        proof.checkpoint = buf_view(&checkpoint);
        buf_put_view(ret, line);
        r = tlog_proof_put(ret, &proof);
        assert(r == 0);
        buf_done(&proof.extra);
}
