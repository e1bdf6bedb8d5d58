/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/in-toto-envelope.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/in-toto-made.h"
#include "tests/unit/key.h"

#include <errno.h>

/* What in-toto signed, and with which key. */
static const struct {
        const char *label, *text, *key;
        enum in_toto_envelope_kind kind;
} made[] = {
        {"metablock, P-256", made_metablock, made_key, IN_TOTO_METABLOCK},
        {"DSSE, P-256", made_dsse, made_key, IN_TOTO_DSSE},
        {"metablock, Ed25519", made_metablock_ed25519, made_key_ed25519, IN_TOTO_METABLOCK},
        {"DSSE, RSA-PSS", made_dsse_rsa, made_key_rsa, IN_TOTO_DSSE},
};

static void test_made(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(made); i++)
                for (size_t j = 0; j < ARRAY_SIZE(made); j++) {
                        _cleanup_(in_toto_envelope_done) struct in_toto_envelope envelope = {};
                        _cleanup_(in_toto_key_done) struct in_toto_key key = {};
                        int ours = string_equal(made[i].key, made[j].key);

                        test_label = made[i].label;
                        expect_integer(
                                in_toto_envelope_parse(view_string(made[i].text), &envelope, NULL),
                                0);
                        expect_integer(envelope.kind, made[i].kind);
                        expect_integer(in_toto_key_parse_file(view_string(made[j].key), &key, NULL),
                                       0);
                        expect_integer(in_toto_envelope_verify(&envelope, &key),
                                       ours ? 0 : -EKEYREJECTED);
                }
        test_label = "";
}

static const struct {
        const char *text, *from, *to;
        int error; /* of reading, or of verifying when there is no reason */
        const char *reason;
} edits[] = {
        {made_metablock, "{", "{", 0, NULL},
        {made_metablock, "\"train\"", "\"brain\"", -EKEYREJECTED, NULL},
        {made_metablock, "\"return-value\":0", "\"return-value\":1", -EKEYREJECTED, NULL},
        {made_metablock, "\"return-value\":0", "\"return-value\":0.5", -EBADMSG, "no integer"},
        {made_metablock, "\"name\"", "\"name\":\"x\",\"name\"", -EBADMSG, "duplicate"},
        {made_metablock, "{\"sign", "{\"x\":1,\"sign", -EBADMSG, "unknown member \"x\""},
        {made_metablock, "\"sig\":\"3", "\"sig\":\"z", -EBADMSG, "no hexadecimal digits"},
        {made_metablock, "\"sig\":\"30", "\"sig\":\"0", -EBADMSG, "no hexadecimal digits"},
        {made_metablock, "\"sig\":\"30", "\"sig\":\"31", -EKEYREJECTED, NULL},
        {made_metablock, "\"sig\":", "\"other_headers\":\"\",\"signature\":", -EKEYREJECTED, NULL},
        {made_metablock, "\"keyid\":\"4c", "\"keyid\":\"ff", 0, NULL},
        {made_metablock, "\"keyid\"", "\"keyID\"", -EBADMSG, "unknown member"},
        {made_dsse, "{", "{", 0, NULL},
        {made_dsse, "in-toto+json", "in-toto", -EBADMSG, "payloadType: expected"},
        {made_dsse, "\"payload\": \"e", "\"payload\": \"!", -EBADMSG, "no base64"},
        {made_dsse, "\"sig\": \"M", "\"sig\": \"*", -EBADMSG, "\"sig\": no base64"},
        {made_dsse, "\"sig\": \"M", "\"sig\": \"N", -EKEYREJECTED, NULL},
        {made_dsse, "\"payloadType\"", "\"payloadtype\"", -EBADMSG, "unknown member"},
        {made_dsse, "\"payload\": \"ey", "\"payload\": \"", -EBADMSG, "payload"},
};

static void test_edits(void)
{
        _cleanup_(in_toto_key_done) struct in_toto_key key = {};

        expect_integer(in_toto_key_parse_file(view_string(made_key), &key, NULL), 0);
        for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
                _cleanup_(in_toto_envelope_done) struct in_toto_envelope envelope = {};
                _cleanup_(buf_done) struct buf text = {};
                struct problem problem = {};
                int r;

                test_label = edits[i].to;
                edit_first(&text, view_string(edits[i].text), edits[i].from, edits[i].to);
                r = in_toto_envelope_parse(buf_view(&text), &envelope, &problem);
                expect_integer(edits[i].reason ? r : 0, edits[i].reason ? edits[i].error : r);
                if (edits[i].reason)
                        expect_contains(problem.text, edits[i].reason);
                else
                        expect_integer(in_toto_envelope_verify(&envelope, &key), edits[i].error);
        }
        test_label = "";
}

static void test_written(enum in_toto_envelope_kind kind)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");
        _cleanup_(in_toto_envelope_done) struct in_toto_envelope envelope = {}, read = {};
        _cleanup_(in_toto_key_done) struct in_toto_key public = {};
        _cleanup_(key_freep) EVP_PKEY *key = key_new(algorithm);
        _cleanup_(pubkey_freep) struct pubkey *pubkey = key_public(key);
        _cleanup_(buf_done) struct buf signature = {}, text = {};
        json_t *payload = json_pack("{s:s, s:[i]}", "b", "\n\"", "a", 7);
        struct sha256 digest;

        expect_integer(in_toto_key_of(pubkey, algorithm, &public), 0);
        expect_integer(in_toto_envelope_make(kind, payload, &envelope, NULL), 0);
        digest = sha256_of(buf_view(&envelope.message));
        key_sign(key, algorithm, sha256_view(&digest), &signature);
        expect_integer(in_toto_envelope_sign(&envelope, public.id, buf_view(&signature)), 0);
        expect_integer(in_toto_envelope_put(&envelope, &text), 0);
        expect_integer(in_toto_envelope_parse(buf_view(&text), &read, NULL), 0);
        expect_integer(in_toto_envelope_verify(&read, &public), 0);
        expect(json_equal(read.payload, payload));
        expect_view(sha256_view(&read.digest), sha256_view(&envelope.digest));
        json_decref(payload);
}

/* What is in a bundle is read as it would be without. */
static void test_bundle(void)
{
        _cleanup_(in_toto_envelope_done) struct in_toto_envelope envelope = {}, none = {};
        _cleanup_(in_toto_key_done) struct in_toto_key key = {};
        _cleanup_(buf_done) struct buf text = {}, edited = {};
        struct problem problem = {};

        expect_integer(in_toto_key_parse_file(view_string(made_key), &key, NULL), 0);
        buf_put_string(&text, "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\","
                              "\"verificationMaterial\":{\"publicKey\":{\"hint\":\"\"},"
                              "\"tlogEntries\":[]},\"dsseEnvelope\":");
        buf_put_string(&text, made_dsse);
        buf_put_string(&text, "}");
        expect_integer(in_toto_envelope_parse(buf_view(&text), &envelope, NULL), 0);
        expect_integer(in_toto_envelope_verify(&envelope, &key), 0);
        edit_first(&edited, buf_view(&text), "{\"media", "{\"more\":1,\"media");
        expect_integer(in_toto_envelope_parse(buf_view(&edited), &none, &problem), -EBADMSG);
        expect_contains(problem.text, "unknown member \"more\"");
}

static void test_many(void)
{
        _cleanup_(in_toto_envelope_done) struct in_toto_envelope envelope = {};
        json_t *payload = json_object();

        expect_integer(in_toto_envelope_make(IN_TOTO_DSSE, payload, &envelope, NULL), 0);
        for (size_t i = 0; i < IN_TOTO_SIGNATURES_MAX; i++)
                expect_integer(in_toto_envelope_sign(&envelope, "", view_string("x")), 0);
        expect_integer(in_toto_envelope_sign(&envelope, "", view_string("x")), -EMSGSIZE);
        json_decref(payload);
}

int main(void)
{
        test_made();
        test_edits();
        test_written(IN_TOTO_DSSE);
        test_written(IN_TOTO_METABLOCK);
        test_bundle();
        test_many();
        return test_result();
}
