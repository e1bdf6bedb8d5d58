/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/file.h"
#include "lib/replay.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/made-journal.h"

#include <errno.h>

/* The findings of a replay: the first one in full, and how many. */
struct findings {
        size_t count;
        uint64_t index;
        char where[128], text[PROBLEM_TEXT_MAX];
};

static void note_finding(const struct replay_finding *finding, void *context)
{
        struct findings *findings = context;

        if (findings->count++ > 0)
                return;
        findings->index = finding->index;
        (void)snprintf(findings->where, sizeof(findings->where), "%s", finding->where);
        (void)snprintf(findings->text, sizeof(findings->text), "%s", finding->text);
}

static int replay(const struct made_journal *made, struct view since, struct findings *findings,
                  struct replay_result *result, struct problem *problem)
{
        _cleanup_(journal_freep) struct journal *journal = made_open(made);
        const struct replay_earlier earlier = {"earlier", since};
        const struct replay_options options = {.since = &earlier,
                                               .since_count = since.size > 0,
                                               .finding = note_finding,
                                               .context = findings};
        int r;

        *findings = (struct findings){};
        r = replay_journal(journal, &made->ring, &options, result, problem);
        if (r == 0)
                expect_integer(result->findings, findings->count);
        return r;
}

static void expect_good(const struct made_journal *made, struct view since, size_t sealed,
                        size_t all)
{
        struct findings findings;
        struct replay_result result;

        expect_integer(replay(made, since, &findings, &result, NULL), 0);
        expect_integer(findings.count, 0);
        expect_text(view_string(findings.text), "");
        expect_integer(result.records, all);
        expect_integer(result.checkpoint.size, sealed);
        expect_integer(result.unsealed, all - sealed);
        expect_integer(result.signatures, 0);
}

/* Sizes around a tile's width, with a write-ahead file that begins before, at or after the
 * checkpoint. */
static void test_good(void)
{
        static const struct {
                size_t sealed, all, segment;
        } rows[] = {
                {1, 1, 0},       {5, 5, 5},       {5, 9, 0},       {255, 256, 0},   {256, 256, 256},
                {256, 257, 256}, {257, 300, 256}, {300, 300, 256}, {600, 650, 512}, {600, 650, 100},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf since = {};
                struct made_journal made;

                made_init(&made);
                made_add_records(&made, rows[i].all);
                made_publish(&made, rows[i].sealed);
                if (rows[i].segment < rows[i].all)
                        made_write_segment(&made, rows[i].segment, rows[i].all, 7);
                expect_good(&made, view_of(NULL, 0), rows[i].sealed, rows[i].all);
                for (size_t size = 0; size <= rows[i].sealed; size += rows[i].sealed / 3 + 1) {
                        buf_clear(&since);
                        made_put_checkpoint(&made, size, made.log_pair, &since);
                        expect_good(&made, buf_view(&since), rows[i].sealed, rows[i].all);
                }
                made_done(&made);
        }
}

/* 300 records, 290 of them sealed, the write-ahead file from 256 on. */
static void make_journal(struct made_journal *made)
{
        made_init(made);
        made_add_records(made, 300);
        made_publish(made, 290);
        made_write_segment(made, 256, 300, 7);
}

enum change { FLIP, CUT, LENGTHEN, REMOVE, MAKE_FOLDER };

static void change_file(const struct made_journal *made, const char *path, enum change change,
                        size_t offset)
{
        _cleanup_(buf_done) struct buf content = {};

        expect_integer(file_read(made->folder.fd, path, &content, NULL), 0);
        expect_integer(unlinkat(made->folder.fd, path, 0), 0);
        if (change == REMOVE)
                return;
        if (change == MAKE_FOLDER) {
                expect_integer(mkdirat(made->folder.fd, path, 0700), 0);
                return;
        }
        if (change == FLIP)
                content.data[offset % content.size] ^= 1;
        if (change == CUT)
                content.size -= offset;
        if (change == LENGTHEN)
                buf_put_u8(&content, 0);
        folder_write(&made->folder, path, buf_view(&content));
}

static void test_changed_files(void)
{
        static const struct {
                const char *label, *path;
                enum change change;
                size_t offset;
                uint64_t index;
                const char *where, *text;
        } rows[] = {
                {"no checkpoint", "checkpoint", REMOVE, 0, REPLAY_NO_INDEX, "checkpoint",
                 "checkpoint: No such file or directory"},
                {"checkpoint changed", "checkpoint", FLIP, 25, REPLAY_NO_INDEX, "checkpoint",
                 "does not verify"},
                {"checkpoint a folder", "checkpoint", MAKE_FOLDER, 0, REPLAY_NO_INDEX, "checkpoint",
                 "checkpoint: not a regular file"},
                {"record changed", "tile/entries/000", FLIP, 1024, 6, "tile/0/000",
                 "hash 6 is not that of record 6 as it is in tile/entries"},
                {"bundle cut", "tile/entries/000", CUT, 1, 255, "tile/entries/000",
                 "cut short: expected 256 records"},
                {"bundle longer", "tile/entries/000", LENGTHEN, 0, REPLAY_NO_INDEX,
                 "tile/entries/000", "1 bytes after the last record"},
                {"bundle gone", "tile/entries/000", REMOVE, 0, 0, "tile/entries/000",
                 "tile/entries/000: not there"},
                {"last bundle gone", "tile/entries/001.p/34", REMOVE, 0, 256,
                 "tile/entries/001.p/34", "tile/entries/001.p/34: not there"},
                {"hash changed", "tile/0/000", FLIP, 32 * 7 + 3, 7, "tile/0/000",
                 "hash 7 is not that of record 7 as it is in tile/entries"},
                {"hashes cut", "tile/0/000", CUT, 32, REPLAY_NO_INDEX, "tile/0/000",
                 "tile/0/000: expected 8192 bytes, found 8160"},
                {"hashes gone", "tile/0/000", REMOVE, 0, REPLAY_NO_INDEX, "tile/0/000",
                 "tile/0/000: not there"},
                {"last hashes gone", "tile/0/001.p/34", REMOVE, 0, REPLAY_NO_INDEX,
                 "tile/0/001.p/34", "tile/0/001.p/34: not there"},
                {"last hash changed", "tile/0/001.p/34", FLIP, 33 * 32, 289, "tile/0/001.p/34",
                 "hash 33 is not that of record 289"},
                {"upper hash changed", "tile/1/000.p/1", FLIP, 0, REPLAY_NO_INDEX, "tile/1/000.p/1",
                 "hash 0 is not that of subtree 0"},
                {"segment damaged", "wal/00000000000000000256", FLIP, 70, 256,
                 "wal/00000000000000000256", "damaged at byte 0"},
                {"segment torn", "wal/00000000000000000256", CUT, 1, 298,
                 "wal/00000000000000000256", "torn tail"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct made_journal made;
                struct replay_result result;
                struct findings findings;

                test_label = rows[i].label;
                make_journal(&made);
                change_file(&made, rows[i].path, rows[i].change, rows[i].offset);
                expect_integer(replay(&made, view_of(NULL, 0), &findings, &result, NULL), 0);
                expect(findings.count > 0);
                expect_integer(findings.index, rows[i].index);
                expect_text(view_string(findings.where), rows[i].where);
                expect_contains(findings.text, rows[i].text);
                made_done(&made);
        }
        test_label = "";
}

/* Whatever single byte is changed in a small journal, in any of its files, is found. */
static void test_every_changed_byte(void)
{
        static const char *const paths[] = {"checkpoint", "tile/entries/000.p/3", "tile/0/000.p/3",
                                            "wal/00000000000000000000"};
        struct made_journal made;

        made_init(&made);
        made_add_records(&made, 5);
        made_publish(&made, 3);
        made_write_segment(&made, 0, 5, 2);
        expect_good(&made, view_of(NULL, 0), 3, 5);
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                _cleanup_(buf_done) struct buf content = {};

                test_label = paths[i];
                expect_integer(file_read(made.folder.fd, paths[i], &content, NULL), 0);
                for (size_t offset = 0; offset < content.size; offset++) {
                        struct replay_result result;
                        struct findings findings;

                        change_file(&made, paths[i], FLIP, offset);
                        expect_integer(replay(&made, view_of(NULL, 0), &findings, &result, NULL),
                                       0);
                        expect(findings.count > 0);
                        folder_write(&made.folder, paths[i], buf_view(&content));
                }
        }
        test_label = "";
        expect_good(&made, view_of(NULL, 0), 3, 5);
        made_done(&made);
}

/* Somebody who rewrites every file, but has not the log key: the last genuine checkpoint tells. */
static void expect_rewriting_found(void (*rewrite)(struct made_journal *made), const char *label)
{
        _cleanup_(buf_done) struct buf checkpoint = {};
        struct made_journal made;
        struct replay_result result;
        struct findings findings;

        test_label = label;
        make_journal(&made);
        expect_integer(file_read(made.folder.fd, "checkpoint", &checkpoint, NULL), 0);
        rewrite(&made);
        made_publish(&made, 290);
        if (made.count > 290)
                made_write_segment(&made, 256, made.count, 7);
        folder_write(&made.folder, "checkpoint", buf_view(&checkpoint));
        expect_integer(replay(&made, view_of(NULL, 0), &findings, &result, NULL), 0);
        expect_integer(findings.count, 1);
        expect_text(view_string(findings.where), "checkpoint");
        expect_contains(findings.text, "root over 290 records: expected ");
        test_label = "";
        made_done(&made);
}

static void swap_records(struct made_journal *made)
{
        struct buf kept = made->entries[17];

        made->entries[17] = made->entries[18];
        made->entries[18] = kept;
}

static void remove_record(struct made_journal *made)
{
        buf_done(&made->entries[17]);
        memmove(&made->entries[17], &made->entries[18], (made->count - 18) * sizeof(struct buf));
        made->count--;
}

static void edit_record(struct made_journal *made)
{
        struct buf edited = {};

        edit_first(&edited, buf_view(&made->entries[17]), "record 17", "record 71");
        buf_done(&made->entries[17]);
        made->entries[17] = edited;
}

static void test_rewritten(void)
{
        expect_rewriting_found(swap_records, "swapped");
        expect_rewriting_found(remove_record, "removed");
        expect_rewriting_found(edit_record, "edited");
}

/* Somebody who has the log key: only the checkpoint that the auditor kept tells. */
static void test_rewritten_with_the_log_key(void)
{
        _cleanup_(buf_done) struct buf since = {};
        struct made_journal made;
        struct replay_result result;
        struct findings findings;

        make_journal(&made);
        made_put_checkpoint(&made, 100, made.log_pair, &since);
        edit_record(&made);
        made_publish(&made, 290);
        expect_good(&made, view_of(NULL, 0), 290, 300);
        expect_integer(replay(&made, buf_view(&since), &findings, &result, NULL), 0);
        expect_integer(findings.count, 1);
        expect_text(view_string(findings.where), "earlier checkpoint");
        expect_contains(findings.text, "root over 100 records: expected ");
        made_done(&made);
}

/* An older state of the whole folder, as a restored backup has it. */
static void test_rolled_back(void)
{
        _cleanup_(buf_done) struct buf since = {};
        struct made_journal made, older;
        struct replay_result result;
        struct findings findings;

        make_journal(&made);
        made_put_checkpoint(&made, 290, made.log_pair, &since);
        made_init(&older);
        made_add_records(&older, 200);
        EVP_PKEY_free(older.log_pair);
        older.log_pair = made.log_pair;
        made_publish(&older, 200);
        older.ring.keys = &made.log_key;
        expect_good(&older, view_of(NULL, 0), 200, 200);
        expect_integer(replay(&older, buf_view(&since), &findings, &result, NULL), 0);
        expect(findings.count > 0);
        expect_integer(findings.index, 200);
        expect_contains(findings.text, "truncated: the earlier checkpoint covers 290 records, but "
                                       "only 200 are there");
        older.log_pair = NULL;
        made_done(&older);
        made_done(&made);
}

static void test_keys(void)
{
        _cleanup_(key_freep) EVP_PKEY *stranger = key_new(algorithm_find("ecdsa-p256"));
        _cleanup_(buf_done) struct buf checkpoint = {};
        struct made_journal made;
        struct replay_result result;
        struct findings findings;
        struct problem problem = {};

        make_journal(&made);
        made_put_checkpoint(&made, 290, stranger, &checkpoint);
        expect_integer(replay(&made, buf_view(&checkpoint), &findings, &result, &problem), -ENOKEY);
        expect_contains(problem.text, "earlier checkpoint: not signed by the log key");
        folder_write(&made.folder, "checkpoint", buf_view(&checkpoint));
        expect_integer(replay(&made, view_of(NULL, 0), &findings, &result, NULL), 0);
        expect(findings.count > 0);
        expect_text(view_string(findings.text),
                    "not signed by the log key of \"" MADE_ORIGIN "\" in the key ring");
        made_publish(&made, 290);
        made.log_key.purpose = KEY_MODEL; /* the key is in the ring, but not for this */
        expect_integer(replay(&made, view_of(NULL, 0), &findings, &result, NULL), 0);
        expect(findings.count > 0);
        expect_text(view_string(findings.where), "checkpoint");
        made_done(&made);
}

/* What the tree holds in good order may still be no record. */
static void test_bad_records(void)
{
        static const char *const entries[] = {"", "{}", "no JSON"};
        struct made_journal made;
        struct replay_result result;
        struct findings findings;

        made_init(&made);
        made_add_records(&made, 2);
        for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
                made_add(&made, entries[i]);
        made_publish(&made, made.count);
        expect_integer(replay(&made, view_of(NULL, 0), &findings, &result, NULL), 0);
        expect_integer(findings.count, ARRAY_SIZE(entries));
        expect_integer(findings.index, 2);
        made_done(&made);
}

/* The write-ahead file says something else about a record that is in a bundle already: in the
 * newest bundle, and in an older one. */
static void test_segment_against_bundle(void)
{
        static const struct {
                size_t sealed, segment;
        } rows[] = {{100, 0}, {290, 0}, {290, 10}};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct made_journal made;
                struct replay_result result;
                struct findings findings;

                made_init(&made);
                made_add_records(&made, 300);
                made_publish(&made, rows[i].sealed);
                edit_record(&made);
                made_write_segment(&made, rows[i].segment, 300, 7);
                expect_integer(replay(&made, view_of(NULL, 0), &findings, &result, NULL), 0);
                expect_integer(findings.count, 1);
                expect_integer(findings.index, 17);
                expect_text(view_string(findings.text), "is not the record in tile/entries");
                made_done(&made);
        }
}

/* Partial files of earlier checkpoints may stay beside the full tile; if they do, they are its
 * front. */
static void test_older_partial_files(void)
{
        static const char *const paths[] = {"tile/0/000.p/100", "tile/entries/000.p/100",
                                            "tile/0/001.p/20", "tile/entries/001.p/20"};

        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                struct made_journal made;
                struct replay_result result;
                struct findings findings;

                test_label = paths[i];
                make_journal(&made);
                made_write_tile(&made, 0, 0, 100);
                made_write_tile(&made, TILE_ENTRIES, 0, 100);
                made_write_tile(&made, 0, 1, 20);
                made_write_tile(&made, TILE_ENTRIES, 1, 20);
                expect_good(&made, view_of(NULL, 0), 290, 300);
                change_file(&made, paths[i], FLIP, 500);
                expect_integer(replay(&made, view_of(NULL, 0), &findings, &result, NULL), 0);
                expect_integer(findings.count, 1);
                expect_text(view_string(findings.where), paths[i]);
                expect_text(view_string(findings.text),
                            "differs from the newer records and hashes");
                made_done(&made);
        }
        test_label = "";
}

/* As an agent has it that runs. The caller closes what is returned. */
static int hold_lock(const struct made_journal *made)
{
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int fd;

        folder_write(&made->folder, JOURNAL_LOCK, view_of(NULL, 0));
        fd = openat(made->folder.fd, JOURNAL_LOCK, O_RDWR | O_CLOEXEC);
        expect_integer(fcntl(fd, F_OFD_SETLK, &lock), 0);
        return fd;
}

/* Records between bundles and write-ahead file that are in neither. */
static void test_gap(void)
{
        struct made_journal made;
        struct replay_result result;
        struct findings findings;
        int fd;

        made_init(&made);
        made_add_records(&made, 300);
        made_publish(&made, 256);
        made_write_segment(&made, 260, 300, 7);
        expect_integer(replay(&made, view_of(NULL, 0), &findings, &result, NULL), 0);
        expect_integer(findings.count, 1);
        expect_integer(findings.index, 256);
        expect_text(view_string(findings.text),
                    "records 256 to 259 are missing before this segment");
        /* Nor does an agent that runs make up for them. */
        fd = hold_lock(&made);
        expect_integer(replay(&made, view_of(NULL, 0), &findings, &result, NULL), 0);
        expect_integer(findings.count, 1);
        expect_text(view_string(findings.text),
                    "records 256 to 259 are missing before this segment");
        expect_integer(close(fd), 0);
        made_done(&made);
}

/* A name that is listed and leads nowhere was not trimmed by the agent that runs. */
static void test_no_segments(void)
{
        static const char path[] = "wal/00000000000000000290";
        static const char *const texts[] = {"a link to nothing", "not a regular file"};

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                struct made_journal made;
                struct replay_result result;
                struct findings findings;
                int fd;

                test_label = texts[i];
                make_journal(&made);
                expect_integer(i == 0 ? symlinkat("nothing", made.folder.fd, path)
                                      : mkfifoat(made.folder.fd, path, 0600),
                               0);
                fd = hold_lock(&made);
                expect_integer(replay(&made, view_of(NULL, 0), &findings, &result, NULL), 0);
                expect(findings.count > 0);
                expect_contains(findings.text, texts[i]);
                expect_integer(result.records, 300);
                expect_integer(close(fd), 0);
                made_done(&made);
        }
        test_label = "";
}

/* What ought to be a folder is a file. */
static void test_no_folders(void)
{
        static const char *const paths[] = {"wal", "tile/entries/001.p", "tile/0/001.p",
                                            "tile/1/000.p"};

        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                struct made_journal made;
                struct replay_result result;
                struct findings findings;

                test_label = paths[i];
                make_journal(&made);
                expect_integer(renameat(made.folder.fd, paths[i], made.folder.fd, "aside"), 0);
                folder_write(&made.folder, paths[i], view_string("no folder"));
                expect_integer(replay(&made, view_of(NULL, 0), &findings, &result, NULL), 0);
                expect(findings.count > 0);
                expect_contains(findings.text, "Not a directory");
                made_done(&made);
        }
        test_label = "";
}

/* The word of a log key that has ended counts for its time; of one that was revoked, for what
 * others had seen by then. The records are of the 22nd. */
static const struct {
        const char *label;
        enum key_state state;
        const char *end, *seen;
        const char *text; /* NULL: good */
} endings[] = {
        {"retired later", KEY_RETIRED, "2026-11-23T10:00:00.000000Z", "", NULL},
        {"retired before", KEY_RETIRED, "2026-11-22T09:00:00.000000Z", "",
         "signed by log key log version 1, which is retired since "
         "2026-11-22T09:00:00.000000Z, and it was recorded at "
         "2026-11-22T10:00:00.000000Z"},
        {"revoked", KEY_REVOKED, "2026-11-23T10:00:00.000000Z", "",
         "signed by log key log version 1, which is revoked since "
         "2026-11-23T10:00:00.000000Z, and nothing proves that it was signed before"},
        {"revoked, seen before", KEY_REVOKED, "2026-11-23T10:00:00.000000Z",
         "2026-11-23T09:00:00.999999Z", NULL},
        {"revoked, seen after", KEY_REVOKED, "2026-11-23T10:00:00.000000Z",
         "2026-11-24T10:00:00.999999Z",
         "signed by log key log version 1, which is revoked since "
         "2026-11-23T10:00:00.000000Z, and it was seen first at "
         "2026-11-24T10:00:00.999999Z"},
};

static void test_log_key_ended(void)
{
        struct made_journal made;

        make_journal(&made);
        for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
                _cleanup_(journal_freep) struct journal *journal = made_open(&made);
                _cleanup_(buf_done) struct buf since = {}, kept = BUF_INIT(REPLAY_SAVED_MAX);
                struct replay_earlier earlier = {.name = "earlier"};
                struct findings findings = {};
                struct replay_options options = {
                        .finding = note_finding, .context = &findings, .keep = &kept};
                struct replay_result result;
                struct problem problem = {};

                test_label = endings[i].label;
                made.log_key.state = endings[i].state;
                (void)snprintf(made.log_key.ended, KEY_TIME_SIZE, "%s", endings[i].end);
                (void)snprintf(made.log_key.revoked, KEY_TIME_SIZE, "%s", endings[i].end);
                (void)snprintf(options.seen.at, KEY_TIME_SIZE, "%s", endings[i].seen);
                expect_integer(replay_journal(journal, &made.ring, &options, &result, NULL), 0);
                expect_integer(findings.count > 0, endings[i].text != NULL);
                expect_text(view_string(findings.text), endings[i].text ? endings[i].text : "");
                expect_text(view_string(findings.where), endings[i].text ? "checkpoint" : "");
                expect_integer(kept.size > 0, endings[i].text == NULL);
                /* An earlier checkpoint by such a key is none. */
                made_put_checkpoint(&made, 5, made.log_pair, &since);
                earlier.text = buf_view(&since);
                options = (struct replay_options){.since = &earlier,
                                                  .since_count = 1,
                                                  .finding = note_finding,
                                                  .context = &findings};
                expect_integer(replay_journal(journal, &made.ring, &options, &result, &problem),
                               endings[i].state == KEY_REVOKED ? -EKEYREJECTED : 0);
                expect_contains(problem.text,
                                endings[i].state == KEY_REVOKED
                                        ? "earlier: earlier checkpoint: signed by log key log "
                                          "version 1, which is revoked since "
                                        : "");
        }
        test_label = "";
        made_done(&made);
}

int main(void)
{
        test_good();
        test_changed_files();
        test_every_changed_byte();
        test_rewritten();
        test_rewritten_with_the_log_key();
        test_rolled_back();
        test_keys();
        test_bad_records();
        test_segment_against_bundle();
        test_older_partial_files();
        test_gap();
        test_no_segments();
        test_no_folders();
        test_log_key_ended();
        return test_result();
}
