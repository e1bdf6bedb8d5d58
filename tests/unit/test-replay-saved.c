/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/file.h"
#include "lib/replay-saved.h"
#include "tests/unit/edit.h"
#include "tests/unit/steps.h"

#include <errno.h>

static uint64_t random_state = 7;

static size_t random_below(size_t below)
{
        random_state = random_state * 6364136223846793005u + 1442695040888963407u;
        return (size_t)((random_state >> 33) % below);
}

static int compare_sizes(const void *a, const void *b)
{
        size_t x = *(const size_t *)a, y = *(const size_t *)b;

        return (x > y) - (x < y);
}

/* Up to @count sizes, ascending, the last of them @all. */
static size_t draw_sizes(size_t count, size_t all, size_t *ret)
{
        size_t kept = 0;

        for (size_t i = 0; i < count; i++)
                ret[i] = i + 1 == count ? all : 1 + random_below(all);
        qsort(ret, count, sizeof(*ret), compare_sizes);
        for (size_t i = 0; i < count; i++)
                if (i == 0 || ret[i] != ret[kept - 1])
                        ret[kept++] = ret[i];
        return kept;
}

/* Records that are no records, are out of order, or are of nobody. */
static void spoil_records(struct made_journal *made, size_t count)
{
        static const char *const texts[] = {
                "{}",
                "rubbish",
                "{\"boot\":\"0123456789abcdef0123456789abcdef\",\"reason\":\"\",\"time\":"
                "\"2026-11-22T10:00:00.000000Z\",\"type\":\"agent.stop\",\"v\":1}",
                "{\"boot\":\"fedcba9876543210fedcba9876543210\",\"reason\":\"\",\"state\":"
                "\"ready\",\"time\":\"2026-11-22T09:00:00.000000Z\",\"token\":\"t\",\"type\":"
                "\"token\",\"v\":1}",
        };

        while (count-- > 0) {
                struct buf *entry = &made->entries[random_below(made->count)];

                buf_clear(entry);
                buf_put_string(entry, texts[random_below(ARRAY_SIZE(texts))]);
        }
}

static void change_file(const struct made_journal *made, const char *path, int lengthen)
{
        _cleanup_(buf_done) struct buf content = {};

        if (file_read(made->folder.fd, path, &content, NULL) < 0)
                return; /* not there yet */
        if (lengthen)
                buf_put_u8(&content, 0);
        else
                content.data[content.size / 2] ^= 1;
        folder_write(&made->folder, path, buf_view(&content));
}

static void flip_hash(struct made_journal *made)
{
        change_file(made, "tile/0/000", 0);
}

static void lengthen_bundle(struct made_journal *made)
{
        change_file(made, "tile/entries/001", 1);
}

static void test_steps(void)
{
        static void (*const spoils[])(struct made_journal * made) = {NULL, flip_hash,
                                                                     lengthen_bundle};
        size_t sizes[8];

        for (unsigned round = 0; round < 24; round++) {
                struct made_journal made;
                size_t all = 250 + random_below(400);

                made_init(&made);
                made_add_records(&made, all);
                spoil_records(&made, round / 3 % 4);
                steps_expect_same(&made, sizes, draw_sizes(1 + round % 8, all, sizes),
                                  spoils[round % 3]);
                made_done(&made);
        }
}

/* Exactly where tiles end, and where the rest is in the write-ahead file. */
static void test_borders(void)
{
        static const size_t rows[][3] = {
                {256, 512, 513}, {1, 256, 257}, {255, 511, 512}, {300, 301, 600}, {256, 257, 511}};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct made_journal made;

                made_init(&made);
                made_add_records(&made, rows[i][2] + i);
                steps_expect_same(&made, rows[i], 3, lengthen_bundle);
                made_done(&made);
        }
}

/* 290 records that were verified. */
static void visit_once(struct made_journal *made, struct buf *state)
{
        struct steps_found found;

        made_init(made);
        made_add_records(made, 300);
        made_publish(made, 290);
        *state = BUF_INIT(REPLAY_SAVED_MAX);
        expect_integer(steps_visit(made, state, &found, NULL), 0);
        expect_integer(found.count, 0);
        expect(state->size > 0);
}

static void roll_back(struct made_journal *made)
{
        steps_begin(made);
        made_publish(made, 280);
}

static void edit_record(struct made_journal *made)
{
        buf_clear(&made->entries[17]);
        buf_put_view(&made->entries[17], buf_view(&made->entries[18]));
        steps_begin(made);
}

static void fork_same(struct made_journal *made)
{
        edit_record(made);
        made_publish(made, 290);
}

static void fork_larger(struct made_journal *made)
{
        edit_record(made);
        made_publish(made, 300);
}

static void lose_tile(struct made_journal *made)
{
        made_publish(made, 300);
        change_file(made, "tile/1/000.p/1", 0);
}

static void lose_bundle(struct made_journal *made)
{
        change_file(made, "tile/entries/001.p/34", 0);
}

static const struct {
        const char *label;
        void (*change)(struct made_journal *made);
        const char *text;
} contradictions[] = {
        {"rolled back", roll_back,
         "rolled back: 290 records were verified before, and the checkpoint covers 280"},
        {"forked, of the same size", fork_same,
         "forked: the log has signed a tree that does not go on from the 290 records"},
        {"forked", fork_larger,
         "forked: the log has signed a tree that does not go on from the 290 records"},
        {"hashes damaged", lose_tile, "changed: of the 290 records that were verified, not all"},
        {"entries damaged", lose_bundle, "changed: of the 290 records that were verified, not all"},
};

/* Each is found each time, and what was verified is not forgotten over it. */
static void test_contradictions(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(contradictions); i++) {
                _cleanup_(buf_done) struct buf state = {}, before = {};
                struct made_journal made;
                struct steps_found found;

                test_label = contradictions[i].label;
                visit_once(&made, &state);
                buf_put_view(&before, buf_view(&state));
                contradictions[i].change(&made);
                for (int visit = 0; visit < 2; visit++) {
                        expect_integer(steps_visit(&made, &state, &found, NULL), 0);
                        expect_integer(found.count, 1);
                        expect_contains(found.findings[0].text, contradictions[i].text);
                        expect_integer(found.result.range_count, 0);
                        expect(view_equal(buf_view(&state), buf_view(&before)));
                }
                made_done(&made);
        }
        test_label = "";
}

/* What was found once is told for ever: nobody looks there again. */
static void test_bad_stays_bad(void)
{
        _cleanup_(buf_done) struct buf state = BUF_INIT(REPLAY_SAVED_MAX), good = {};
        struct made_journal made;
        struct steps_found found;

        made_init(&made);
        made_add_records(&made, 600);
        made_publish(&made, 300);
        expect_integer(file_read(made.folder.fd, "tile/0/000", &good, NULL), 0);
        flip_hash(&made);
        expect_integer(steps_visit(&made, &state, &found, NULL), 0);
        expect_integer(found.count, 1);
        folder_write(&made.folder, "tile/0/000", buf_view(&good));
        for (size_t size = 400; size <= 600; size += 200) {
                made_publish(&made, size);
                expect_integer(steps_visit(&made, &state, &found, NULL), 0);
                expect_integer(found.count, 1);
                expect_integer(found.result.findings, 1);
                expect_contains(found.findings[0].text, "hash 128 is not that of record 128");
                expect_integer(found.result.records, size);
        }
        made_done(&made);
}

static int visit_anew(const struct made_journal *made, const struct buf *state, int anew,
                      struct steps_found *ret, struct problem *problem)
{
        _cleanup_(journal_freep) struct journal *journal = made_open(made);
        const struct replay_options options = {
                .saved = buf_view(state), .anew = anew, .finding = steps_note, .context = ret};

        *ret = (struct steps_found){};
        *problem = (struct problem){};
        return replay_journal(journal, &made->ring, &options, &ret->result, problem);
}

/* With another key ring, and with another log. */
static void test_bindings(void)
{
        _cleanup_(buf_done) struct buf state = {};
        struct keyring_key keys[2];
        struct problem problem;
        struct made_journal made;
        struct steps_found found;

        visit_once(&made, &state);
        keys[0] = made.log_key;
        keys[1] = made.log_key;
        (void)snprintf(keys[1].name, sizeof(keys[1].name), "another");
        made.ring.keys = keys;
        made.ring.count = 2;
        expect_integer(visit_anew(&made, &state, 0, &found, &problem), -ENOKEY);
        expect_contains(problem.text, "state: of another key ring");
        expect_integer(visit_anew(&made, &state, 1, &found, &problem), 0);
        expect_integer(found.count, 0);
        expect_integer(found.result.records, 290);
        expect_integer(found.result.before, 0);
        fork_larger(&made);
        expect_integer(visit_anew(&made, &state, 1, &found, &problem), 0);
        expect_integer(found.count, 1);
        expect_contains(found.findings[0].text, "root over 290 records: expected ");
        roll_back(&made);
        expect_integer(visit_anew(&made, &state, 1, &found, &problem), 0);
        expect(found.count > 0);
        expect_contains(found.findings[0].text, "truncated: the earlier checkpoint covers 290");
        made.ring.origin = (char *)(uintptr_t) "example.org/other";
        for (int anew = 0; anew < 2; anew++) {
                expect_integer(visit_anew(&made, &state, anew, &found, &problem), -EXDEV);
                expect_contains(problem.text, "state: of another origin: expected "
                                              "\"example.org/other\", found \"" MADE_ORIGIN "\"");
        }
        made_done(&made);
}

static void test_damage(void)
{
        _cleanup_(buf_done) struct buf state = {};
        struct replay_saved *saved = NULL;
        struct made_journal made;
        int r;

        visit_once(&made, &state);
        for (size_t i = 0; i < state.size; i++) {
                state.data[i] ^= 1;
                r = replay_saved_parse(buf_view(&state), &saved, NULL);
                expect(r == -EBADMSG || r == -EOPNOTSUPP);
                expect_integer(replay_saved_parse(view_of(state.data, i), &saved, NULL), -EBADMSG);
                state.data[i] ^= 1;
        }
        expect_integer(replay_saved_parse(buf_view(&state), &saved, NULL), 0);
        replay_saved_free(saved);
        made_done(&made);
}

/* Well formed, with a digest that is right, and nothing that was ever saved. */
static void expect_forged(const struct made_journal *made, struct view state, const char *member,
                          json_t *value, const char *text)
{
        _cleanup_(json_decrefp) json_t *object = NULL;
        _cleanup_(buf_done) struct buf body = {}, forged = {};
        char digest[HEX_SIZE(SHA256_SIZE)];
        struct steps_found found;
        struct problem problem;
        struct sha256 hash;
        int r = json_parse_object(state, &object, NULL);

        assert(r == 0);
        (void)json_object_del(object, "digest");
        expect_integer(json_object_set_new(object, member, value), 0);
        json_put(&body, object);
        hash = sha256_of(buf_view(&body));
        expect_integer(json_object_set_new(object, "digest",
                                           json_string(hex_encode(sha256_view(&hash), digest))),
                       0);
        json_put(&forged, object);
        buf_put_u8(&forged, '\n');
        expect(visit_anew(made, &forged, 0, &found, &problem) < 0);
        expect_contains(problem.text, text);
}

static void test_forged(void)
{
        _cleanup_(buf_done) struct buf state = {};
        struct made_journal made;

        visit_once(&made, &state);
        expect_forged(&made, buf_view(&state), "v", json_integer(4),
                      "state: of another version: expected 6, found 4");
        expect_forged(&made, buf_view(&state), "type", json_string("x"),
                      "state: damaged: expected type");
        expect_forged(&made, buf_view(&state), "rules", json_object(),
                      "state: damaged: rules: expected");
        expect_forged(&made, buf_view(&state), "findings", json_string("7"),
                      "state: damaged: findings or ranges are missing");
        expect_forged(&made, buf_view(&state), "reached", json_pack("[i]", 1), "state: damaged");
        expect_forged(&made, buf_view(&state), "checkpoint", json_string("x"),
                      "state: damaged: checkpoint");
        expect_forged(&made, buf_view(&state), "tree",
                      json_pack("{s:[], s:s}", "peaks", "size", "0"),
                      "state: damaged: its checkpoint is of another tree");
        expect_forged(&made, buf_view(&state), "records", json_string("07"),
                      "state: damaged: \"records\" is missing or malformed");
        expect_forged(&made, buf_view(&state), "extra", json_string("07"),
                      "state: damaged: expected");
        made_done(&made);
}

/* Earlier checkpoints on both sides of what was verified before. */
static void test_earlier_checkpoints(void)
{
        _cleanup_(buf_done) struct buf state = {};
        struct buf notes[3] = {};
        static const size_t sizes[] = {100, 290, 295};
        struct made_journal made, other;
        struct replay_earlier since[3];

        visit_once(&made, &state);
        made_publish(&made, 300);
        made_init(&other);
        made_add_records(&other, 300);
        buf_put_u8(&other.entries[99], ' ');
        for (size_t spoilt = 0; spoilt <= 3; spoilt++) {
                _cleanup_(journal_freep) struct journal *journal = made_open(&made);
                struct replay_options options = {.saved = buf_view(&state),
                                                 .since = since,
                                                 .since_count = 3,
                                                 .finding = steps_note};
                struct steps_found found = {};

                options.context = &found;
                for (size_t i = 0; i < 3; i++) {
                        buf_clear(&notes[i]);
                        made_put_checkpoint(i + 1 == spoilt ? &other : &made, sizes[i],
                                            made.log_pair, &notes[i]);
                        since[i] = (struct replay_earlier){"kept", buf_view(&notes[i])};
                }
                expect_integer(replay_journal(journal, &made.ring, &options, &found.result, NULL),
                               0);
                expect_integer(found.count, spoilt > 0);
                if (spoilt == 1)
                        expect_contains(found.findings[0].text, "root over 100 records: expected");
                if (spoilt > 1)
                        expect_contains(found.findings[0].text, "root over 29");
        }
        for (size_t i = 0; i < 3; i++)
                buf_done(&notes[i]);
        made_done(&other);
        made_done(&made);
}

int main(void)
{
        test_steps();
        test_borders();
        test_contradictions();
        test_bad_stays_bad();
        test_bindings();
        test_damage();
        test_forged();
        test_earlier_checkpoints();
        return test_result();
}
