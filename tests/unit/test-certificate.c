/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"
#include "tests/unit/authority.h"

#include <errno.h>

static void test_endorsement(void)
{
        _cleanup_(authority_done) struct authority root = authority_new(NULL, "root");
        _cleanup_(key_freep) EVP_PKEY *key = key_new(algorithm_find("ecdsa-p256"));
        _cleanup_(certificate_freep) struct certificate *certificate = NULL;
        _cleanup_(buf_done) struct buf spki = {};
        char subject[CERTIFICATE_TEXT_SIZE], issuer[CERTIFICATE_TEXT_SIZE];
        struct endorsed_device device = {};
        X509 *x509 = authority_issue(&root, key, "TPM 1", CERTIFICATE_ENDORSEMENT, 60);

        certificate = authority_parsed(x509);
        certificate_subject(certificate, subject);
        certificate_issuer(certificate, issuer);
        expect_text(view_string(subject), "CN=TPM 1");
        expect_text(view_string(issuer), "CN=root");
        key_put_spki(key, &spki);
        expect_view(certificate_spki(certificate), buf_view(&spki));
        expect(certificate_is_endorsement(certificate));
        expect_integer(certificate_device(certificate, &device, NULL), 0);
        expect_text(view_string(device.manufacturer), "id:00001014");
        expect_text(view_string(device.model), "");
        X509_free(x509);
}

static void test_other(void)
{
        _cleanup_(authority_done) struct authority root = authority_new(NULL, "root");
        _cleanup_(certificate_freep) struct certificate *certificate = authority_parsed(root.x509);
        struct endorsed_device device;
        struct problem problem = {};

        expect(!certificate_is_endorsement(certificate));
        expect_integer(certificate_device(certificate, &device, &problem), -EKEYREJECTED);
        expect_text(view_string(problem.text), "the certificate names no manufacturer of a TPM");
}

static void test_malformed(void)
{
        _cleanup_(authority_done) struct authority root = authority_new(NULL, "root");
        _cleanup_(buf_done) struct buf der = {};
        struct certificate *certificate = NULL;

        authority_put_der(root.x509, &der);
        for (size_t size = 0; size < der.size; size++)
                expect_integer(certificate_parse(view_of(der.data, size), &certificate), -EBADMSG);
        buf_put_u8(&der, 0);
        expect_integer(certificate_parse(buf_view(&der), &certificate), -EBADMSG);
        expect(!certificate);
}

int main(void)
{
        test_endorsement();
        test_other();
        test_malformed();
        return test_result();
}
