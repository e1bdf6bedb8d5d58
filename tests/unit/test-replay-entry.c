/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"
#include "lib/hashedrekord.h"
#include "lib/replay-rule.h"
#include "lib/replay-state.h"
#include "tests/unit/edit.h"
#include "tests/unit/key.h"

#include <errno.h>

#define TOKEN                                                                                      \
        "{\"boot\":\"0123456789abcdef0123456789abcdef\",\"reason\":\"\",\"state\":\"ready\","      \
        "\"time\":\"2026-11-22T10:00:00.000000Z\",\"token\":\"t\",\"type\":\"token\",\"v\":1}"

/* One key of each kind, and a signature of each: its record, and its entry. */
enum { CLEAR, OPAQUE, KINDS };

static struct {
        struct keyring_key keys[KINDS];
        struct keyring ring;
        struct buf records[KINDS];
        struct buf entries[KINDS];
} made;

static void put_record(const struct keyring_key *key, struct view digest, struct view signature,
                       struct buf *ret)
{
        _cleanup_(buf_done) struct buf digest_text = {}, base64 = {};
        char fingerprint[HEX_SIZE(SHA256_SIZE)];
        json_t *record;

        digest_put(&digest_text, "sha256", digest);
        base64_encode(&base64, signature);
        (void)hex_encode(sha256_view(pubkey_fingerprint(key->pubkey)), fingerprint);
        record = json_pack("{s:s, s:s, s:s, s:i, s:s, s:{s:i, s:s, s:i, s:i}, s:s, s:s, s:s, s:s, "
                           "s:i, s:s%, s:s%}",
                           "boot", "0123456789abcdef0123456789abcdef", "time",
                           "2026-11-22T10:00:00.000000Z", "type", "sign", "v", 1, "algorithm",
                           "ecdsa-p256", "caller", "gid", 0, "identity", "pidfd", "pid", 1, "uid",
                           0, "fingerprint", fingerprint, "grant", "g", "request", "1.1", "key",
                           key->name, "version", 1, "digest", digest_text.data, digest_text.size,
                           "signature", base64.data, base64.size);
        assert(record);
        json_put(ret, record);
        json_decref(record);
}

static void make(unsigned kind, const char *name, enum key_transparency transparency)
{
        static const uint8_t zeros[SHA256_SIZE];
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");
        _cleanup_(key_freep) EVP_PKEY *pair = key_new(algorithm);
        _cleanup_(buf_done) struct buf signature = {};
        struct view digest = view_of(zeros, sizeof(zeros));
        struct keyring_key *key = &made.keys[kind];
        int r;

        *key = (struct keyring_key){.version = 1, .algorithm = algorithm};
        key->transparency = transparency;
        key->pubkey = key_public(pair);
        memcpy(key->name, name, strlen(name) + 1);
        key_sign(pair, algorithm, digest, &signature);
        put_record(key, digest, buf_view(&signature), &made.records[kind]);
        r = hashedrekord_put(&made.entries[kind], key->pubkey, algorithm, digest,
                             buf_view(&signature));
        assert(r == 0);
}

/* The leaves of a journal: C and O are signatures of a transparent and of another key, c and o
 * their entries, t another record, x no record, b a bad entry, ? a leaf that is lost. */
static const struct {
        const char *leaves;
        const char *found; /* one for each leaf: - or a character of the reason */
} journals[] = {
        {"", ""},       {"Cc", "--"},   {"tCcOtCcCct", "----------"},
        {"C", "m"},     {"Ct", "m-"},   {"CCc", "m--"},
        {"Cx", "m-"},   {"COc", "m-n"}, {"Ctc", "m-n"},
        {"Ccc", "--n"}, {"c", "n"},     {"Oo", "-n"},
        {"Co", "-d"},   {"Cb", "-b"},   {"b", "b"},
        {"Coc", "-dn"}, {"xc", "-n"},   {"C?t", "---"},
};

static struct view leaf_of(char leaf)
{
        switch (leaf) {
        case 'C':
                return buf_view(&made.records[CLEAR]);
        case 'O':
                return buf_view(&made.records[OPAQUE]);
        case 'c':
                return buf_view(&made.entries[CLEAR]);
        case 'o':
                return buf_view(&made.entries[OPAQUE]);
        case 't':
                return view_string(TOKEN);
        case 'b':
                return view_string("{\"apiVersion\":\"0.0.2\",\"kind\":\"hashedrekord\"}");
        case 'x':
                return view_string("x");
        default:
                return (struct view){};
        }
}

static const struct keyring_key *key_of(char leaf)
{
        if (leaf == 't')
                return NULL;
        return &made.ring.keys[leaf == 'C' ? CLEAR : OPAQUE];
}

static const char *reason_of(char found)
{
        switch (found) {
        case 'm':
                return "sign: expected its Sigstore entry directly after it";
        case 'n':
                return "no signature of a transparent key is before it";
        case 'd':
                return "not of the signature before it";
        case 'b':
                return "not the canonical text";
        default:
                return NULL;
        }
}

/* What is found, at its leaf. */
static void note_finding(const struct replay_finding *finding, void *context)
{
        const char *expected = context;
        const char *reason = reason_of(expected[finding->index]);

        expect(reason);
        expect_contains(finding->text, reason ? reason : "");
        expect(string_equal(finding->where, "here"));
}

/* As an auditor does who leaves and comes back. */
static void come_back(struct replay *replay, void **state)
{
        _cleanup_(json_decrefp) json_t *saved = json_object(), *again = json_object();
        void *next = NULL;

        expect_integer(replay_rule_entry.save(*state, saved), 0);
        expect_integer(replay_rule_entry.begin(replay, &next), 0);
        expect_integer(replay_rule_entry.restore(next, saved, NULL), 0);
        expect_integer(replay_rule_entry.save(next, again), 0);
        expect(json_equal(saved, again));
        replay_rule_entry.free(*state);
        *state = next;
}

static void take(const char *leaves, struct replay *replay, void **state, int in_steps)
{
        for (size_t i = 0; i < strlen(leaves); i++) {
                struct record record;
                struct replay_leaf leaf = {
                        .index = i, .where = "here", .bytes = leaf_of(leaves[i])};

                if (strchr("COt", leaves[i])) {
                        expect_integer(record_scan(leaf.bytes, &record), 0);
                        leaf.record = &record;
                        leaf.key = key_of(leaves[i]);
                }
                if (in_steps)
                        come_back(replay, state);
                expect_integer(replay_rule_entry.take(*state, &leaf), 0);
        }
}

static size_t count_found(const char *found)
{
        size_t count = 0;

        for (; *found; found++)
                count += *found != '-';
        return count;
}

static void test_journal(size_t i, int in_steps)
{
        char found[16] = "";
        struct replay_options options = {.finding = note_finding, .context = found};
        struct replay_result result = {};
        struct replay replay = {.ring = &made.ring, .options = &options, .result = &result};
        void *state = NULL;

        test_label = journals[i].leaves;
        memcpy(found, journals[i].found, strlen(journals[i].found) + 1);
        expect_integer(replay_rule_entry.begin(&replay, &state), 0);
        take(journals[i].leaves, &replay, &state, in_steps);
        expect_integer(replay_rule_entry.end(state), 0);
        expect_integer(result.findings, count_found(found));
        replay_rule_entry.free(state);
        told_done(&replay.told);
}

static void test_journals(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(journals); i++) {
                test_journal(i, 0);
                test_journal(i, 1);
        }
        test_label = "";
        replay_rule_entry.free(NULL);
}

int main(void)
{
        make(CLEAR, "clear", TRANSPARENCY_REKOR);
        make(OPAQUE, "opaque", TRANSPARENCY_NONE);
        made.ring = (struct keyring){.keys = made.keys, .count = KINDS};
        test_journals();
        for (unsigned i = 0; i < KINDS; i++) {
                buf_done(&made.records[i]);
                buf_done(&made.entries[i]);
                keyring_key_done(&made.keys[i]);
        }
        return test_result();
}
