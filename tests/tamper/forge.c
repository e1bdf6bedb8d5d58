/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"
#include "lib/file.h"
#include "lib/json.h"
#include "tests/tamper/replayed.h"
#include "tests/unit/edit.h"
#include "tests/unit/made-journal.h"

#include <errno.h>

/*
 * Rewrites a real journal as somebody would who can write all its files and knows the format, but
 * has no key; and, with a log key of its own in the ring, as an agent would that lies.
 *
 * usage: forge JOURNAL KEYRING EARLIER_CHECKPOINT
 */

static struct {
        struct keyring ring;
        struct keyring_key *log_key;
        struct buf checkpoint, earlier; /* genuine */
        uint64_t size, earlier_size;    /* covered by them */
        struct buf entries[MADE_MAX];
        size_t count;
} real;

static int read_entry(uint64_t index, struct view bytes, void *context)
{
        assert(index == real.count && index < MADE_MAX);
        buf_put_view(&real.entries[real.count++], bytes);
        return 0;
}

static uint64_t size_of(struct buf *checkpoint)
{
        struct reader reader = reader_init(buf_view(checkpoint));
        uint64_t size = 0;

        (void)reader_until(&reader, '\n');
        return view_parse_decimal(reader_until(&reader, '\n'), &size) < 0 ? 0 : size;
}

static int read_real(char **argv, struct problem *problem)
{
        _cleanup_(journal_freep) struct journal *journal = NULL;
        uint64_t next;
        int r = keyring_load(argv[2], &real.ring, problem);

        for (size_t i = 0; r == 0 && i < real.ring.count; i++)
                if (real.ring.keys[i].purpose == KEY_LOG)
                        real.log_key = &real.ring.keys[i];
        if (r == 0)
                r = file_read(AT_FDCWD, argv[3], &real.earlier, problem);
        if (r == 0)
                r = journal_open(argv[1], &journal, problem);
        if (r == 0)
                r = journal_read_checkpoint(journal, &real.checkpoint, problem);
        if (r == 0)
                r = journal_walk(journal, 0, read_entry, NULL, &next, problem);
        if (r < 0)
                return r;
        real.size = size_of(&real.checkpoint);
        real.earlier_size = size_of(&real.earlier);
        if (!real.log_key || real.earlier_size <= TILE_WIDTH || real.size <= real.earlier_size)
                return problem_set(problem, -EBADMSG, "not the journal that is needed");
        return 0;
}

/* All the records in memory again, to be rewritten. */
static void begin(struct made_journal *made, const char *label)
{
        test_label = label;
        made_init(made);
        for (size_t i = 0; i < real.count; i++)
                buf_put_view(&made->entries[made->count++], buf_view(&real.entries[i]));
}

/* Writes everything that needs no key, with the genuine checkpoint, and replays it. */
static void replay_with(struct made_journal *made, struct buf *checkpoint, struct view since,
                        struct replayed *ret)
{
        uint64_t size = size_of(checkpoint);

        if (size > made->count)
                size = made->count;
        made_publish(made, size);
        made_write_segment(made, size / TILE_WIDTH * TILE_WIDTH, made->count, 9);
        folder_write(&made->folder, "checkpoint", buf_view(checkpoint));
        expect_integer(replayed_run(made->folder.path, &real.ring, since, ret), 0);
}

static void end(struct made_journal *made)
{
        made_done(made);
        test_label = "";
}

static void expect_says(const struct replayed *replayed, uint64_t index, const char *where,
                        const char *text)
{
        if (replayed_says(replayed, index, where, text))
                return;
        test_failures++;
        (void)fprintf(stderr, "%s: expected record %lld, %s: %s; found:\n", test_label,
                      (long long)index, where, text);
        replayed_print(replayed);
}

/* Our way to write a journal is the agent's: nothing is found until something is forged. */
static void test_rewritten_as_it_was(void)
{
        struct made_journal made;
        struct replayed replayed;

        begin(&made, "as it was");
        replay_with(&made, &real.checkpoint, buf_view(&real.earlier), &replayed);
        expect_integer(replayed.count, 0);
        replayed_print(&replayed);
        expect_integer(replayed.result.records, real.count);
        end(&made);
}

static void swap_entries(struct made_journal *made, size_t a, size_t b)
{
        struct buf kept = made->entries[a];

        made->entries[a] = made->entries[b];
        made->entries[b] = kept;
}

static void remove_entry(struct made_journal *made, size_t index)
{
        buf_done(&made->entries[index]);
        memmove(&made->entries[index], &made->entries[index + 1],
                (made->count - index - 1) * sizeof(struct buf));
        made->entries[--made->count] = (struct buf){};
}

static size_t find_sign(size_t from)
{
        while (from < real.count &&
               !memmem(real.entries[from].data, real.entries[from].size, "\"type\":\"sign\"", 13))
                from++;
        assert(from < real.count);
        return from;
}

/* Consistently in bundles, tiles and write-ahead file: only the root is not the signed one. */
static void test_consistent(void)
{
        size_t a = find_sign(20), b = find_sign(a + 1);

        for (unsigned way = 0; way < 4; way++) {
                static const char *const labels[] = {"swapped", "removed", "doubled", "cut off"};
                struct made_journal made;
                struct replayed replayed;

                begin(&made, labels[way]);
                if (way == 0)
                        swap_entries(&made, a, b);
                if (way == 1)
                        remove_entry(&made, a);
                if (way == 2) {
                        buf_clear(&made.entries[b]);
                        buf_put_view(&made.entries[b], buf_view(&made.entries[a]));
                }
                while (way == 3 && made.count >= real.size)
                        remove_entry(&made, made.count - 1);
                replay_with(&made, &real.checkpoint, view_of(NULL, 0), &replayed);
                if (made.count < real.size)
                        expect_says(&replayed, made.count, "checkpoint", "the checkpoint covers ");
                else
                        expect_says(&replayed, REPLAY_NO_INDEX, "checkpoint", "root over ");
                end(&made);
        }
}

/* In one file alone: the others tell which record. */
static void test_in_bundle(void)
{
        size_t a = find_sign(20);
        struct made_journal made;
        struct replayed replayed;

        begin(&made, "swapped in a bundle");
        replay_with(&made, &real.checkpoint, view_of(NULL, 0), &replayed);
        swap_entries(&made, a, a + 1);
        made_write_tile(&made, TILE_ENTRIES, 0, TILE_WIDTH);
        expect_integer(replayed_run(made.folder.path, &real.ring, view_of(NULL, 0), &replayed), 0);
        expect_says(&replayed, a, "tile/0/000", "is not that of record");
        end(&made);
}

static void test_in_segment(void)
{
        size_t first = real.size / TILE_WIDTH * TILE_WIDTH;
        struct made_journal made;
        struct replayed replayed;

        begin(&made, "swapped in the write-ahead file");
        replay_with(&made, &real.checkpoint, view_of(NULL, 0), &replayed);
        swap_entries(&made, first + 1, first + 2);
        made_write_segment(&made, first, made.count, 9);
        expect_integer(replayed_run(made.folder.path, &real.ring, view_of(NULL, 0), &replayed), 0);
        expect_integer(replayed.count, 2);
        expect(replayed.findings[0].index == first + 1 && replayed.findings[1].index == first + 2);
        expect(strstr(replayed.findings[0].text, "is not the record in tile/entries") != NULL);
        end(&made);
}

/* An older state, all genuine: the auditor's checkpoint tells, nothing else can. */
static void test_truncated(void)
{
        struct made_journal made;
        struct replayed replayed;

        begin(&made, "truncated");
        while (made.count > real.earlier_size)
                remove_entry(&made, made.count - 1);
        replay_with(&made, &real.earlier, view_of(NULL, 0), &replayed);
        expect_integer(replayed.count, 0);
        expect_integer(
                replayed_run(made.folder.path, &real.ring, buf_view(&real.checkpoint), &replayed),
                0);
        expect_says(&replayed, real.earlier_size, "earlier checkpoint",
                    "truncated: the earlier checkpoint covers ");
        end(&made);
        begin(&made, "rolled back, the records left as unsealed ones");
        replay_with(&made, &real.earlier, buf_view(&real.checkpoint), &replayed);
        expect_says(&replayed, real.earlier_size, "checkpoint", "rolled back: covers ");
        expect_integer(replayed.result.unsealed, real.count - real.earlier_size);
        end(&made);
}

/* Signed by a log key that is not the one in the ring, or for another log. */
static void test_other_checkpoints(void)
{
        _cleanup_(buf_done) struct buf other = {}, renamed = {};
        struct made_journal made;
        struct replayed replayed;
        char *origin = real.ring.origin;

        begin(&made, "another key");
        made_put_checkpoint(&made, real.size, made.log_pair, &other);
        replay_with(&made, &other, view_of(NULL, 0), &replayed);
        expect_says(&replayed, REPLAY_NO_INDEX, "checkpoint", "not signed by the log key of ");
        end(&made);

        begin(&made, "another origin");
        real.ring.origin = (char *)(uintptr_t) "sandbox.invalid/other";
        replay_with(&made, &real.checkpoint, view_of(NULL, 0), &replayed);
        expect_says(&replayed, REPLAY_NO_INDEX, "checkpoint",
                    "not signed by the log key of \"sandbox.invalid/other\"");
        real.ring.origin = origin;
        end(&made);

        begin(&made, "origin edited");
        edit_first(&renamed, buf_view(&real.checkpoint), "sandbox", "Sandbox");
        replay_with(&made, &renamed, view_of(NULL, 0), &replayed);
        expect_says(&replayed, REPLAY_NO_INDEX, "checkpoint", "does not verify");
        end(&made);
}

static void test_nothing_there(void)
{
        struct made_journal made;
        struct replayed replayed;

        test_label = "an empty folder";
        made_init(&made);
        expect_integer(replayed_run(made.folder.path, &real.ring, view_of(NULL, 0), &replayed), 0);
        expect_integer(replayed.count, 2);
        expect_says(&replayed, 0, "end", "no record: expected agent.start");
        expect_says(&replayed, REPLAY_NO_INDEX, "checkpoint", "No such file or directory");
        expect_integer(
                replayed_run(made.folder.path, &real.ring, buf_view(&real.checkpoint), &replayed),
                0);
        expect_says(&replayed, 0, "earlier checkpoint", "truncated");
        end(&made);

        begin(&made, "no checkpoint");
        replay_with(&made, &real.checkpoint, view_of(NULL, 0), &replayed);
        expect_integer(unlinkat(made.folder.fd, "checkpoint", 0), 0);
        expect_integer(replayed_run(made.folder.path, &real.ring, view_of(NULL, 0), &replayed), 0);
        expect_says(&replayed, REPLAY_NO_INDEX, "checkpoint", "No such file or directory");
        end(&made);
}

/* A sign record with one member changed, in canonical form. */
static void put_edited(struct buf *ret, const char *member, const char *value)
{
        struct view text = buf_view(&real.entries[find_sign(0)]);
        json_t *record = json_loadb((const char *)text.data, text.size, 0, NULL);
        int r = json_object_set_new(record, member, json_string(value));

        assert(record && r == 0);
        json_put(ret, record);
        json_decref(record);
}

static const char *log_fingerprint(void)
{
        static char text[HEX_SIZE(SHA256_SIZE)];
        struct sha256 hash = sha256_of(pubkey_spki(real.log_key->pubkey));

        return hex_encode(sha256_view(&hash), text);
}

/* Whoever can write the write-ahead file can append records, after an agent.start of theirs: they
 * count as unsealed, and what they say of signatures has to be true. */
static void test_appended(void)
{
        static const char other_digest[] =
                "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        static const char unknown[] =
                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        const struct {
                const char *label, *member, *value, *text; /* NULL: nothing is found */
        } rows[] = {
                {"a record once more", "type", "sign", NULL},
                {"another request", "request", "9.9", NULL}, /* not covered by the signature */
                {"no request", "request", "forged", "sign: request: expected two numbers"},
                {"another digest", "digest", other_digest, "sign: the signature does not verify"},
                {"no signature", "signature", "", "sign: the signature does not verify"},
                {"an unknown key", "fingerprint", unknown, "is not in the ring"},
                {"the log key", "fingerprint", log_fingerprint(),
                 "sign: the ring calls the signing key \"log\""},
                {"another name", "key", "other", "sign: the ring calls the signing key "},
                {"another algorithm", "algorithm", "ecdsa-p384", "sign: expected algorithm "},
                {"an unknown type", "type", "sign.blind", "record: unknown type \"sign.blind\""},
                {"an unknown member", "zeal", "much", "zeal"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct made_journal made;
                struct replayed replayed;

                begin(&made, rows[i].label);
                buf_put_view(&made.entries[made.count++], buf_view(&real.entries[0]));
                put_edited(&made.entries[made.count++], rows[i].member, rows[i].value);
                replay_with(&made, &real.checkpoint, view_of(NULL, 0), &replayed);
                expect_integer(replayed.result.unsealed, made.count - real.size);
                expect_integer(replayed.count, rows[i].text != NULL);
                if (rows[i].text)
                        expect_says(&replayed, made.count - 1, "wal/00000000000000000256",
                                    rows[i].text);
                end(&made);
        }
}

/* A sign record that is true in all but this: the log key may sign nothing but checkpoints. */
static void test_signed_by_the_log_key(void)
{
        struct view text = buf_view(&real.entries[find_sign(0)]);
        json_t *record = json_loadb((const char *)text.data, text.size, 0, NULL);
        struct made_journal made;
        struct replayed replayed;
        int r;

        begin(&made, "by the log key");
        assert(record);
        r = json_object_set_new(record, "fingerprint", json_string(log_fingerprint()));
        if (r == 0)
                r = json_object_set_new(record, "key", json_string(real.log_key->name));
        if (r == 0)
                r = json_object_set_new(record, "version",
                                        json_integer((json_int_t)real.log_key->version));
        assert(r == 0);
        json_put(&made.entries[made.count++], record);
        json_decref(record);
        replay_with(&made, &real.checkpoint, view_of(NULL, 0), &replayed);
        expect_integer(replayed.count, 1);
        expect_says(&replayed, made.count - 1, "wal/00000000000000000256",
                    "sign: signed by the log key");
        end(&made);
}

static void test_not_canonical(void)
{
        struct made_journal made;
        struct replayed replayed;

        begin(&made, "a space more");
        edit_first(&made.entries[made.count++], buf_view(&real.entries[find_sign(0)]), ",\"",
                   ", \"");
        replay_with(&made, &real.checkpoint, view_of(NULL, 0), &replayed);
        expect_integer(replayed.count, 1);
        expect_says(&replayed, made.count - 1, "wal/00000000000000000256",
                    "record: not in canonical form");
        end(&made);
}

/* Signed by the log key, and still not to be believed. */
static void test_lying_log(void)
{
        static const struct {
                const char *label, *size;
                const char *text;
        } rows[] = {
                {"2^63", "9223372036854775808",
                 "the checkpoint covers 9223372036854775808 records"},
                {"2^64-1", "18446744073709551615",
                 "the checkpoint covers 18446744073709551615 records"},
                {"2^64", "18446744073709551616", ""},
                {"-1", "-1", ""},
        };
        struct pubkey *genuine = real.log_key->pubkey;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf note = {}, signature = {};
                struct made_journal made;
                struct replayed replayed;
                struct sha256 digest;

                begin(&made, rows[i].label);
                real.log_key->pubkey = made.log_key.pubkey;
                buf_put_format(&note, "%s\n%s\n", real.ring.origin, rows[i].size);
                (void)base64_encode(&note, sha256_view(&(struct sha256){}));
                buf_put_u8(&note, '\n');
                digest = note_digest(buf_view(&note));
                key_sign(made.log_pair, algorithm_find("ecdsa-p256"), sha256_view(&digest),
                         &signature);
                buf_put_u8(&note, '\n');
                expect_integer(note_put_signature(&note, real.ring.origin, made.log_key.pubkey,
                                                  buf_view(&signature)),
                               0);
                replay_with(&made, &note, view_of(NULL, 0), &replayed);
                expect(replayed.count > 0);
                expect_says(&replayed, rows[i].text[0] ? made.count : REPLAY_NO_INDEX, "checkpoint",
                            rows[i].text);
                real.log_key->pubkey = genuine;
                end(&made);
        }
}

int main(int argc, char **argv)
{
        struct problem problem = {};
        int r = argc == 4 ? read_real(argv, &problem) : -EINVAL;

        if (r < 0) {
                (void)fprintf(stderr, "usage: forge JOURNAL KEYRING EARLIER_CHECKPOINT: %s\n",
                              problem_text(&problem, r));
                return 2;
        }
        test_rewritten_as_it_was();
        test_consistent();
        test_in_bundle();
        test_in_segment();
        test_truncated();
        test_other_checkpoints();
        test_nothing_there();
        test_appended();
        test_signed_by_the_log_key();
        test_not_canonical();
        test_lying_log();
        (void)printf("forged %zu records, %llu of them sealed: %d expectations failed\n",
                     real.count, (unsigned long long)real.size, test_failures);
        for (size_t i = 0; i < real.count; i++)
                buf_done(&real.entries[i]);
        buf_done(&real.checkpoint);
        buf_done(&real.earlier);
        keyring_done(&real.ring);
        return test_result();
}
