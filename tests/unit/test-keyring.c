/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/keyring.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/key.h"

#include <errno.h>

#define ORIGIN "example.org/host42"

static struct keyring_key make_key(const char *name, uint32_t version, enum key_state state)
{
        struct keyring_key key = {
                .token = "tpm0",
                .created = "2026-11-22T10:00:00.000000Z",
                .version = version,
                .algorithm = algorithm_find("ecdsa-p256"),
                .purpose = KEY_MODEL,
                .state = state,
        };
        _cleanup_(key_freep) EVP_PKEY *pair = key_new(key.algorithm);

        memcpy(key.name, name, strlen(name) + 1);
        key.pubkey = key_public(pair);
        return key;
}

static void set_time(char ret[KEY_TIME_SIZE], const char *time)
{
        (void)snprintf(ret, KEY_TIME_SIZE, "%s", time);
}

/* Two versions of "model", and "release" between whose versions 2 and 10 text order would err. */
static void make_keys(struct keyring_key ret[4])
{
        ret[0] = make_key("release", 10, KEY_ACTIVE);
        ret[0].transparency = TRANSPARENCY_REKOR;
        ret[1] = make_key("model", 2, KEY_ACTIVE);
        ret[2] = make_key("release", 2, KEY_REVOKED);
        ret[3] = make_key("model", 1, KEY_RETIRED);
}

static void test_round_trip(void)
{
        _cleanup_(buf_done) struct buf text = {}, again = {};
        _cleanup_(keyring_done) struct keyring ring = {};
        struct keyring_key keys[4];

        make_keys(keys);
        expect_integer(keyring_put(&text, ORIGIN, keys, 4), 0);
        expect_integer(keyring_parse(buf_view(&text), &ring, NULL), 0);
        expect_integer(ring.count, 4);
        expect(ring.origin && string_equal(ring.origin, ORIGIN));
        expect_integer(keyring_put(&again, ring.origin, ring.keys, ring.count), 0);
        expect_view(buf_view(&again), buf_view(&text));
        expect_integer(ring.keys[2].version, 2);
        expect_integer(ring.keys[3].version, 10);
        expect_integer(ring.keys[2].transparency, TRANSPARENCY_NONE);
        expect_integer(ring.keys[3].transparency, TRANSPARENCY_REKOR);
        expect(keyring_find(&ring, "release", 0) == &ring.keys[3]);
        expect(keyring_find(&ring, "release", 2) == &ring.keys[2]);
        expect(keyring_find(&ring, "release", 3) == NULL);
        expect(keyring_find(&ring, "other", 0) == NULL);
        expect(keyring_find_fingerprint(&ring, pubkey_fingerprint(keys[3].pubkey)) ==
               &ring.keys[0]);
        expect(keyring_find_fingerprint(&ring, &(struct sha256){}) == NULL);
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                keyring_key_done(&keys[i]);
}

/* All that can be said of an end is in the text, and comes back from it. */
static void test_ends(void)
{
        _cleanup_(buf_done) struct buf text = {}, again = {};
        _cleanup_(keyring_done) struct keyring ring = {};
        struct keyring_key keys[] = {make_key("model", 1, KEY_REVOKED),
                                     make_key("model", 2, KEY_ACTIVE)};

        set_time(keys[0].ended, "2026-11-22T11:00:00.000000Z");
        set_time(keys[0].revoked, "2026-11-22T09:00:00.000000Z");
        set_time(keys[0].destroyed, "2026-11-22T12:00:00.000000Z");
        set_time(keys[1].created, "2026-11-22T11:00:00.000000Z");
        (void)snprintf(keys[0].reason, sizeof(keys[0].reason), "the host was lost");
        expect_integer(keyring_put(&text, ORIGIN, keys, 2), 0);
        expect_integer(keyring_parse(buf_view(&text), &ring, NULL), 0);
        expect_integer(keyring_put(&again, ring.origin, ring.keys, ring.count), 0);
        expect_view(buf_view(&again), buf_view(&text));
        expect_text(view_string(ring.keys[0].ended), "2026-11-22T11:00:00.000000Z");
        expect_text(view_string(ring.keys[0].revoked), "2026-11-22T09:00:00.000000Z");
        expect_text(view_string(ring.keys[0].destroyed), "2026-11-22T12:00:00.000000Z");
        expect_text(view_string(ring.keys[0].reason), "the host was lost");
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                keyring_key_done(&keys[i]);
}

/* One place of a ring that is changed, and what it is refused for. */
struct edit_case {
        const char *from, *to, *reason;
};

static void expect_refused(struct view ring, const struct edit_case *cases, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                _cleanup_(buf_done) struct buf edited = {};
                struct keyring other = {};
                struct problem problem = {};

                test_label = cases[i].reason;
                edit_first(&edited, ring, cases[i].from, cases[i].to);
                expect_integer(keyring_parse(buf_view(&edited), &other, &problem), -EBADMSG);
                expect_contains(problem.text, cases[i].reason);
        }
        test_label = "";
}

/* Of two that are active one says how long it goes on beside the other. */
static void test_overlap(void)
{
        static const struct edit_case cases[] = {
                {"\"overlap\":\"2026-11-22T12", "\"overlap\":\"2026-11-22T09",
                 "key model version 1: its window runs backward: created 2026-11-22T10:00:00.000000Z, "
                 "overlap 2026-11-22T09"},
                {"\"overlap\":\"2026-11-22T12", "\"overlap\":\"2026-11-22T10",
                 "key model version 1: overlap until 2026-11-22T10:00:00.000000Z, and version 2 was "
                 "created 2026-11-22T11"},
                {"\"overlap\":\"2026-11-22T12:00:00.000000Z\",", "",
                 "key model version 2: a lower version is active as well"},
                {"\"state\":\"active\"",
                 "\"ended\":\"2026-11-22T13:00:00.000000Z\",\"state\":\"retired\"",
                 "key model version 1: ended 2026-11-22T13:00:00.000000Z, after its overlap until "
                 "2026-11-22T12"},
                {"\"overlap\":\"2026-11-22T12:00:00.000000Z\"", "\"overlap\":\"soon\"",
                 "key model: overlap: expected YYYY"},
                {"\"name\":\"model\"", "\"name\":\"medal\"",
                 "key medal version 1: overlap: no version follows it"},
        };
        _cleanup_(buf_done) struct buf text = {}, again = {};
        _cleanup_(keyring_done) struct keyring ring = {};
        struct keyring_key keys[] = {make_key("model", 1, KEY_ACTIVE),
                                     make_key("model", 2, KEY_ACTIVE)};

        set_time(keys[0].overlap, "2026-11-22T12:00:00.000000Z");
        set_time(keys[1].created, "2026-11-22T11:00:00.000000Z");
        expect_integer(keyring_put(&text, ORIGIN, keys, 2), 0);
        expect_integer(keyring_parse(buf_view(&text), &ring, NULL), 0);
        expect_integer(keyring_put(&again, ring.origin, ring.keys, ring.count), 0);
        expect_view(buf_view(&again), buf_view(&text));
        expect(keyring_find(&ring, "model", 0) == &ring.keys[1]);
        expect(keyring_find(&ring, "model", 1) == &ring.keys[0]);
        expect_refused(buf_view(&text), cases, ARRAY_SIZE(cases));
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                keyring_key_done(&keys[i]);
}

/* Of evidence the form is checked, and comes back in one text. */
static void test_evidence(void)
{
        static const struct edit_case cases[] = {
                {"\"kind\":\"pkcs11\"", "\"kind\":\"tpm2\"",
                 "key model: evidence: attestation: expected a string"},
                {"\"kind\":\"pkcs11\"", "\"kind\":\"vault\"",
                 "key model: evidence: kind: expected tpm2 or pkcs11"},
                {"{\"kind\"", "{\"extra\":\"\",\"kind\"",
                 "key model: evidence: unknown member \"extra\""},
                {"\"evidence\":{", "\"evidence\":{\"certificates\":[],",
                 "key model: evidence: certificates: expected 1 to 8 of them"},
        };
        _cleanup_(buf_done) struct buf text = {}, again = {};
        _cleanup_(keyring_done) struct keyring ring = {};
        struct keyring_key key = make_key("model", 1, KEY_ACTIVE);

        key.evidence =
                json_pack("{s:s, s:{s:s}}", "kind", "pkcs11", "selfAsserted", "CKA_LOCAL", "true");
        expect_integer(keyring_put(&text, ORIGIN, &key, 1), 0);
        expect_integer(keyring_parse(buf_view(&text), &ring, NULL), 0);
        expect_integer(keyring_put(&again, ring.origin, ring.keys, ring.count), 0);
        expect_view(buf_view(&again), buf_view(&text));
        expect_refused(buf_view(&text), cases, ARRAY_SIZE(cases));
        keyring_key_done(&key);
}

/* A key that is held elsewhere has no token, nor what only tokens say or do. */
static void test_imported(void)
{
        static const struct edit_case cases[] = {
                {"\"imported\":\"2026-11-22T12:00:00.000000Z\",", "",
                 "key old: expected a member \"token\" or \"imported\""},
                {"\"version\"", "\"token\":\"tpm0\",\"version\"",
                 "key old: token: not of a key that was imported"},
                {"\"fingerprint\"",
                 "\"evidence\":{\"kind\":\"pkcs11\",\"selfAsserted\":{}},\"fingerprint\"",
                 "key old: evidence: not of a key that was imported"},
                {"\"version\"", "\"transparency\":\"rekor\",\"version\"",
                 "key old: transparency: not of a key that was imported"},
                {"\"purpose\":\"model\"", "\"purpose\":\"log\"",
                 "key old: purpose log: not of a key that was imported"},
                {"\"imported\":\"2026-11-22T12", "\"imported\":\"2026-11-22T09",
                 "key old: created 2026-11-22T10:00:00.000000Z, imported "
                 "2026-11-22T09:00:00.000000Z before that"},
                {"\"imported\":\"2026-11-22T12:00:00.000000Z\"", "\"imported\":\"then\"",
                 "key old: imported: expected YYYY-MM-DDThh:mm:ss.ffffffZ"},
        };
        _cleanup_(buf_done) struct buf text = {}, again = {};
        _cleanup_(keyring_done) struct keyring ring = {};
        struct keyring_key key = make_key("old", 1, KEY_ACTIVE);

        key.token[0] = '\0';
        set_time(key.imported, "2026-11-22T12:00:00.000000Z");
        expect_integer(keyring_put(&text, ORIGIN, &key, 1), 0);
        expect_integer(keyring_parse(buf_view(&text), &ring, NULL), 0);
        expect_text(view_string(ring.keys[0].imported), "2026-11-22T12:00:00.000000Z");
        expect_text(view_string(ring.keys[0].token), "");
        expect_integer(keyring_put(&again, ring.origin, ring.keys, ring.count), 0);
        expect_view(buf_view(&again), buf_view(&text));
        expect_refused(buf_view(&text), cases, ARRAY_SIZE(cases));
        keyring_key_done(&key);
}

static void test_empty(void)
{
        _cleanup_(buf_done) struct buf text = {};
        _cleanup_(keyring_done) struct keyring ring = {};

        expect_integer(keyring_put(&text, ORIGIN, NULL, 0), 0);
        expect_text(buf_view(&text), "{\"keys\":[],\"origin\":\"" ORIGIN
                                     "\",\"type\":\"hallmark-keyring\",\"v\":1}\n");
        expect_integer(keyring_parse(buf_view(&text), &ring, NULL), 0);
        expect_integer(ring.count, 0);
}

static const struct {
        const char *from, *to;
        int error;
        const char *reason; /* part of it */
} edits[] = {
        {"}\n", "}", -EBADMSG, "canonical"},
        {"}\n", "}\n\n", -EBADMSG, "canonical"},
        {"{\"keys\"", "{ \"keys\"", -EBADMSG, "canonical"},
        {"\"v\":1}", "\"v\":2}", -EBADMSG, "v: expected 1, found 2"},
        {"\"v\":1}", "\"v\":1,\"w\":1}", -EBADMSG, "unknown member \"w\""},
        {",\"v\":1}", "}", -EBADMSG, "\"v\" is missing"},
        {"hallmark-keyring", "keyring", -EBADMSG, "type: expected"},
        {ORIGIN, "", -EBADMSG, "origin"},
        {ORIGIN, "a b", -EBADMSG, "origin"},
        {"retired", "active", -EBADMSG, "a lower version is active"},
        {"retired", "gone", -EBADMSG, "unknown state \"gone\""},
        {"\"version\":1}", "\"version\":3}", -EBADMSG, "ordered by name and version"},
        {"\"version\":1}", "\"version\":2}", -EBADMSG, "each once"},
        {"\"version\":1}", "\"version\":0}", -EBADMSG, "found 0"},
        {"\"version\":1}", "\"version\":-1}", -EBADMSG, "found -1"},
        {"\"version\":1}", "\"version\":4294967296}", -EBADMSG, "found 4294967296"},
        {"\"version\":1}", "\"version\":\"1\"}", -EBADMSG, "expected an integer"},
        {"\"name\":\"model\"", "\"name\":\"zmodel\"", -EBADMSG, "ordered by name"},
        {"\"name\":\"model\"", "\"name\":\"../model\"", -EBADMSG, "member \"name\""},
        {"\"name\":\"model\"", "\"name\":\"\"", -EBADMSG, "member \"name\""},
        {"\"token\":\"tpm0\"", "\"token\":\"t p\"", -EBADMSG, "member \"token\""},
        {"\"purpose\":\"model\"", "\"purpose\":\"any\"", -EBADMSG, "unknown purpose \"any\""},
        {"\"version\":1", "\"transparency\":\"none\",\"version\":1", -EBADMSG,
         "unknown transparency \"none\""},
        {"\"version\":1", "\"useCounter\":\"0x01d10400\",\"version\":1", -EBADMSG,
         "useCounter: expected 0x01d10300 to 0x01d103ff, found \"0x01d10400\""},
        {"\"version\":1", "\"useCounter\":30474240,\"version\":1", -EBADMSG, "expected a string"},
        {"\"version\":1", "\"version\":1,\"witness\":\"MAA=\"", -EBADMSG,
         "witness: no ECDSA key on P-256"},
        {"\"version\":1", "\"transparency\":1,\"version\":1", -EBADMSG, "expected a string"},
        {"\"algorithm\":\"ecdsa-p256\"", "\"algorithm\":\"ecdsa-p384\"", -EBADMSG,
         "not of algorithm ecdsa-p384"},
        {"\"algorithm\":\"ecdsa-p256\"", "\"algorithm\":\"none\"", -EOPNOTSUPP,
         "unknown algorithm \"none\""},
        {"T10:00:00", " 10:00:00", -EBADMSG, "created"},
        {".000000Z", "Z", -EBADMSG, "created"},
        {"BEGIN PUBLIC", "BEGIN PUBIC", -EBADMSG, "no PEM public key"},
        {"-----BEGIN", "x\\n-----BEGIN", -EBADMSG, "one PEM block"},
        {"\"fingerprint\":\"", "\"fingerprint\":\"0", -EBADMSG, "fingerprint"},
        {"\"version\":1}", "\"version\":1,\"ended\":\"2026\"}", -EBADMSG, "ended: expected YYYY"},
        {"\"state\":\"retired\"", "\"ended\":\"2026-11-22T09:00:00.000000Z\",\"state\":\"retired\"",
         -EBADMSG, "model version 1: its window runs backward: created 2026-11-22T10:00:00"},
        {"\"state\":\"retired\"", "\"ended\":\"2026-11-22T11:00:00.000000Z\",\"state\":\"retired\"",
         -EBADMSG, "key model: the windows of versions 1 and 2 overlap: ended 2026-11-22T11:00:00"},
        {"\"state\":\"retired\"",
         "\"destroyed\":\"2026-11-22T11:00:00.000000Z\",\"state\":\"destroyed\"", -EBADMSG,
         "key model: the windows of versions 1 and 2 overlap: destroyed 2026-11-22T11:00:00"},
        {"\"2026-11-22T10:00:00", "\"2026-11-22T10:00:01", -EBADMSG,
         "key model: versions 1 and 2 run backward: created 2026-11-22T10:00:01"},
        {"\"state\":\"active\"", "\"ended\":\"2026-11-22T11:00:00.000000Z\",\"state\":\"active\"",
         -EBADMSG, "model version 2: ended: not of a key that is active"},
        {"\"state\":\"retired\"",
         "\"revoked\":\"2026-11-22T11:00:00.000000Z\",\"state\":\"retired\"", -EBADMSG,
         "revoked: not of a key that is retired"},
        {"\"state\":\"retired\"",
         "\"destroyed\":\"2026-11-22T11:00:00.000000Z\",\"state\":\"retired\"", -EBADMSG,
         "destroyed: not of a key that is retired"},
        {"\"state\":\"retired\"", "\"reason\":\"\",\"state\":\"retired\"", -EBADMSG,
         "reason: expected 1 to 256 bytes, found 0"},
        {"{\"algorithm\"", "{\"Algorithm\":1,\"algorithm\"", -EBADMSG, "unknown member"},
        {"{\"algorithm\"", "7,{\"algorithm\"", -EBADMSG, "entry 0: key: expected an object"},
};

static void test_edits(void)
{
        _cleanup_(buf_done) struct buf text = {};
        struct keyring_key keys[4];

        make_keys(keys);
        expect_integer(keyring_put(&text, ORIGIN, keys, 4), 0);
        for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
                _cleanup_(keyring_done) struct keyring ring = {};
                _cleanup_(buf_done) struct buf edited = {};
                struct problem problem = {};

                test_label = edits[i].to;
                edit_first(&edited, buf_view(&text), edits[i].from, edits[i].to);
                expect_integer(keyring_parse(buf_view(&edited), &ring, &problem), edits[i].error);
                expect_contains(problem.text, edits[i].reason);
                expect(ring.keys == NULL && ring.origin == NULL);
        }
        test_label = "";
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                keyring_key_done(&keys[i]);
}

/* The public half of one key under the name of another: which of the two signed? */
static void test_same_key_twice(void)
{
        _cleanup_(buf_done) struct buf text = {};
        _cleanup_(keyring_done) struct keyring ring = {};
        struct keyring_key keys[2] = {make_key("a", 1, KEY_ACTIVE), {}};
        struct problem problem = {};

        keys[1] = keys[0];
        keys[1].name[0] = 'b';
        expect_integer(keyring_put(&text, ORIGIN, keys, 2), 0);
        expect_integer(keyring_parse(buf_view(&text), &ring, &problem), -EBADMSG);
        expect_contains(problem.text, "are the same key");
        keyring_key_done(&keys[0]);
}

static void test_names(void)
{
        static const char *const good[] = {"a", "Z9", "0", "a.b_c-d", "m..", "7-"};
        static const char *const bad[] = {"", ".", "-a", "_a", "a/b", "a b", "\xc3\xa9", "a\n"};
        char name[KEY_NAME_MAX + 2];

        for (size_t i = 0; i < ARRAY_SIZE(good); i++)
                expect(key_name_is_valid(good[i]));
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                expect(!key_name_is_valid(bad[i]));
        memset(name, 'a', sizeof(name));
        name[KEY_NAME_MAX] = '\0';
        expect(key_name_is_valid(name));
        name[KEY_NAME_MAX] = 'a';
        name[KEY_NAME_MAX + 1] = '\0';
        expect(!key_name_is_valid(name));
}

static void test_words(void)
{
        enum key_state state;
        enum key_purpose purpose;

        for (enum key_state i = KEY_ACTIVE; i <= KEY_DESTROYED; i++)
                expect(key_state_parse(key_state_name(i), &state) == 0 && state == i);
        for (enum key_purpose i = KEY_GENERAL; i <= KEY_LOG; i++)
                expect(key_purpose_parse(key_purpose_name(i), &purpose) == 0 && purpose == i);
        expect_integer(key_state_parse("Active", &state), -EBADMSG);
        expect_integer(key_purpose_parse("", &purpose), -EBADMSG);
}

static void test_load(void)
{
        _cleanup_(keyring_done) struct keyring ring = {};
        struct problem problem = {};

        expect_integer(keyring_load("/nonexistent/ring", &ring, &problem), -ENOENT);
        expect_contains(problem.text, "/nonexistent/ring: ");
        problem.text[0] = '\0';
        expect_integer(keyring_load("/dev/null", &ring, &problem), -EINVAL);
        expect_contains(problem.text, "not a regular file");
}

int main(void)
{
        test_round_trip();
        test_ends();
        test_empty();
        test_evidence();
        test_overlap();
        test_imported();
        test_edits();
        test_same_key_twice();
        test_names();
        test_words();
        test_load();
        return test_result();
}
