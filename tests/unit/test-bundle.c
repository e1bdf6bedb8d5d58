/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/bundle.h"
#include "lib/spool.h"
#include "tests/test.h"
#include "tests/unit/edit.h"

#include <errno.h>

/* A P-256 key that somebody made once; nobody needs its private half. */
#define PEM                                                                                        \
        "-----BEGIN PUBLIC KEY-----\n"                                                             \
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEiYQkvPHH7ArVcS6z+1OvYTftzJE9\n"                       \
        "hb7EdQypGombxA5/DAURozG3wifpNSu2OW924sW6sp+2a/w/+nKi8P3SAA==\n"                           \
        "-----END PUBLIC KEY-----\n"

/* By `openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64`. */
#define HINT "QFEL6pkEDeuyyGc2LoahJe8eMynV4jKdhCbT4/VR/dw="

/* SHA-256 of nothing. */
#define DIGEST_HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DIGEST     "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

#define MATERIAL "{\"publicKey\":{\"hint\":\"" HINT "\"}}"
#define EXPECTED                                                                                   \
        "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\","                        \
        "\"verificationMaterial\":" MATERIAL ","                                                   \
        "\"messageSignature\":{\"messageDigest\":{\"algorithm\":\"SHA2_256\",\"digest\":\"" DIGEST \
        "\"},\"signature\":\"c2lnbmF0dXJl\"}}\n"

static void put_bundle(struct buf *ret)
{
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        uint8_t digest[SHA256_SIZE];
        int r = pubkey_from_pem(view_string(PEM), &key);

        assert(r == 0);
        expect_integer(hex_decode(view_string(DIGEST_HEX), digest, sizeof(digest)), 0);
        expect_integer(bundle_put(ret,
                                  &(struct tlog_statement){key, algorithm_find("ecdsa-p256"),
                                                           view_of(digest, sizeof(digest)),
                                                           view_string("signature")},
                                  NULL),
                       0);
}

static void test_round_trip(void)
{
        _cleanup_(buf_done) struct buf text = {};
        _cleanup_(bundle_done) struct bundle bundle = {};
        char hex[HEX_SIZE(DIGEST_SIZE_MAX)];

        put_bundle(&text);
        expect_text(buf_view(&text), EXPECTED);
        expect_integer(bundle_parse(buf_view(&text), &bundle, NULL), 0);
        expect(bundle.hint && string_equal(bundle.hint, HINT));
        expect(bundle.hash && string_equal(bundle.hash, "sha256"));
        expect_text(view_string(hex_encode(view_of(bundle.digest, bundle.digest_size), hex)),
                    DIGEST_HEX);
        expect_text(buf_view(&bundle.signature), "signature");
}

static void test_no_room(void)
{
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        _cleanup_(buf_done) struct buf text = BUF_INIT(64);
        int r = pubkey_from_pem(view_string(PEM), &key);

        assert(r == 0);
        expect_integer(bundle_put(&text,
                                  &(struct tlog_statement){key, algorithm_find("ecdsa-p256"),
                                                           view_string(""), view_string("")},
                                  NULL),
                       -EMSGSIZE);
}

static const struct {
        const char *from, *to;
        int error;
        const char *reason; /* part of it; NULL: accepted */
} edits[] = {
        {"}}\n", "}}", 0, NULL},
        {"{\"mediaType\"", " {\"mediaType\"", 0, NULL},
        {"\"hint\":\"" HINT "\"", "", 0, NULL},
        {"\"hint\":\"" HINT, "\"hint\":\"other", 0, NULL},
        {MATERIAL, "{\"publicKey\":{},\"tlogEntries\":[]}", 0, NULL},
        {MATERIAL, "{\"publicKey\":{},\"certificate\":null}", 0, NULL},
        {"}}\n", "}", -EBADMSG, "JSON line 1"},
        {"}}\n", "}}x", -EBADMSG, "JSON"},
        {"{\"mediaType\"", "{\"mediaType\":\"\",\"mediaType\"", -EBADMSG, "duplicate"},
        {"{\"mediaType\"", "{\"x\":1,\"mediaType\"", -EBADMSG, "unknown member \"x\""},
        {"v0.3", "v0.2", -EBADMSG, "mediaType: expected"},
        {"bundle.v0.3+json", "bundle+json;version=0.3", -EBADMSG, "mediaType: expected"},
        {"\"messageSignature\"", "\"dsseEnvelope\"", -EBADMSG, "envelope: unknown member"},
        {"\"messageSignature\":{", "\"dsseEnvelope\":{},\"messageSignature\":{", -EBADMSG,
         "either"},
        {"\"messageSignature\":{", "\"messageSignature\":null,\"dsseEnvelope\":{", -EBADMSG,
         "envelope: unknown member"},
        {MATERIAL, "{}", -EOPNOTSUPP, "expected \"publicKey\""},
        {MATERIAL, "{\"certificate\":{\"rawBytes\":\"\"}}", -EOPNOTSUPP, "certificates"},
        {MATERIAL, "{\"publicKey\":{},\"certificate\":{}}", -EBADMSG, "both"},
        {MATERIAL, "{\"publicKey\":{},\"tlogEntries\":[{}]}", -EBADMSG,
         "log entry: member \"logIndex\" is missing"},
        {MATERIAL, "{\"publicKey\":{},\"tlogEntries\":[7]}", -EBADMSG, "expected an object"},
        {MATERIAL, "{\"publicKey\":{},\"tlogEntries\":[0,0,0,0,0,0,0,0,0]}", -EBADMSG,
         "tlogEntries: more than 8"},
        {MATERIAL, "{\"publicKey\":{},\"timestampVerificationData\":{\"a\":1}}", -EOPNOTSUPP,
         "timestampVerificationData"},
        {MATERIAL, "{\"publicKey\":{\"key\":\"\"}}", -EBADMSG, "publicKey: unknown member \"key\""},
        {MATERIAL, "[]", -EBADMSG, "expected an object, found an array"},
        {"SHA2_256", "SHA2_384", -EBADMSG, "SHA2_384 has 48 bytes, found 32"},
        {"SHA2_256", "MD5", -EOPNOTSUPP, "unknown hash algorithm \"MD5\""},
        {DIGEST, "47DEQpj8", -EBADMSG, "SHA2_256 has 32 bytes, found 6"},
        {DIGEST, "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=", -EBADMSG, "no standard base64"},
        {"c2lnbmF0dXJl", "c2lnbmF0dXJ", -EBADMSG, "no standard base64"},
        {"c2lnbmF0dXJl", "", -EBADMSG, "the signature is empty"},
        {",\"signature\":\"c2lnbmF0dXJl\"", "", -EBADMSG, "\"signature\" is missing"},
        {"\"c2lnbmF0dXJl\"", "[]", -EBADMSG, "expected a string, found an array"},
};

static void test_edits(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
                _cleanup_(bundle_done) struct bundle bundle = {};
                _cleanup_(buf_done) struct buf edited = {};
                struct problem problem = {};

                test_label = edits[i].to;
                edit_first(&edited, view_string(EXPECTED), edits[i].from, edits[i].to);
                expect_integer(bundle_parse(buf_view(&edited), &bundle, &problem), edits[i].error);
                expect_contains(problem.text, edits[i].reason ? edits[i].reason : "");
                expect((bundle.hint != NULL) == (edits[i].error == 0));
        }
        test_label = "";
}

/* A long signature is refused by its size, before anything is done with it. */
static void test_sizes(void)
{
        _cleanup_(buf_done) struct buf edited = {}, signature = {}, large = {};
        struct bundle bundle = {};
        struct problem problem = {};

        for (size_t i = 0; i < 8192; i++)
                buf_put_u8(&signature, 'A');
        buf_put_u8(&signature, '\0');
        edit_first(&edited, view_string(EXPECTED), "c2lnbmF0dXJl", (char *)signature.data);
        expect_integer(bundle_parse(buf_view(&edited), &bundle, &problem), -EBADMSG);
        expect_contains(problem.text, "longer than 4096 bytes");
        buf_put_string(&large, EXPECTED);
        while (large.size <= BUNDLE_SIZE_MAX)
                buf_put_u8(&large, ' ');
        problem.text[0] = '\0';
        expect_integer(bundle_parse(buf_view(&large), &bundle, &problem), -EBADMSG);
        expect_contains(problem.text, "longer than 1048576 bytes");
}

/* What is read of an envelope is what was written, and that only. */
static void test_envelope(void)
{
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        _cleanup_(buf_done) struct buf text = {};
        _cleanup_(bundle_done) struct bundle bundle = {};
        const struct buf payload = spool_borrow(view_string("{}"));
        int r = pubkey_from_pem(view_string(PEM), &key);

        assert(r == 0);
        expect_integer(bundle_put_envelope(
                               &text, "hint", &payload,
                               &(struct tlog_statement){key, algorithm_find("ecdsa-p256"),
                                                        view_string(""), view_string("signature")},
                               NULL),
                       0);
        expect_text(buf_view(&text),
                    "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\","
                    "\"verificationMaterial\":{\"publicKey\":{\"hint\":\"hint\"}},"
                    "\"dsseEnvelope\":{\"payload\":\"e30=\","
                    "\"payloadType\":\"application/vnd.in-toto+json\","
                    "\"signatures\":[{\"sig\":\"c2lnbmF0dXJl\",\"keyid\":\"\"}]}}\n");
        expect_integer(bundle_parse(buf_view(&text), &bundle, NULL), 0);
        expect(!bundle.hash && bundle.hint && string_equal(bundle.hint, "hint"));
        expect_text(buf_view(&bundle.envelope.payload), "{}");
        expect_text(buf_view(&bundle.envelope.signature), "signature");
}

int main(void)
{
        test_round_trip();
        test_envelope();
        test_no_room();
        test_edits();
        test_sizes();
        return test_result();
}
