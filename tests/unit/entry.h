/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A journal of a few leaves, one of them the Sigstore entry of a signature, and the log entry that
 * proves it: what tests of bundles spoil.
 */

#include "lib/hashedrekord.h"
#include "lib/tlog-entry.h"
#include "tests/unit/edit.h"
#include "tests/unit/key.h"

#include <errno.h>

#define ENTRY_ORIGIN "example.org/host42"
#define ENTRY_LEAVES 6
#define ENTRY_INDEX  3

struct made_entry {
        EVP_PKEY *log_pair;
        struct keyring_key keys[2]; /* of the log, of the signer */
        char origin[sizeof(ENTRY_ORIGIN)];
        struct keyring ring;
        uint8_t digest[SHA256_SIZE];
        struct buf signature;
        struct sha256 leaves[ENTRY_LEAVES];
        struct tlog_entry entry;
};

static inline struct tlog_statement made_statement(const struct made_entry *made)
{
        return (struct tlog_statement){made->keys[1].pubkey, made->keys[1].algorithm,
                                       view_of(made->digest, SHA256_SIZE),
                                       buf_view(&made->signature)};
}

static inline int made_look_up(void *context, unsigned height, uint64_t index, struct sha256 *ret)
{
        const struct made_entry *made = context;
        struct sha256 completed[MERKLE_HEIGHT_MAX];
        struct merkle_tree tree = {};

        for (uint64_t i = index << height; i < (index + 1) << height; i++)
                (void)merkle_push(&tree, &made->leaves[i], completed);
        *ret = merkle_root(&tree);
        return 0;
}

/* A checkpoint of these, signed by the log key. */
static inline void made_put_checkpoint(const struct made_entry *made,
                                       const struct checkpoint *checkpoint, struct buf *ret)
{
        _cleanup_(buf_done) struct buf signature = {};
        struct sha256 digest;
        int r;

        checkpoint_put_text(ret, ENTRY_ORIGIN, checkpoint);
        digest = note_digest(buf_view(ret));
        key_sign(made->log_pair, made->keys[0].algorithm, sha256_view(&digest), &signature);
        buf_put_u8(ret, '\n');
        r = note_put_signature(ret, ENTRY_ORIGIN, made->keys[0].pubkey, buf_view(&signature));
        assert(r == 0);
}

static inline void made_prove(struct made_entry *made)
{
        struct sha256 completed[MERKLE_HEIGHT_MAX];
        struct merkle_tree tree = {};
        struct checkpoint head;
        int r;

        for (size_t i = 0; i < ENTRY_LEAVES; i++) {
                made->leaves[i] = i == ENTRY_INDEX ? merkle_leaf(buf_view(&made->entry.body))
                                                   : merkle_leaf(view_of(&i, 1));
                (void)merkle_push(&tree, &made->leaves[i], completed);
        }
        head = (struct checkpoint){tree.size, merkle_root(&tree)};
        made->entry.log_id = *pubkey_fingerprint(made->keys[0].pubkey);
        made->entry.index = ENTRY_INDEX;
        made->entry.size = head.size;
        made->entry.root = head.root;
        r = merkle_prove_inclusion(ENTRY_INDEX, ENTRY_LEAVES, made_look_up, made,
                                   &made->entry.path);
        assert(r == 0);
        made_put_checkpoint(made, &head, &made->entry.checkpoint);
}

static inline void made_entry_init(struct made_entry *made)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");
        _cleanup_(key_freep) EVP_PKEY *pair = key_new(algorithm);
        struct tlog_statement statement;
        int r;

        *made = (struct made_entry){.log_pair = key_new(algorithm), .origin = ENTRY_ORIGIN};
        made->keys[0] = (struct keyring_key){.name = "log",
                                             .created = "2026-11-22T10:00:00.000000Z",
                                             .version = 1,
                                             .algorithm = algorithm,
                                             .purpose = KEY_LOG,
                                             .pubkey = key_public(made->log_pair)};
        made->keys[1] = (struct keyring_key){
                .name = "model", .version = 1, .algorithm = algorithm, .pubkey = key_public(pair)};
        made->ring = (struct keyring){made->origin, made->keys, 2};
        key_sign(pair, algorithm, view_of(made->digest, SHA256_SIZE), &made->signature);
        statement = made_statement(made);
        r = hashedrekord_put(&made->entry.body, statement.key, statement.algorithm,
                             statement.digest, statement.signature);
        assert(r == 0);
        made_prove(made);
}

static inline void made_entry_done(struct made_entry *made)
{
        EVP_PKEY_free(made->log_pair);
        keyring_key_done(&made->keys[0]);
        keyring_key_done(&made->keys[1]);
        buf_done(&made->signature);
        tlog_entry_done(&made->entry);
}
