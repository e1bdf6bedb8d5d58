/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/anchor-claim.h"
#include "lib/base64.h"
#include "lib/replay-rule.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/forged-anchor.h"
#include "tests/unit/replay-rig.h"

/*
 * Journals of anchors, a word for each record: a letter and the counter.
 *
 *     S  the agent starts                   l  a signature
 *     i  an intent                          t  an intent of another token
 *     a  an anchor, as it should be         k  one that is attested by another key
 *     r  … of another tree                  o  … of another index
 *     x  … at another index, and attested   z  … of the tree before its intent
 *     w  … of a counter one above           n  … of no record between intent and anchor
 *     A  an operator acknowledges             T  an intent of a token that speaks of levels
 */
static const struct {
        const char *label, *records;
        uint64_t index;      /* of the one finding */
        const char *text;    /* NULL: nothing is found */
        uint64_t first, end; /* what the TPM vouches for last, if anything */
        size_t ranges;
} rows[] = {
        {"as it should be", "S i5 a5 l i6 a6 l", 0, NULL, 0, 5, 1},
        {"records meanwhile", "S i5 a5 l l i6 l l a6", 0, NULL, 0, 6, 1},
        {"a crash before the step", "S i5 a5 l i6 S i6 a6", 0, NULL, 0, 7, 1},
        {"a crash after the step", "S i5 a5 l i6 S i7 a7", 0, NULL, 0, 7, 1},
        {"two crashes", "S i5 a5 i6 S i6 S i7 a7", 0, NULL, 0, 8, 1},
        {"a crash before the first step", "S i5 S i6 a6", 0, NULL, 0, 4, 1},
        {"a counter that begins elsewhere", "S i5 S i7 a9 i10 a10", 0, NULL, 0, 6, 1},
        {"nothing follows", "S i5 a5 i6", 0, NULL, 0, 2, 1},
        {"never anchored", "S l S l", 0, NULL, 0, 0, 0},
        {"restarted", "S i5 a5 l S i6 a6 l", 0, NULL, 0, 6, 1},
        {"an anchor is missing", "S i5 a5 l i7 a7 l i8 a8", 4,
         "anchor.intent: the counter is at 7, expected 6: 1 anchors are missing, or the TPM counted "
         "for somebody else",
         5, 8, 2},
        {"two are missing after a crash", "S i5 a5 l i6 S i9 a9 i10 a10", 6,
         "anchor.intent: the counter is at 9, expected 7: 2 anchors are missing, or the TPM counted "
         "for somebody else",
         7, 9, 2},
        {"somebody else counts", "S i5 a5 l i6 a8 i9 a9", 5,
         "anchor: the counter is at 8, expected 6: 2 anchors are missing, or the TPM counted for "
         "somebody else",
         6, 7, 2},
        {"back", "S i5 a5 l i6 a6 i4 a4", 6,
         "anchor.intent: the counter went back: expected 7, found 4", 0, 5, 1},
        {"back after a crash", "S i5 a5 l i6 S i5 a5", 6,
         "anchor.intent: the counter went back: expected 6, found 5", 0, 2, 1},
        {"again", "S i5 a5 l i6 a5 i6 a6", 5, "anchor: the counter went back: expected 6, found 5",
         6, 7, 2},
        {"another key", "S i5 a5 i6 k6 l", 4,
         "anchor: attested by another key than the anchors before it", 0, 2, 1},
        {"another tree", "S i5 a5 i6 r6 i7 a7", 4,
         "anchor: attests another tree than that of this journal", 5, 6, 2},
        {"another index attested", "S i5 o5", 2,
         "anchor: attests another index than the counter of this journal at 0x01d10225", 0, 0, 0},
        {"another index", "S i5 a5 i6 x6 l", 4,
         "anchor: counter 0x01d10226 of token \"tpm0\", and the journal is anchored with 0x01d10225 "
         "of \"tpm0\"",
         0, 2, 1},
        {"another token", "S i5 a5 t6 l", 3,
         "anchor.intent: counter 0x01d10225 of token \"x\", and the journal is anchored with "
         "0x01d10225 of \"tpm0\"",
         0, 2, 1},
        {"a token of no name", "S i5 a5 T6 l", 3,
         "anchor.intent: the token has no name that there can be", 0, 2, 1},
        {"before its intent", "S i5 a5 l i6 z6", 5,
         "anchor: the tree that it attests ends before its intent", 0, 2, 1},
        {"no such tree", "S i5 n5", 2,
         "anchor: attests the tree of 600 records, which was none between its intent and this "
         "record",
         0, 0, 0},
        {"another counter", "S i5 w5", 2, "anchor: attests 6 as the counter, not 5", 0, 0, 0},
        {"unannounced", "S a5", 1, "anchor: no intent announced it", 0, 0, 0},
        {"twice", "S i5 a5 a5", 3, "anchor: no intent announced it", 0, 2, 1},
        {"a downgrade", "S i5 a5 l S l l l", 5,
         "sign.logged: the journal was anchored before, and the agent signs without an anchor since "
         "it started",
         0, 2, 1},
        {"only announced", "S i5 a5 l S i6 l a6", 6,
         "sign.logged: the journal was anchored before, and the agent signs without an anchor since "
         "it started",
         0, 2, 1},
        {"acknowledged", "S i5 a5 l S A9 i10 a10 l i11 a11", 5,
         "anchor.acknowledge: the journal had 5 anchors and the TPM 9, as after a rollback; user "
         "1000 had the agent go on: restored from a copy",
         6, 10, 2},
};

struct rig {
        struct replay_rig model;
        EVP_PKEY *attester;
        size_t intent; /* index of the last one */
};

static void rig_init(struct rig *rig)
{
        *rig = (struct rig){.attester = key_new(algorithm_find("ecdsa-p256"))};
        replay_rig_init(&rig->model);
}

static void rig_done(struct rig *rig)
{
        EVP_PKEY_free(rig->attester);
        replay_rig_done(&rig->model);
}

static json_t *make_logged(const struct rig *rig)
{
        json_t *record = record_begin("sign.logged");

        record_set_asked(record, 1000);
        record_set(record, "digests", json_pack("[s]", MADE_DIGEST));
        record_set_key(record, &rig->model.keys[RIG_MODEL]);
        return record;
}

static json_t *make_counter(const char *type, uint32_t index, uint64_t counter)
{
        char text[ANCHOR_INDEX_TEXT];
        json_t *record = record_begin(type);

        record_set_number(record, "counter", counter);
        record_set_text(record, "index", anchor_index_text(index, text));
        record_set_text(record, "token", "tpm0");
        return record;
}

static json_t *make_intent(struct rig *rig, uint64_t counter)
{
        rig->intent = rig->model.made.count;
        return make_counter("anchor.intent", ANCHOR_INDEX_FIRST, counter);
}

static json_t *make_anchor(struct rig *rig, char kind, uint64_t counter)
{
        size_t size = kind == 'z' ? rig->intent : rig->intent + 1;
        const struct merkle_tree tree = made_tree(&rig->model.made, 0, size);
        _cleanup_(forged_anchor_done) struct forged_anchor said = {
                .key = kind == 'k' ? rig->model.pair : rig->attester,
                .origin = MADE_ORIGIN,
                .index = ANCHOR_INDEX_FIRST + (kind == 'x' || kind == 'o'),
                .counter = counter + (kind == 'w'),
                .root = merkle_root(&tree),
        };
        json_t *record = make_counter("anchor", ANCHOR_INDEX_FIRST + (kind == 'x'), counter);

        said.root.bytes[0] ^= kind == 'r';
        forged_anchor_make(&said);
        record_set_bytes(record, "attestation", buf_view(&said.attestation));
        record_set_bytes(record, "attestationKey", buf_view(&said.spki));
        record_set_bytes(record, "signature", buf_view(&said.signature));
        record_set_number(record, "size", kind == 'n' ? 600 : size);
        return record;
}

static json_t *make_acknowledge(uint64_t counter)
{
        json_t *record = make_counter("anchor.acknowledge", ANCHOR_INDEX_FIRST, counter);

        record_set_asked(record, 1000);
        record_set_text(record, "attestationKey", "");
        record_set_number(record, "expected", 5);
        record_set_text(record, "reason", "restored from a copy");
        return record;
}

static json_t *make(struct rig *rig, char kind, uint64_t counter)
{
        json_t *record;

        switch (kind) {
        case 'S':
                return record_make_start();
        case 'l':
                return make_logged(rig);
        case 'A':
                return make_acknowledge(counter);
        case 'i':
                return make_intent(rig, counter);
        case 't':
        case 'T':
                record = make_intent(rig, counter);
                record_set_text(record, "token",
                                (kind == 't' ? "x" : "t: records 0 to 9; L2b of k"));
                return record;
        default:
                return make_anchor(rig, kind, counter);
        }
}

static void add_all(struct rig *rig, const char *records)
{
        for (const char *next = records; *next; next++) {
                char kind = *next++, *end;
                uint64_t counter = strtoull(next, &end, 10);

                made_add_record(&rig->model.made, make(rig, kind, counter));
                next = end;
                if (!*next)
                        break;
        }
}

static const struct replay_range *last_range(const struct replay_result *result, size_t *ret_count)
{
        const struct replay_range *range = NULL;

        *ret_count = 0;
        for (size_t i = 0; i < result->range_count; i++)
                if (result->ranges[i].level == REPLAY_L1) {
                        range = &result->ranges[i];
                        (*ret_count)++;
                }
        return range;
}

static void test_rows(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct replay_range *range;
                struct replay_result result;
                struct found found;
                struct rig rig;
                size_t count;

                test_label = rows[i].label;
                rig_init(&rig);
                add_all(&rig, rows[i].records);
                found_replay(&rig.model.made, &replay_rule_anchor, &found, &result);
                found_expect(&found, rows[i].index, rows[i].text);
                range = last_range(&result, &count);
                expect_integer(count, rows[i].ranges);
                if (range) {
                        expect_text(view_string(range->of), "tpm0");
                        expect_integer(range->first, rows[i].first);
                        expect_integer(range->end, rows[i].end);
                }
                rig_done(&rig);
        }
        test_label = "";
}

/* Whoever has the log key and takes a record out has another tree than the TPM has attested. */
static void test_removed(void)
{
        struct replay_result result;
        struct found found;
        struct rig rig;
        json_t *record;

        rig_init(&rig);
        add_all(&rig, "S i5 a5 l l l i6");
        record = make_anchor(&rig, 'a', 6);
        record_set_number(record, "size", 6); /* what names a size is made to fit */
        made_add_record(&rig.model.made, record);
        buf_done(&rig.model.made.entries[4]);
        memmove(&rig.model.made.entries[4], &rig.model.made.entries[5],
                3 * sizeof(rig.model.made.entries[0]));
        rig.model.made.count--;
        found_replay(&rig.model.made, &replay_rule_anchor, &found, &result);
        expect_integer(found.count, 1);
        expect_integer(found.index, 6);
        expect_contains(found.text, "anchor: attests another tree than that of this journal");
        rig_done(&rig);
}

static void expect_refused(const char *name, json_t *value, const char *text)
{
        struct replay_result result;
        struct found found;
        struct rig rig;
        json_t *record;

        rig_init(&rig);
        add_all(&rig, "S i5");
        record = make_anchor(&rig, 'a', 5);
        record_set(record, name, value);
        made_add_record(&rig.model.made, record);
        found_replay(&rig.model.made, &replay_rule_anchor, &found, &result);
        expect_integer(found.count, 1);
        expect_text(view_string(found.text), text);
        rig_done(&rig);
}

static void test_malformed(void)
{
        expect_refused("counter", json_integer(-1), "anchor: index or counter is malformed");
        expect_refused("counter", json_integer((json_int_t)1 << 57),
                       "anchor: index or counter is malformed");
        expect_refused("index", json_string("0x01d10300"), "anchor: index or counter is malformed");
        expect_refused("attestation", json_string("?"),
                       "anchor: attestation, attestationKey or signature is no base64");
        expect_refused("attestation", json_string("AAAA"),
                       "anchor: attestation: does not begin as what a TPM makes");
        expect_refused("attestationKey", json_string(""),
                       "anchor: the attestation key is no key of ECDSA P-256");
        expect_refused("signature", json_string(""),
                       "anchor: the attestation key has not signed this attestation");
        expect_refused("size", json_integer(-1),
                       "anchor: attests the tree of -1 records, which was none between its intent "
                       "and this record");
}

/* In the place of the rule of audits: the token attests its commands with that key. */
static struct {
        struct replay *replay;
        struct sha256 key;
} audited;

static int audited_begin(struct replay *replay, void **ret_state)
{
        audited.replay = replay;
        *ret_state = NULL;
        return 0;
}

static int audited_take(void *state, const struct replay_leaf *leaf)
{
        return 0;
}

static int audited_end(void *state)
{
        replay_attested(audited.replay, REPLAY_L2A, "tpm0", &audited.key);
        return 0;
}

static void audited_free(void *state)
{
}

REPLAY_RULE(audited, audited_begin, audited_take, audited_end, audited_free, replay_save_nothing,
            replay_restore_nothing);

static struct sha256 hash_of_key(EVP_PKEY *pair)
{
        _cleanup_(buf_done) struct buf spki = {}, text = {};

        key_put_spki(pair, &spki);
        base64_encode(&text, buf_view(&spki));
        return sha256_of(buf_view(&text));
}

/* Who attests the anchors is told, to be held against what is known of TPMs; it must be the one who
 * attests the commands of that token. */
static void test_attester(void)
{
        static const struct replay_rule *const rules[] = {&replay_rule_audited, &replay_rule_anchor,
                                                          NULL};

        for (int other = 0; other < 2; other++) {
                _cleanup_(journal_freep) struct journal *journal = NULL;
                struct replay_result result;
                struct found found = {};
                struct rig rig;
                const struct replay_options options = {
                        .finding = found_note, .context = &found, .rules = rules};
                struct sha256 expected;

                rig_init(&rig);
                add_all(&rig, "S i5 a5 l i6 a6");
                made_publish(&rig.model.made, rig.model.made.count);
                journal = made_open(&rig.model.made);
                expected = hash_of_key(rig.attester);
                audited.key = other ? hash_of_key(rig.model.pair) : expected;
                expect_integer(
                        replay_journal(journal, &rig.model.made.ring, &options, &result, NULL), 0);
                expect_integer(found.count, other);
                expect_text(
                        view_string(found.text),
                        other ? "anchors of token \"tpm0\" are attested by another key than its "
                                "command audits"
                              : "");
                expect_integer(result.attester_count, 2);
                expect_integer(result.attesters[1].level, REPLAY_L1);
                expect_text(view_string(result.attesters[1].token), "tpm0");
                expect(view_equal(sha256_view(&result.attesters[1].key), sha256_view(&expected)));
                rig_done(&rig);
        }
}

int main(void)
{
        test_attester();
        test_rows();
        test_removed();
        test_malformed();
        return test_result();
}
