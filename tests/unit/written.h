/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A journal written by agent/writer.h with a software log key, and the memory of all that was
 * asked of it: what is on the disk is compared with that, by an implementation that knows no
 * shortcut.
 */

#include "agent/writer.h"
#include "lib/file.h"
#include "lib/journal.h"
#include "lib/replay.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/folder.h"
#include "tests/unit/key.h"

#include <errno.h>

#define WRITTEN_ORIGIN "example.org/host42"
#define WRITTEN_MAX    80000

struct written {
        struct folder folder;
        char path[96]; /* of the journal */
        unsigned generation;
        EVP_PKEY *log_pair;
        struct pubkey *log_key;
        sd_event *event;
        struct writer *writer;
        struct writer_recovery recovery;
        struct problem problem;

        char **entries; /* all that were asked for, in their order */
        size_t *sizes;
        struct sha256 *leaves;
        size_t asked;
        size_t durable;  /* of these, acknowledged */
        size_t answered; /* of these, answered in whatever way */
        int error;       /* of the last answer that was a refusal */
        size_t published;
        int partials_may_stay; /* beside full tiles */
        uint64_t random;
};

static inline uint64_t written_random(struct written *written, uint64_t below)
{
        written->random = written->random * 6364136223846793005u + 1442695040888963407u;
        return (written->random >> 33) % below;
}

static inline struct view written_entry(const struct written *written, size_t index)
{
        return view_of(written->entries[index], written->sizes[index]);
}

static inline void written_name(struct written *written)
{
        (void)snprintf(written->path, sizeof(written->path), "%s/journal%u", written->folder.path,
                       written->generation);
}

static inline void written_init(struct written *written, uint64_t seed)
{
        int r;

        *written = (struct written){.folder = folder_new(),
                                    .log_pair = key_new(algorithm_find("ecdsa-p256")),
                                    .random = seed};
        written->log_key = key_public(written->log_pair);
        written->entries = calloc(WRITTEN_MAX, sizeof(*written->entries));
        written->sizes = calloc(WRITTEN_MAX, sizeof(*written->sizes));
        written->leaves = calloc(WRITTEN_MAX, sizeof(*written->leaves));
        assert(written->entries && written->sizes && written->leaves);
        r = sd_event_new(&written->event);
        assert(r == 0);
        written_name(written);
}

/* Closes the journal and begins with another one, and the same key. */
static inline void written_forget(struct written *written)
{
        written->writer = writer_free(written->writer);
        while (written->asked > 0)
                free(written->entries[--written->asked]);
        written->durable = written->answered = written->published = 0;
        written->error = 0;
        written->generation++;
        written_name(written);
}

static inline void written_done(struct written *written)
{
        written_forget(written);
        free(written->entries);
        free(written->sizes);
        free(written->leaves);
        pubkey_free(written->log_key);
        EVP_PKEY_free(written->log_pair);
        sd_event_unref(written->event);
        folder_done(&written->folder);
}

static inline int written_open(struct written *written)
{
        written->problem = (struct problem){};
        written->recovery = (struct writer_recovery){};
        return writer_open(
                written->event,
                &(struct writer_options){written->path, WRITTEN_ORIGIN, written->log_key},
                &written->writer, &written->recovery, &written->problem);
}

static inline void written_answer(void *context, int error, uint64_t index)
{
        struct written *written = context;

        written->answered++;
        if (error < 0)
                written->error = error;
        else
                expect_integer(index, written->durable++);
}

/* An entry that is refused was never asked for. */
static inline int written_append_as(struct written *written, struct view entry,
                                    writer_function answer)
{
        int r = writer_append(written->writer, entry, answer, written);

        if (r < 0)
                return r;
        assert(written->asked < WRITTEN_MAX);
        written->entries[written->asked] = view_dup(entry);
        written->sizes[written->asked] = entry.size;
        written->leaves[written->asked++] = merkle_leaf(entry);
        return 0;
}

static inline int written_append(struct written *written, struct view entry)
{
        return written_append_as(written, entry, written_answer);
}

/* A record that is told apart by its number. */
static inline struct view written_record(size_t number, char ret[256])
{
        int length = snprintf(ret, 256,
                              "{\"boot\":\"0123456789abcdef0123456789abcdef\",\"reason\":\"record "
                              "%zu\",\"state\":\"ready\",\"time\":\"2026-11-22T10:00:00.000000Z\","
                              "\"token\":\"tpm0\",\"type\":\"token\",\"v\":1}",
                              number);

        return view_of(ret, (size_t)length);
}

static inline int written_append_record_as(struct written *written, writer_function answer)
{
        char text[256];

        return written_append_as(written, written_record(written->asked, text), answer);
}

/* Two such records that belong together. @answer is called once. */
static inline int written_append_pair_as(struct written *written, writer_function answer)
{
        char first[256], second[256];
        struct view pair[2] = {written_record(written->asked, first),
                               written_record(written->asked + 1, second)};
        int r = writer_append_run(written->writer, pair, 2, answer, written);

        if (r < 0)
                return r;
        for (size_t i = 0; i < 2; i++) {
                written->entries[written->asked] = view_dup(pair[i]);
                written->sizes[written->asked] = pair[i].size;
                written->leaves[written->asked++] = merkle_leaf(pair[i]);
        }
        return 0;
}

static inline int written_append_record(struct written *written)
{
        return written_append_record_as(written, written_answer);
}

/* Bytes of no meaning: an entry is nothing else to the writer. */
static inline int written_append_noise(struct written *written, size_t size)
{
        static uint8_t noise[ENTRY_SIZE_MAX + 1];

        for (size_t i = 0; i < size; i += 61)
                noise[i] = (uint8_t)written_random(written, 256);
        if (size > 0)
                noise[size - 1] = (uint8_t)written->asked;
        return written_append(written, view_of(noise, size));
}

/* Until the event loop has nothing more to do. */
static inline void written_run(struct written *written)
{
        int r;

        do
                r = sd_event_run(written->event, 0);
        while (r > 0);
        assert(r == 0);
}

static inline struct sha256 written_root(const struct sha256 *leaves, size_t count)
{
        struct sha256 left, right;
        size_t split = 1;

        if (count == 0)
                return sha256_of(view_of(NULL, 0));
        if (count == 1)
                return leaves[0];
        while (2 * split < count)
                split *= 2;
        left = written_root(leaves, split);
        right = written_root(leaves + split, count - split);
        return merkle_node(&left, &right);
}

static inline void written_put_checkpoint(const struct written *written,
                                          const struct checkpoint *checkpoint, struct buf *ret)
{
        _cleanup_(buf_done) struct buf signature = {};
        struct sha256 digest;
        int r;

        checkpoint_put_text(ret, WRITTEN_ORIGIN, checkpoint);
        digest = note_digest(buf_view(ret));
        buf_put_u8(ret, '\n');
        key_sign(written->log_pair, algorithm_find("ecdsa-p256"), sha256_view(&digest), &signature);
        r = note_put_signature(ret, WRITTEN_ORIGIN, written->log_key, buf_view(&signature));
        assert(r == 0);
}

/* What a sealer does; @between, which may be NULL, comes while the token signs. */
static inline int written_publish(struct written *written, void (*between)(struct written *written))
{
        _cleanup_(buf_done) struct buf note = {};
        struct checkpoint head;
        int r;

        written->problem = (struct problem){};
        r = writer_prepare(written->writer, &written->problem);
        if (r < 0)
                return r;
        head = writer_head(written->writer);
        written_put_checkpoint(written, &head, &note);
        if (between)
                between(written);
        r = writer_publish(written->writer, buf_view(&note), &written->problem);
        if (r == 0)
                written->published = head.size;
        return r;
}

static inline void written_expect_head(const struct written *written)
{
        struct checkpoint head = writer_head(written->writer);
        struct sha256 root = written_root(written->leaves, written->durable);

        expect_integer(head.size, written->durable);
        expect_view(sha256_view(&head.root), sha256_view(&root));
}

/* Slot after slot, each out of all its leaves. */
static inline void written_put_tile(const struct written *written, const struct tile *tile,
                                    struct buf *ret)
{
        for (unsigned i = 0; i < tile->width; i++) {
                uint64_t index = tile->number * TILE_WIDTH + i;
                size_t leaves = (size_t)1 << (tile->level * TILE_HEIGHT);
                struct sha256 hash = written_root(written->leaves + index * leaves, leaves);

                buf_put_view(ret, sha256_view(&hash));
        }
}

static inline void written_put_bundle(const struct written *written, const struct tile *tile,
                                      struct buf *ret)
{
        ret->limit = ENTRY_BUNDLE_MAX;
        for (unsigned i = 0; i < tile->width; i++) {
                struct view entry = written_entry(written, tile->number * TILE_WIDTH + i);

                buf_put_u16(ret, (uint16_t)entry.size);
                buf_put_view(ret, entry);
        }
}

static inline void written_expect_tile(const struct written *written, const struct tile *tile)
{
        _cleanup_(buf_done) struct buf expected = {}, found = {.limit = ENTRY_BUNDLE_MAX};
        char path[TILE_PATH_SIZE], place[192];

        if (tile->level == TILE_ENTRIES)
                written_put_bundle(written, tile, &expected);
        else
                written_put_tile(written, tile, &expected);
        (void)snprintf(place, sizeof(place), "%s/%s", written->path,
                       tile_path(tile->level, tile->number, tile->width, path));
        test_label = path;
        expect_integer(file_read(AT_FDCWD, place, &found, NULL), 0);
        expect(view_equal(buf_view(&found), buf_view(&expected)));
        test_label = "";
}

/* When the newest full tile of a level is there, its folder of partials has gone. */
static inline void written_expect_no_partials(const struct written *written, int level,
                                              uint64_t full)
{
        char path[TILE_PATH_SIZE], place[192];
        struct stat status;

        if (full == 0 || written->partials_may_stay)
                return;
        (void)snprintf(place, sizeof(place), "%s/%s.p", written->path,
                       tile_path(level, full - 1, TILE_WIDTH, path));
        test_label = path;
        expect_integer(stat(place, &status), -1);
        expect_integer(errno, ENOENT);
        test_label = "";
}

/* All tiles and bundles of the published checkpoint from tile @first of level 0 on. */
static inline void written_expect_tiles(const struct written *written, uint64_t first)
{
        for (int level = TILE_ENTRIES; level < 3; level++) {
                uint64_t hashes = tile_hashes(level < 0 ? 0 : level, written->published);
                uint64_t number = level <= 0 ? first : first >> (level * TILE_HEIGHT);

                for (; number * TILE_WIDTH < hashes; number++) {
                        uint64_t left = hashes - number * TILE_WIDTH;
                        struct tile tile = {level, number,
                                            left < TILE_WIDTH ? (unsigned)left : TILE_WIDTH};

                        written_expect_tile(written, &tile);
                }
                written_expect_no_partials(written, level, hashes / TILE_WIDTH);
        }
}

static inline size_t written_segments(const struct written *written, uint64_t *ret_second)
{
        _cleanup_(journal_freep) struct journal *journal = NULL;
        _cleanup_(freep) uint64_t *firsts = NULL;
        size_t count = 0;
        int r = journal_open(written->path, &journal, NULL);

        if (r == 0)
                r = journal_list_segments(journal, &firsts, &count, NULL);
        assert(r == 0);
        *ret_second = count > 1 ? firsts[1] : UINT64_MAX;
        return count;
}

static inline int written_compare(uint64_t index, struct view bytes, void *context)
{
        const struct written *written = context;

        if (index >= written->asked || !view_equal(bytes, written_entry(written, index)))
                return -ECANCELED;
        return 0;
}

/* How many records a reader of the folder sees; all of them those that were asked for. */
static inline size_t written_walk(const struct written *written)
{
        _cleanup_(journal_freep) struct journal *journal = NULL;
        struct problem problem = {};
        uint64_t next = 0;
        int r = journal_open(written->path, &journal, &problem);

        if (r == 0)
                r = journal_walk(journal, 0, written_compare, (void *)(uintptr_t)written, &next,
                                 &problem);
        expect_integer(r, 0);
        expect_text(view_string(problem.text), "");
        return next;
}

static inline void written_note_finding(const struct replay_finding *finding, void *context)
{
        const char *allowed = context;

        if (allowed && strstr(finding->text, allowed))
                return;
        test_failures++;
        (void)fprintf(stderr, "%s: finding: record %lld, %s: %s\n", test_label,
                      (long long)finding->index, finding->where, finding->text);
}

/* Replays the folder; @allowed is what a finding may say (NULL: there may be none). */
static inline void written_expect_replay(const struct written *written, const char *allowed,
                                         struct replay_result *ret)
{
        _cleanup_(journal_freep) struct journal *journal = NULL;
        struct keyring_key key = {.name = "log",
                                  .token = "tpm0",
                                  .version = 1,
                                  .algorithm = algorithm_find("ecdsa-p256"),
                                  .purpose = KEY_LOG,
                                  .pubkey = written->log_key};
        struct keyring ring = {(char *)(uintptr_t)WRITTEN_ORIGIN, &key, 1};
        /* What the records say of each other is not the writer's business. */
        static const struct replay_rule *const no_rules[] = {NULL};
        const struct replay_options options = {.finding = written_note_finding,
                                               .context = (void *)(uintptr_t)allowed,
                                               .rules = no_rules};
        int r = journal_open(written->path, &journal, NULL);

        if (r == 0)
                r = replay_journal(journal, &ring, &options, ret, NULL);
        expect_integer(r, 0);
}
