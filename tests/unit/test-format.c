/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/armor.h"
#include "lib/key-certificate.h"
#include "lib/x509.h"
#include "tests/unit/edit.h"
#include "tests/unit/key.h"

#include <errno.h>

/* Content that is in memory. */
struct text {
        struct format_content content;
        const char *text;
};

static int hash_text(struct format_content *content, const char *hash, struct view trailer,
                     uint8_t *ret, struct problem *problem)
{
        const struct text *text = (void *)content;
        const struct view parts[] = {view_string(text->text), trailer};
        size_t size;

        return digest_of_parts(hash, parts, 2, ret, &size);
}

static int read_text(struct format_content *content, struct buf *ret, struct problem *problem)
{
        const struct text *text = (void *)content;

        (void)problem;
        buf_put_string(ret, text->text);
        return buf_error(ret);
}

struct maker {
        EVP_PKEY *pair;
        struct pubkey *pubkey;
        struct buf certificate;
        struct format_signer signer;
};

static void sign(const struct maker *maker, struct signature *signature)
{
        if (algorithm_signs_messages(maker->signer.algorithm))
                key_sign_message(maker->pair, buf_view(&signature->message), &signature->value);
        else
                key_sign(maker->pair, maker->signer.algorithm,
                         view_of(signature->digest, signature->digest_size), &signature->value);
}

static void put_certificate(const struct maker *maker, const char *name, struct buf *ret)
{
        _cleanup_(signature_done) struct signature signature = {};
        const struct key_certificate *certificate = key_certificate_find(name);

        assert(certificate);
        if (certificate->prepare) {
                expect_integer(certificate->prepare(&maker->signer, &signature), 0);
                sign(maker, &signature);
        }
        expect_integer(certificate->put(ret, &signature, &maker->signer), 0);
}

static void make(struct maker *ret, const char *algorithm)
{
        _cleanup_(buf_done) struct buf pem = {};

        *ret = (struct maker){.pair = key_new(algorithm_find(algorithm))};
        ret->pubkey = key_public(ret->pair);
        ret->signer = (struct format_signer){.pubkey = ret->pubkey,
                                             .algorithm = algorithm_find(algorithm),
                                             .name = "model",
                                             .created = 1763805600,
                                             .time = 1763805700,
                                             .name_space = "file"};
        if (algorithm_signs_messages(ret->signer.algorithm))
                return;
        put_certificate(ret, "x509", &pem);
        expect_integer(armor_parse(buf_view(&pem), "CERTIFICATE", &ret->certificate), 0);
        ret->signer.certificate = buf_view(&ret->certificate);
}

static void maker_done(struct maker *maker)
{
        EVP_PKEY_free(maker->pair);
        (void)pubkey_free(maker->pubkey);
        buf_done(&maker->certificate);
}

static void make_signature(const struct maker *maker, const struct format *format, struct buf *ret)
{
        _cleanup_(signature_done) struct signature signature = {.format = format};
        struct text text = {{hash_text, "text", read_text}, "content"};

        if (format->prepare)
                expect_integer(format->prepare(&maker->signer, &text.content, &signature, NULL), 0);
        expect_integer(signature_digest(&signature, &maker->signer, &text.content, NULL), 0);
        sign(maker, &signature);
        expect_integer(format->put(ret, &signature, &maker->signer), 0);
}

/* 0, or why not. */
static int verify(const struct maker *maker, struct view file, const char *content)
{
        _cleanup_(signature_done) struct signature signature = {};
        struct text text = {{hash_text, "text", read_text}, content};
        int r = signature_parse(file, &signature, NULL);

        if (r == 0)
                r = signature_digest(&signature, &maker->signer, &text.content, NULL);
        return r < 0 ? r : signature_verify(&signature, &maker->signer, maker->pubkey);
}

/* The certificate that is within vouches for itself; who trusts the key does not look at it. */
static int is_free(const struct maker *maker, struct view file, size_t at)
{
        const uint8_t *found = maker->certificate.size > 0
                                       ? memmem(file.data, file.size, maker->certificate.data,
                                                maker->certificate.size)
                                       : NULL;

        return found && file.data + at >= found && file.data + at < found + maker->certificate.size;
}

/* No bit of the file is free. */
static void test_flips(const struct maker *maker, struct view file)
{
        for (size_t at = 0; at < file.size; at++) {
                _cleanup_(buf_done) struct buf changed = {};

                if (is_free(maker, file, at))
                        continue;
                buf_put_view(&changed, file);
                changed.data[at] ^= (uint8_t)(1 << at % 8);
                expect(verify(maker, buf_view(&changed), "content") < 0);
        }
}

static void test_format(const char *name, const char *algorithm)
{
        const struct format *format = format_find(name);
        _cleanup_(maker_done) struct maker maker, other;
        _cleanup_(signature_done) struct signature signature = {};
        _cleanup_(buf_done) struct buf file = {};

        test_label = name;
        assert(format);
        make(&maker, algorithm);
        make(&other, algorithm);
        make_signature(&maker, format, &file);
        expect_integer(signature_parse(buf_view(&file), &signature, NULL), 0);
        expect(signature.format == format);
        expect_integer(verify(&maker, buf_view(&file), "content"), 0);
        expect_integer(verify(&maker, buf_view(&file), "Content"), -EKEYREJECTED);
        expect_integer(verify(&other, buf_view(&file), "content"), -EKEYREJECTED);
        test_flips(&maker, buf_view(&file));
        for (size_t size = 0; size < file.size; size++)
                expect(verify(&maker, view_of(file.data, size), "content") < 0);
        test_label = "";
}

/* PSS has no place in these, P-384 no SHA-384 in SSH's. */
static void test_algorithms(void)
{
        static const char *const names[] = {"openpgp", "sshsig", "cms"};
        _cleanup_(maker_done) struct maker maker = {};
        _cleanup_(signature_done) struct signature signature = {};
        struct text text = {{hash_text, "text", read_text}, "content"};

        maker.pair = key_new(algorithm_find("rsa-2048-pss"));
        maker.pubkey = key_public(maker.pair);
        maker.signer = (struct format_signer){.pubkey = maker.pubkey,
                                              .algorithm = algorithm_find("rsa-2048-pss"),
                                              .name = "model",
                                              .name_space = "file"};
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const struct format *format = format_find(names[i]);
                struct problem problem = {};

                expect_integer(format->prepare(&maker.signer, &text.content, &signature, &problem),
                               -EOPNOTSUPP);
                expect_contains(problem.text, "rsa-2048-pss");
        }
        expect_integer(key_certificate_find("x509")->prepare(&maker.signer, &signature),
                       -EOPNOTSUPP);
        expect_integer(key_certificate_find("openpgp")->prepare(&maker.signer, &signature),
                       -EOPNOTSUPP);
}

/* Where messages are signed, the formats of digests have no place, and take nothing for a
 * signature. */
static void test_messages(void)
{
        static const char *const names[] = {"openpgp", "cms", "oms"};
        _cleanup_(maker_done) struct maker maker, signer;

        make(&maker, "ed25519");
        make(&signer, "ecdsa-p256");
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const struct format *format = format_find(names[i]);
                _cleanup_(buf_done) struct buf file = {};
                struct problem problem = {};

                test_label = names[i];
                expect_integer(format_check_algorithm(format, maker.signer.algorithm, &problem),
                               -EOPNOTSUPP);
                expect_contains(problem.text, "ed25519 signs messages");
                expect_integer(format_check_algorithm(format, signer.signer.algorithm, NULL), 0);
                if (format->of_models)
                        continue;
                make_signature(&signer, format, &file);
                expect_integer(verify(&maker, buf_view(&file), "content"), -EKEYREJECTED);
        }
        test_label = "";
        expect_integer(
                key_certificate_find("openpgp")->prepare(&maker.signer, &(struct signature){}),
                -EOPNOTSUPP);
        expect_integer(key_certificate_find("x509")->prepare(&maker.signer, &(struct signature){}),
                       -EOPNOTSUPP);
}

/* Each word of --format has its row, each row its word. */
static void test_table(void)
{
        size_t rows = 0, words = 0;

        while (format_at(rows))
                rows++;
        for (; format_names[words]; words++) {
                expect(format_find(format_names[words]) != NULL);
                expect(words == 0 || strcmp(format_names[words - 1], format_names[words]) < 0);
        }
        for (size_t i = 0; format_statement_names[i]; i++, words++)
                expect(format_find(format_statement_names[i])->of_statements);
        expect_integer(rows, words);
        expect(format_at(rows - 1) == &format_raw);
        expect(format_find("none") == NULL);
        for (words = 0; key_certificate_names[words]; words++)
                expect(key_certificate_find(key_certificate_names[words]) != NULL);
}

/* A statement may be large, and a ring have many keys: one digest of each kind serves all. */
static void test_hashed_once(void)
{
        static const char *const names[] = {"attestation", "oms", "manifest"};
        _cleanup_(maker_done) struct maker maker, other;

        make(&maker, "ecdsa-p256");
        make(&other, "ecdsa-p384");
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                _cleanup_(signature_done) struct signature signature = {
                        .format = format_find(names[i])};
                uint8_t first[DIGEST_SIZE_MAX];

                test_label = names[i];
                buf_put_string(&signature.attributes, "what is signed");
                expect_integer(signature_digest(&signature, &maker.signer, NULL, NULL), 0);
                expect_integer(signature.digest_size, 32);
                memcpy(first, signature.digest, sizeof(first));
                signature.attributes.data[0] = 'W'; /* nobody looks at it again */
                expect_integer(signature_digest(&signature, &maker.signer, NULL, NULL), 0);
                expect_view(view_of(signature.digest, 32), view_of(first, 32));
                expect_integer(signature_digest(&signature, &other.signer, NULL, NULL), 0);
                expect_integer(signature.digest_size, 48);
                expect_integer(signature_digest(&signature, &maker.signer, NULL, NULL), 0);
                expect(!view_equal(view_of(signature.digest, 32), view_of(first, 32)));
        }
        test_label = "";
}

static void test_certificate(void)
{
        _cleanup_(maker_done) struct maker maker;
        _cleanup_(buf_done) struct buf again = {};
        struct x509 read;

        make(&maker, "ecdsa-p256");
        expect_integer(x509_read(buf_view(&maker.certificate), &read), 0);
        expect_view(read.spki, pubkey_spki(maker.pubkey));
        for (size_t size = 0; size < maker.certificate.size; size++)
                expect_integer(x509_read(view_of(maker.certificate.data, size), &read), -EBADMSG);
        buf_put_view(&again, buf_view(&maker.certificate));
        buf_put_u8(&again, 0);
        expect_integer(x509_read(buf_view(&again), &read), -EBADMSG);
}

int main(void)
{
        static const char *const algorithms[] = {"ecdsa-p256", "ecdsa-p384", "rsa-2048"};

        test_table();
        for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
                test_format("raw", algorithms[i]);
                test_format("sshsig", algorithms[i]);
                test_format("openpgp", algorithms[i]);
                test_format("cms", algorithms[i]);
        }
        test_format("raw", "ed25519");
        test_format("sshsig", "ed25519");
        test_algorithms();
        test_messages();
        test_certificate();
        test_hashed_once();
        return test_result();
}
