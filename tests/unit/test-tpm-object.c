/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"
#include "tests/unit/forged-tpm.h"

#include <errno.h>

static struct tpm_object rsa_area(const uint8_t *modulus)
{
        return (struct tpm_object){.type = 1,
                                   .name_hash = 0xb,
                                   .attributes = FORGED_SIGNER,
                                   .symmetric = 0x10,
                                   .scheme = 0x16,
                                   .scheme_hash = 0xb,
                                   .bits = 2048,
                                   .x = view_of(modulus, 256)};
}

/* What lib/tpm-public.h writes for a key is read as that key. */
static void test_same_as_written(void)
{
        const struct algorithm *algorithm;

        for (size_t i = 0; (algorithm = algorithm_at(i)) && !algorithm_signs_messages(algorithm);
             i++) {
                EVP_PKEY *key = key_new(algorithm);
                struct pubkey *pubkey = key_public(key), *read = NULL;
                _cleanup_(buf_done) struct buf bytes = {}, again = {};
                const struct algorithm *found = NULL;
                struct tpm_object object;

                test_label = algorithm->name;
                expect_integer(tpm_public_put_key(&bytes, pubkey, algorithm, NULL), 0);
                expect_integer(tpm_object_parse(buf_view(&bytes), &object, NULL), 0);
                expect_integer(tpm_object_algorithm(&object, &found), 0);
                expect(found == algorithm);
                expect_integer(tpm_object_pubkey(&object, &read), 0);
                if (read)
                        expect_view(pubkey_spki(read), pubkey_spki(pubkey));
                tpm_object_put(&again, &object);
                expect_view(buf_view(&again), buf_view(&bytes));
                for (size_t size = 0; size < bytes.size; size++)
                        expect_integer(tpm_object_parse(view_of(bytes.data, size), &object, NULL),
                                       -EBADMSG);
                buf_put_u8(&bytes, 0);
                expect_integer(tpm_object_parse(buf_view(&bytes), &object, NULL), -EBADMSG);
                pubkey_free(read);
                pubkey_free(pubkey);
                EVP_PKEY_free(key);
        }
        test_label = "";
}

static void test_no_key(void)
{
        static const uint8_t modulus[256] = {0x80, [255] = 1};
        _cleanup_(forged_done) struct forged_tpm tpm;
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        struct tpm_object object = rsa_area(modulus);
        const struct algorithm *algorithm;
        struct problem problem = {};

        forged_start(&tpm);
        expect_integer(tpm_object_algorithm(&object, &algorithm), 0);
        expect_text(view_string(algorithm->name), "rsa-2048-pss");
        object.exponent = 1; /* anybody could sign */
        expect_integer(tpm_object_pubkey(&object, &key), -EBADMSG);
        object.bits = 1024;
        expect_integer(tpm_object_algorithm(&object, &algorithm), -EOPNOTSUPP);
        object = tpm.subject_area;
        object.curve = 2048; /* a number of RSA */
        object.scheme = 0x14;
        expect_integer(tpm_object_algorithm(&object, &algorithm), -EOPNOTSUPP);
        object = tpm.subject_area;
        object.attributes &= ~TPM_OBJECT_SIGN;
        expect_integer(tpm_object_algorithm(&object, &algorithm), -EOPNOTSUPP);
        object = tpm.subject_area;
        object.x.size--; /* of its field: off the curve */
        expect_integer(tpm_object_pubkey(&object, &key), -EBADMSG);
        expect_integer(tpm_object_parse(view_of("\0\x08\0\x0b\0\0\0\0\0\0\0\0\0\0\0\0", 16),
                                        &object, &problem),
                       -EOPNOTSUPP);
        expect_text(view_string(problem.text), "public area: no key of a kind that is known here");
}

static void test_signatures(void)
{
        const struct algorithm *p256 = algorithm_find("ecdsa-p256");
        static const char ecdsa[] = "\0\x18\0\x0b\0\2\1\2\0\1\3", rsa[] = "\0\x14\0\x0b\0\2\1\2";
        _cleanup_(buf_done) struct buf der = {}, padded = {};

        expect_integer(tpm_signature_put(&der, p256, view_of(ecdsa, sizeof(ecdsa) - 1)), 0);
        expect_view(buf_view(&der), view_of("\x30\7\2\2\1\2\2\1\3", 9));
        expect_integer(tpm_signature_put(&padded, algorithm_find("rsa-2048"),
                                         view_of(rsa, sizeof(rsa) - 1)),
                       0);
        expect_integer(padded.size, 256);
        expect_integer(padded.data[253] << 16 | padded.data[254] << 8 | padded.data[255], 0x102);
        expect_integer(tpm_signature_put(&der, p256, view_of(rsa, sizeof(rsa) - 1)), -EBADMSG);
        expect_integer(tpm_signature_put(&der, p256, view_of(ecdsa, sizeof(ecdsa))), -EBADMSG);
        expect_integer(tpm_signature_put(&der, algorithm_find("ecdsa-p384"),
                                         view_of(ecdsa, sizeof(ecdsa) - 1)),
                       -EBADMSG);
        for (size_t size = 0; size < sizeof(ecdsa) - 1; size++)
                expect_integer(tpm_signature_put(&der, p256, view_of(ecdsa, size)), -EBADMSG);
}

int main(void)
{
        test_same_as_written();
        test_no_key();
        test_signatures();
        return test_result();
}
