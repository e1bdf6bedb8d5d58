/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A small journal folder as an agent would leave it, written without the agent: what is tested
 * reads what somebody else wrote.
 */

#include "lib/checkpoint.h"
#include "lib/journal.h"
#include "lib/keyring.h"
#include "tests/unit/folder.h"
#include "tests/unit/key.h"

#define MADE_ORIGIN "example.org/host42"
#define MADE_MAX    700
#define MADE_LEVELS 2 /* of tiles: enough for MADE_MAX entries */

struct made_journal {
        struct folder folder;
        EVP_PKEY *log_pair;
        struct keyring_key log_key;
        struct keyring ring;
        struct buf entries[MADE_MAX];
        size_t count;
};

static inline void made_init(struct made_journal *made)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");

        *made = (struct made_journal){
                .folder = folder_new(),
                .log_pair = key_new(algorithm),
                .log_key = {.name = "log",
                            .token = "tpm0",
                            .created = "2026-11-22T10:00:00.000000Z",
                            .version = 1,
                            .algorithm = algorithm,
                            .purpose = KEY_LOG},
                .ring = {.origin = (char *)(uintptr_t)MADE_ORIGIN, .count = 1},
        };
        made->log_key.pubkey = key_public(made->log_pair);
        made->ring.keys = &made->log_key;
}

static inline void made_done(struct made_journal *made)
{
        for (size_t i = 0; i < made->count; i++)
                buf_done(&made->entries[i]);
        pubkey_free(made->log_key.pubkey);
        EVP_PKEY_free(made->log_pair);
        folder_done(&made->folder);
}

static inline void made_add(struct made_journal *made, const char *text)
{
        assert(made->count < MADE_MAX);
        buf_put_string(&made->entries[made->count++], text);
}

/* Appends @count records that are told apart by their number; the first of all is agent.start. */
static inline void made_add_records(struct made_journal *made, size_t count)
{
        if (made->count == 0 && count > 0) {
                made_add(made,
                         "{\"boot\":\"0123456789abcdef0123456789abcdef\",\"config\":\"sha256:\","
                         "\"dropped\":0,\"origin\":\"" MADE_ORIGIN "\",\"program\":\"\","
                         "\"recovered\":0,\"time\":\"2026-11-22T10:00:00.000000Z\","
                         "\"type\":\"agent.start\",\"v\":1}");
                count--;
        }
        while (count-- > 0) {
                char text[256];

                (void)snprintf(text, sizeof(text),
                               "{\"boot\":\"0123456789abcdef0123456789abcdef\",\"reason\":\"record "
                               "%zu\",\"state\":\"ready\",\"time\":\"2026-11-22T10:00:00.000000Z\","
                               "\"token\":\"tpm0\",\"type\":\"token\",\"v\":1}",
                               made->count);
                made_add(made, text);
        }
}

/* The tree over the first @size entries. */
static inline struct merkle_tree made_tree(const struct made_journal *made, size_t first,
                                           size_t size)
{
        struct sha256 completed[MERKLE_HEIGHT_MAX];
        struct merkle_tree tree = {};

        for (size_t i = first; i < first + size; i++) {
                struct sha256 leaf = merkle_leaf(buf_view(&made->entries[i]));

                (void)merkle_push(&tree, &leaf, completed);
        }
        return tree;
}

/* Hash @number of @level. */
static inline struct sha256 made_hash(const struct made_journal *made, int level, size_t number)
{
        size_t width = (size_t)1 << (level * TILE_HEIGHT);
        struct merkle_tree tree = made_tree(made, number * width, width);

        return merkle_root(&tree);
}

/* One tile or bundle, with the @width hashes or entries that there are. */
static inline void made_write_tile(const struct made_journal *made, int level, size_t number,
                                   unsigned width)
{
        _cleanup_(buf_done) struct buf content = {};
        char path[TILE_PATH_SIZE];
        int r = 0;

        for (size_t i = number * TILE_WIDTH; i < number * TILE_WIDTH + width; i++) {
                struct sha256 hash;

                if (level == TILE_ENTRIES) {
                        r = tile_put_entry(&content, buf_view(&made->entries[i]));
                } else {
                        hash = made_hash(made, level, i);
                        buf_put_view(&content, sha256_view(&hash));
                }
                assert(r == 0);
        }
        folder_write(&made->folder, tile_path(level, number, width, path), buf_view(&content));
}

static inline void made_write_level(const struct made_journal *made, int level, size_t hashes)
{
        for (size_t number = 0; number * TILE_WIDTH < hashes; number++) {
                size_t width = hashes - number * TILE_WIDTH;

                made_write_tile(made, level, number,
                                width < TILE_WIDTH ? (unsigned)width : TILE_WIDTH);
        }
}

static inline void made_put_checkpoint(const struct made_journal *made, size_t size, EVP_PKEY *pair,
                                       struct buf *ret)
{
        struct merkle_tree tree = made_tree(made, 0, size);
        struct checkpoint checkpoint = {.size = size, .root = merkle_root(&tree)};
        _cleanup_(pubkey_freep) struct pubkey *key = key_public(pair);
        _cleanup_(buf_done) struct buf signature = {};
        struct sha256 digest;
        int r;

        checkpoint_put_text(ret, MADE_ORIGIN, &checkpoint);
        digest = note_digest(buf_view(ret));
        buf_put_u8(ret, '\n');
        key_sign(pair, algorithm_find("ecdsa-p256"), sha256_view(&digest), &signature);
        r = note_put_signature(ret, MADE_ORIGIN, key, buf_view(&signature));
        assert(r == 0);
}

/* Tiles, bundles and a checkpoint of the first @size entries. */
static inline void made_publish(const struct made_journal *made, size_t size)
{
        _cleanup_(buf_done) struct buf checkpoint = {};

        made_write_level(made, TILE_ENTRIES, size);
        for (int level = 0; level < MADE_LEVELS; level++)
                made_write_level(made, level, size >> (level * TILE_HEIGHT));
        made_put_checkpoint(made, size, made->log_pair, &checkpoint);
        folder_write(&made->folder, "checkpoint", buf_view(&checkpoint));
}

/* A segment of the write-ahead file with the entries from @first to before @end, in batches of
 * @batch_size. */
static inline void made_write_segment(const struct made_journal *made, size_t first, size_t end,
                                      size_t batch_size)
{
        _cleanup_(buf_done) struct buf segment = {};
        char path[WAL_NAME_SIZE];

        for (size_t next = first; next < end;) {
                _cleanup_(wal_batch_done) struct wal_batch batch = {};
                int r = 0;

                wal_batch_init(&batch, next);
                for (size_t i = 0; i < batch_size && next < end && r == 0; i++, next++) {
                        struct sha256 leaf = merkle_leaf(buf_view(&made->entries[next]));

                        r = wal_batch_add(&batch, buf_view(&made->entries[next]), &leaf);
                }
                if (r == 0)
                        r = wal_batch_finish(&batch);
                assert(r == 0);
                buf_put_view(&segment, buf_view(&batch.bytes));
        }
        folder_write(&made->folder, wal_path(first, path), buf_view(&segment));
}

static inline struct journal *made_open(const struct made_journal *made)
{
        struct journal *journal = NULL;
        int r = journal_open(made->folder.path, &journal, NULL);

        assert(r == 0);
        return journal;
}
