/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"
#include "lib/record.h"
#include "lib/tile.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/key.h"

#include <errno.h>

#define BOOT   "\"boot\":\"0123456789abcdef0123456789abcdef\""
#define TIME   "\"time\":\"2026-11-22T10:00:00.000000Z\""
#define HASH   "abababababababababababababababababababababababababababababababab"
#define CALLER "{\"gid\":1000,\"identity\":\"pidfd\",\"pid\":4242,\"uid\":1000}"
#define TOKEN                                                                                      \
        "{" BOOT ",\"reason\":\"answers\",\"state\":\"ready\"," TIME                               \
        ",\"token\":\"tpm0\",\"type\":\"token\",\"v\":1}"
#define SIGN                                                                                       \
        "{\"algorithm\":\"ecdsa-p256\"," BOOT ",\"caller\":" CALLER ",\"digest\":\"sha256:" HASH   \
        "\",\"fingerprint\":\"" HASH "\",\"grant\":\"training\",\"key\":\"model\","                \
        "\"request\":\"r1\",\"signature\":\"AAAA\"," TIME ",\"type\":\"sign\",\"v\":1,"            \
        "\"version\":1}"
#define LOGGED                                                                                     \
        "{" BOOT ",\"caller\":" CALLER ",\"digests\":[\"sha256:" HASH "\",\"sha256:" HASH "\"],"   \
        "\"fingerprint\":\"" HASH "\",\"grant\":\"training\",\"key\":\"model\","                   \
        "\"request\":\"r1\"," TIME ",\"type\":\"sign.logged\",\"v\":1,\"version\":1}"

static int parse(struct view entry, struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *record = NULL;
        int r = record_parse(entry, &record, problem);

        expect((r == 0) == (record != NULL));
        return r;
}

static void test_good(void)
{
        static const char *const records[] = {
                TOKEN,
                SIGN,
                LOGGED,
                "{" BOOT ",\"cosignature\":\"\xe2\x80\x94 w AAAA\",\"root\":\"sha256:" HASH
                "\",\"size\":7," TIME ",\"type\":\"checkpoint.witness\",\"v\":1,\"witness\":\"w\"}",
                "{" BOOT ",\"reason\":\"asked to\"," TIME ",\"type\":\"agent.stop\",\"v\":1}",
                "{" BOOT ",\"config\":\"sha256:" HASH "\"," TIME ",\"type\":\"config\",\"v\":1}",
                "{" BOOT ",\"caller\":" CALLER ",\"config\":\"sha256:" HASH "\"," TIME
                ",\"type\":\"config\",\"v\":1}",
                "{" BOOT ",\"caller\":" CALLER ",\"count\":3,\"error\":\"NotGranted\","
                "\"method\":\"Sign\",\"reason\":\"no grant\"," TIME ",\"type\":\"refuse\",\"v\":1}",
        };

        for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
                struct problem problem = {};

                test_label = records[i];
                expect_integer(parse(view_string(records[i]), &problem), 0);
                expect_text(view_string(problem.text), "");
        }
        test_label = "";
}

static const struct {
        const char *label, *record, *from, *to, *problem;
} changes[] = {
        {"white space", TOKEN, ":1", ": 1", "record: not in canonical form"},
        {"escape", TOKEN, "answers", "answer\\u0073", "record: not in canonical form"},
        {"newline after", TOKEN, "1}", "1}\n", "record: not in canonical form"},
        {"member order", TOKEN, "\"type\":\"token\",\"v\":1", "\"v\":1,\"type\":\"token\"",
         "record: not in canonical form"},
        {"member twice", TOKEN, "\"v\":1", "\"v\":1,\"v\":1",
         "record: JSON line 1 column 154: duplicate object key near '\"v\"'"},
        {"no JSON", TOKEN, "{", "", "record: JSON line 1 column 6"},
        {"boolean", TOKEN, "\"answers\"", "true", "record: only strings and integers expected"},
        {"null", TOKEN, "\"answers\"", "null", "record: only strings and integers expected"},
        {"real number", TOKEN, "\"v\":1", "\"v\":1.0",
         "record: only strings and integers expected"},
        {"version", TOKEN, "\"v\":1", "\"v\":2", "token: expected version 1"},
        {"version zero", TOKEN, "\"v\":1", "\"v\":0", "token: expected version 1"},
        {"version as text", TOKEN, "\"v\":1", "\"v\":\"1\"",
         "token: member \"v\": expected an integer, found a string"},
        {"unknown type", TOKEN, "\"type\":\"token\"", "\"type\":\"Token\"",
         "record: unknown type \"Token\""},
        {"no type", TOKEN, "\"type\":\"token\",", "", "record: unknown type \"\""},
        {"type no text", TOKEN, "\"type\":\"token\"", "\"type\":1", "record: unknown type \"\""},
        {"no boot", TOKEN, BOOT ",", "", "token: member \"boot\" is missing"},
        {"no time", TOKEN, TIME ",", "", "token: member \"time\" is missing"},
        {"time without microseconds", TOKEN, ".000000Z", "Z",
         "token: time is not RFC 3339 in microseconds"},
        {"time with a zone", TOKEN, ".000000Z", ".000000+00:00",
         "token: time is not RFC 3339 in microseconds"},
        {"missing member", SIGN, "\"grant\":\"training\",", "",
         "sign: member \"grant\" is missing"},
        {"member of another type", TOKEN, "\"state\"", "\"request\":\"r1\",\"state\"",
         "token: unknown member \"request\""},
        {"no caller", SIGN, "\"caller\":" CALLER ",", "", "sign: member \"caller\" is missing"},
        {"caller no object", SIGN, CALLER, "\"root\"",
         "sign: member \"caller\": expected an object, found a string"},
        {"caller without pid", SIGN, "\"pid\":4242,", "", "caller: member \"pid\" is missing"},
        {"caller with more", SIGN, "\"uid\":1000", "\"uid\":1000,\"unitx\":\"a\"",
         "caller: unknown member \"unitx\""},
        {"claims no object", SIGN, "\"digest\"", "\"claims\":[],\"digest\"",
         "sign: member \"claims\": expected an object, found an array"},
        {"logged without digests", LOGGED, "\"sha256:" HASH "\",\"sha256:" HASH "\"", "",
         "sign.logged: expected 1 to 256 digests, found 0"},
        {"logged digests no array", LOGGED, "[\"sha256:" HASH "\",\"sha256:" HASH "\"]",
         "\"sha256:" HASH "\"",
         "sign.logged: member \"digests\": expected an array, found a string"},
        {"logged digest no string", LOGGED, "[\"sha256:" HASH "\"", "[1",
         "sign.logged: digest 0: expected a string"},
        {"logged with a signature", LOGGED, "," TIME, ",\"signature\":\"AAAA\"," TIME,
         "sign.logged: unknown member \"signature\""},
        {"claims with a boolean", SIGN, "\"digest\"",
         "\"claims\":{\"a\":{\"b\":[true]}},\"digest\"",
         "record: only strings and integers expected"},
};

static void test_refused(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
                _cleanup_(buf_done) struct buf entry = {};
                struct problem problem = {};

                test_label = changes[i].label;
                edit_first(&entry, view_string(changes[i].record), changes[i].from, changes[i].to);
                expect_integer(parse(buf_view(&entry), &problem), -EBADMSG);
                expect_contains(problem.text, changes[i].problem);
        }
        test_label = "";
}

/* A record of exactly the longest size passes, one byte more does not. */
static void test_longest(void)
{
        _cleanup_(buf_done) struct buf filling = {}, entry = {}, longer = {};
        struct problem problem = {};

        while (filling.size < ENTRY_SIZE_MAX - strlen(TOKEN))
                buf_put_u8(&filling, 'x');
        buf_put_string(&filling, "answers");
        buf_put_u8(&filling, '\0');
        edit_first(&entry, view_string(TOKEN), "answers", (const char *)filling.data);
        expect_integer(entry.size, ENTRY_SIZE_MAX);
        expect_integer(parse(buf_view(&entry), &problem), 0);
        edit_first(&longer, buf_view(&entry), "answers", "answers!");
        expect_integer(parse(buf_view(&longer), &problem), -EBADMSG);
        expect_text(view_string(problem.text), "record: longer than 65535 bytes");
}

static void test_times(void)
{
        static const struct {
                uint64_t usec;
                const char *text;
        } rows[] = {
                {0, "1970-01-01T00:00:00.000000Z"},
                {1, "1970-01-01T00:00:00.000001Z"},
                {1000000, "1970-01-01T00:00:01.000000Z"},
                {951782400000000, "2000-02-29T00:00:00.000000Z"},
                {1795341599999999, "2026-11-22T09:59:59.999999Z"},
                {4102444800000000, "2100-01-01T00:00:00.000000Z"},
                {253402300799999999, "9999-12-31T23:59:59.999999Z"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char text[RECORD_TIME_SIZE];

                expect(record_time(rows[i].usec, text) == text);
                expect_text(view_string(text), rows[i].text);
                expect(record_time_is_valid(text));
        }
}

/* Years that do not fit must not make a time of another shape. */
static void test_times_out_of_range(void)
{
        static const uint64_t usecs[] = {253402300800000000, UINT64_MAX / 2, UINT64_MAX};

        for (size_t i = 0; i < ARRAY_SIZE(usecs); i++) {
                char text[RECORD_TIME_SIZE];

                expect(record_time_is_valid(record_time(usecs[i], text)));
        }
}

static void test_time_shapes(void)
{
        static const char *const refused[] = {
                "",
                "2026-11-22",
                "2026-11-22T10:00:00Z",
                "2026-11-22T10:00:00.000Z",
                "2026-11-22 10:00:00.000000Z",
                "2026-11-22t10:00:00.000000z",
                "2026-11-22T10:00:00.000000Z ",
                "02026-11-22T10:00:00.000000Z",
                "2026-1-022T10:00:00.000000Z",
                "+026-11-22T10:00:00.000000Z",
        };

        for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
                test_label = refused[i];
                expect(!record_time_is_valid(refused[i]));
        }
        test_label = "";
}

static void test_types(void)
{
        expect(record_type_is_known("sign"));
        expect(record_type_is_known("agent.start"));
        expect(!record_type_is_known("Sign"));
        expect(!record_type_is_known("sign.logged "));
        expect(!record_type_is_known(""));
}

/* A ring of one key, and what is signed with it. */
struct signer {
        EVP_PKEY *pair;
        struct keyring_key key;
        struct keyring ring;
};

static void signer_init_with(struct signer *signer, enum key_purpose purpose, const char *algorithm)
{
        *signer = (struct signer){
                .pair = key_new(algorithm_find(algorithm)),
                .key = {.name = "model",
                        .token = "tpm0",
                        .created = "2026-11-22T10:00:00.000000Z",
                        .version = 1,
                        .algorithm = algorithm_find(algorithm),
                        .purpose = purpose},
        };
        signer->key.pubkey = key_public(signer->pair);
        signer->ring.keys = &signer->key;
        signer->ring.count = 1;
}

static void signer_init(struct signer *signer, enum key_purpose purpose)
{
        signer_init_with(signer, purpose, "ecdsa-p256");
}

static void signer_done(struct signer *signer)
{
        pubkey_free(signer->key.pubkey);
        EVP_PKEY_free(signer->pair);
}

/* The record with the fingerprint of the signer. */
static void put_fingerprint(struct buf *ret, struct view record, const struct signer *signer)
{
        char fingerprint[HEX_SIZE(SHA256_SIZE)];
        _cleanup_(buf_done) struct buf text = {};

        (void)hex_encode(sha256_view(pubkey_fingerprint(signer->key.pubkey)), fingerprint);
        buf_put_string(&text, "\"fingerprint\":\"");
        buf_put_string(&text, fingerprint);
        buf_put_u8(&text, '\0');
        edit_first(ret, record, "\"fingerprint\":\"" HASH, (const char *)text.data);
}

/* The sign record of that digest, with the signature and fingerprint of the signer. */
static void put_signed(struct buf *record, struct signer *signer)
{
        _cleanup_(buf_done) struct buf signature = {}, text = {}, with_signature = {};
        uint8_t digest[SHA256_SIZE];

        memset(digest, 0xab, sizeof(digest));
        key_sign(signer->pair, signer->key.algorithm, view_of(digest, sizeof(digest)), &signature);
        base64_encode(&text, buf_view(&signature));
        buf_put_u8(&text, '\0');
        edit_first(&with_signature, view_string(SIGN), "AAAA", (const char *)text.data);
        put_fingerprint(record, buf_view(&with_signature), signer);
}

static int verify(struct view entry, const struct keyring *ring, struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *record = NULL;

        expect_integer(record_parse(entry, &record, NULL), 0);
        return record ? record_verify(record, ring, problem) : 1;
}

static void test_verify(void)
{
        static const struct {
                const char *label, *from, *to;
                int r;
                const char *problem;
        } rows[] = {
                {"as it was signed", "model", "model", 0, ""},
                {"another digest", "sha256:ab", "sha256:ac", -EKEYREJECTED,
                 "sign: the signature does not verify"},
                {"another name", "\"model\"", "\"release\"", -EBADMSG,
                 "sign: the ring calls the signing key \"model\" version 1"},
                {"another version", "\"version\":1", "\"version\":2", -EBADMSG,
                 "sign: the ring calls the signing key \"model\" version 1"},
                {"version of 33 bits", "\"version\":1", "\"version\":4294967297", -EBADMSG,
                 "sign: the ring calls the signing key \"model\" version 1"},
                {"another algorithm", "ecdsa-p256", "rsa-2048", -EBADMSG,
                 "sign: expected algorithm ecdsa-p256"},
                {"fingerprint cut", "\"fingerprint\":\"", "\"fingerprint\":\"a", -EBADMSG,
                 "sign: fingerprint is no SHA-256"},
                {"digest of another hash", "sha256:", "sha384:", -EBADMSG,
                 "digest \"sha384:ababababababa\": expected \"sha256:\""},
                {"signature no base64", "\"signature\":\"M", "\"signature\":\"-", -EBADMSG,
                 "sign: signature is no base64"},
                {"signature malformed", "\"signature\":\"ME", "\"signature\":\"AE", -EKEYREJECTED,
                 "sign: the signature does not verify"},
        };
        struct signer signer;
        _cleanup_(buf_done) struct buf record = {};

        signer_init(&signer, KEY_MODEL);
        put_signed(&record, &signer);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf entry = {};
                struct problem problem = {};

                test_label = rows[i].label;
                edit_first(&entry, buf_view(&record), rows[i].from, rows[i].to);
                expect_integer(verify(buf_view(&entry), &signer.ring, &problem), rows[i].r);
                expect_contains(problem.text, rows[i].problem);
        }
        test_label = "";
        signer_done(&signer);
}

/* The record of an Ed25519 signature of "a message", which is in it. */
static void put_signed_message(struct buf *ret, struct signer *signer)
{
        _cleanup_(buf_done) struct buf signature = {}, text = {}, digest = {}, named = {},
                                       algorithm = {}, record = {};
        struct sha256 hash = sha256_of(view_string("a message"));

        key_sign_message(signer->pair, view_string("a message"), &signature);
        buf_put_string(&text, "\"message\":\"YSBtZXNzYWdl\",\"request\":\"r1\",\"signature\":\"");
        base64_encode(&text, buf_view(&signature));
        buf_put_u8(&text, '\0');
        digest_put(&digest, "sha256", sha256_view(&hash));
        buf_put_u8(&digest, '\0');
        edit_first(&algorithm, view_string(SIGN), "ecdsa-p256", "ed25519");
        edit_first(&named, buf_view(&algorithm), "sha256:" HASH, (const char *)digest.data);
        edit_first(&record, buf_view(&named), "\"request\":\"r1\",\"signature\":\"AAAA",
                   (const char *)text.data);
        put_fingerprint(ret, buf_view(&record), signer);
}

static void test_verify_message(void)
{
        static const struct {
                const char *label, *from, *to;
                int r;
                const char *problem;
        } rows[] = {
                {"as it was signed", "model", "model", 0, ""},
                {"another message", "YSBtZXNzYWdl", "YSBNZXNzYWdl", -EBADMSG,
                 "sign: message: has another digest than sha256:…"},
                {"no message", "\"message\":\"YSBtZXNzYWdl\",", "", -EBADMSG,
                 "sign: message: algorithm ed25519 signs messages, expected one"},
                {"message no base64", "YSBtZXNzYWdl", "YSBtZXNzYWd-", -EBADMSG,
                 "sign: message: no standard base64"},
                {"another digest", "\"digest\":\"sha256:", "\"digest\":\"sha384:", -EBADMSG,
                 "expected \"sha256:\""},
                {"another algorithm", "\"ed25519\"", "\"ecdsa-p256\"", -EBADMSG,
                 "sign: expected algorithm ed25519"},
                {"another signature", "\"signature\":\"", "\"signature\":\"AAAA", -EKEYREJECTED,
                 "sign: the signature does not verify"},
        };
        _cleanup_(buf_done) struct buf record = {}, plain = {}, with_message = {};
        struct signer signer, other;
        struct problem problem = {};

        signer_init_with(&signer, KEY_MODEL, "ed25519");
        signer_init(&other, KEY_MODEL);
        put_signed_message(&record, &signer);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf entry = {};
                struct problem reason = {};

                test_label = rows[i].label;
                edit_first(&entry, buf_view(&record), rows[i].from, rows[i].to);
                expect_integer(verify(buf_view(&entry), &signer.ring, &reason), rows[i].r);
                expect_contains(reason.text, rows[i].problem);
        }
        test_label = "";
        put_signed(&plain, &other);
        edit_first(&with_message, buf_view(&plain), "\"request\"",
                   "\"message\":\"YSBtZXNzYWdl\",\"request\"");
        expect_integer(verify(buf_view(&with_message), &other.ring, &problem), -EBADMSG);
        expect_text(view_string(problem.text),
                    "sign: message: algorithm ecdsa-p256 signs digests, expected none");
        signer_done(&signer);
        signer_done(&other);
}

/* The record with what a witness signed for it. */
static void put_authorized(struct buf *ret, struct view record, struct signer *signer,
                           EVP_PKEY *witness)
{
        _cleanup_(buf_done) struct buf signature = {}, text = {};
        uint8_t digest[SHA256_SIZE], request[GATE_REQUEST_SIZE];
        struct sha256 hash;

        memset(digest, 0xab, sizeof(digest));
        expect_integer(gate_request(&signer->key.gate, signer->key.pubkey, signer->key.algorithm,
                                    view_of(digest, sizeof(digest)), request),
                       0);
        hash = sha256_of(view_of(request, sizeof(request)));
        key_sign(witness, algorithm_find("ecdsa-p256"), sha256_view(&hash), &signature);
        buf_put_string(&text, "\"authorization\":\"");
        base64_encode(&text, buf_view(&signature));
        buf_put_string(&text, "\",\"boot\"");
        buf_put_u8(&text, '\0');
        edit_first(ret, record, "\"boot\"", (const char *)text.data);
}

static void expect_verified(struct view record, const struct signer *signer, int r,
                            const char *words)
{
        struct problem problem = {};

        test_label = words;
        expect_integer(verify(record, &signer->ring, &problem), r);
        expect_contains(problem.text, words);
        test_label = "";
}

static void test_verify_authorization(void)
{
        _cleanup_(buf_done) struct buf plain = {}, allowed = {}, forged = {}, other = {}, spki = {};
        _cleanup_(key_freep) EVP_PKEY *witness = key_new(algorithm_find("ecdsa-p256"));
        struct signer signer;

        signer_init(&signer, KEY_MODEL);
        put_signed(&plain, &signer);
        expect_verified(buf_view(&plain), &signer, 0, "");
        key_put_spki(witness, &spki);
        expect_integer(gate_set_witness(&signer.key.gate, buf_view(&spki)), 0);
        put_authorized(&allowed, buf_view(&plain), &signer, witness);
        put_authorized(&forged, buf_view(&plain), &signer, signer.pair);
        expect_verified(buf_view(&allowed), &signer, 0, "");
        expect_verified(buf_view(&plain), &signer, -EKEYREJECTED,
                        "sign: the key has a witness, and there is no authorization");
        expect_verified(buf_view(&forged), &signer, -EKEYREJECTED,
                        "sign: the authorization is not the witness's for this digest");
        edit_first(&other, buf_view(&allowed), "\"authorization\":\"M", "\"authorization\":\"-");
        expect_verified(buf_view(&other), &signer, -EBADMSG, "sign: authorization is no base64");
        gate_done(&signer.key.gate);
        expect_verified(buf_view(&allowed), &signer, -EBADMSG,
                        "sign: an authorization, and the key has no witness");
        signer_done(&signer);
}

static void test_verify_logged(void)
{
        static const struct {
                const char *label, *from, *to;
                int r;
                const char *problem;
        } rows[] = {
                {"as it was recorded", "model", "model", 0, ""},
                {"another digest", "sha256:ab", "sha256:ac", 0, ""}, /* the tree finds that */
                {"another name", "\"model\"", "\"release\"", -EBADMSG,
                 "sign.logged: the ring calls the signing key \"model\" version 1"},
                {"another version", "\"version\":1", "\"version\":2", -EBADMSG,
                 "sign.logged: the ring calls the signing key \"model\" version 1"},
                {"fingerprint cut", "\"fingerprint\":\"", "\"fingerprint\":\"a", -EBADMSG,
                 "sign.logged: fingerprint is no SHA-256"},
                {"digest of another hash", ",\"sha256:", ",\"sha384:", -EBADMSG,
                 "sign.logged: digest 1: digest \"sha384:ababababababa\": expected \"sha256:\""},
        };
        _cleanup_(buf_done) struct buf record = {}, by_log = {};
        struct signer signer, log;
        struct problem problem = {};

        signer_init(&signer, KEY_MODEL);
        signer_init(&log, KEY_LOG);
        put_fingerprint(&record, view_string(LOGGED), &signer);
        put_fingerprint(&by_log, view_string(LOGGED), &log);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf entry = {};
                struct problem reason = {};

                test_label = rows[i].label;
                edit_first(&entry, buf_view(&record), rows[i].from, rows[i].to);
                expect_integer(verify(buf_view(&entry), &signer.ring, &reason), rows[i].r);
                expect_contains(reason.text, rows[i].problem);
        }
        test_label = "";
        expect_integer(verify(buf_view(&record), &log.ring, NULL), -ENOKEY);
        expect_integer(verify(buf_view(&by_log), &log.ring, &problem), -EKEYREJECTED);
        expect_text(view_string(problem.text), "sign.logged: signed by the log key");
        signer_done(&signer);
        signer_done(&log);
}

static void test_verify_with_another_ring(void)
{
        struct signer signer, stranger, log;
        _cleanup_(buf_done) struct buf record = {}, by_log = {};
        struct problem problem = {}, log_problem = {};

        signer_init(&signer, KEY_MODEL);
        signer_init(&stranger, KEY_MODEL);
        signer_init(&log, KEY_LOG);
        put_signed(&record, &signer);
        put_signed(&by_log, &log);
        expect_integer(verify(buf_view(&record), &stranger.ring, &problem), -ENOKEY);
        expect_contains(problem.text, "is not in the ring");
        expect_integer(verify(buf_view(&by_log), &log.ring, &log_problem), -EKEYREJECTED);
        expect_text(view_string(log_problem.text), "sign: signed by the log key");
        expect_integer(verify(view_string(TOKEN), &(struct keyring){}, NULL), 0);
        signer_done(&signer);
        signer_done(&stranger);
        signer_done(&log);
}

int main(void)
{
        test_good();
        test_refused();
        test_longest();
        test_times();
        test_times_out_of_range();
        test_time_shapes();
        test_types();
        test_verify();
        test_verify_message();
        test_verify_authorization();
        test_verify_logged();
        test_verify_with_another_ring();
        return test_result();
}
