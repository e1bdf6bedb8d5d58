/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Certificates for tests, by an authority that is made on the spot. Whatever fails here ends the
 * test.
 */

#include "lib/certificate.h"
#include "tests/unit/folder.h"
#include "tests/unit/key.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

struct authority {
        EVP_PKEY *key;
        X509 *x509;
};

enum certificate_kind { CERTIFICATE_AUTHORITY, CERTIFICATE_ENDORSEMENT, CERTIFICATE_KEY };

static inline void authority_add(X509 *x509, int nid, const char *value)
{
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

        assert(extension && X509_add_ext(x509, extension, -1) == 1);
        X509_EXTENSION_free(extension);
}

/* The subject alternative name of TCG's profile, with that manufacturer. */
static inline void authority_add_device(X509 *x509, const char *manufacturer)
{
        GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
        GENERAL_NAME *name = GENERAL_NAME_new();
        X509_NAME *device = X509_NAME_new();
        ASN1_OBJECT *attribute = OBJ_txt2obj("2.23.133.2.1", 1);
        int ok = X509_NAME_add_entry_by_OBJ(device, attribute, MBSTRING_UTF8,
                                            (const unsigned char *)manufacturer, -1, -1, 0);

        assert(ok == 1);
        GENERAL_NAME_set0_value(name, GEN_DIRNAME, device);
        ok = sk_GENERAL_NAME_push(names, name) > 0 &&
             X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 1, 0) == 1;
        assert(ok);
        GENERAL_NAMES_free(names);
        ASN1_OBJECT_free(attribute);
}

/* @issuer NULL: signed by itself. @seconds: how long it is good from now. */
static inline X509 *authority_issue(const struct authority *issuer, EVP_PKEY *key, const char *name,
                                    enum certificate_kind kind, long seconds)
{
        X509 *x509 = X509_new();
        int ok = X509_set_version(x509, X509_VERSION_3) == 1 &&
                 ASN1_INTEGER_set(X509_get_serialNumber(x509), rand() + 1L) == 1 &&
                 X509_gmtime_adj(X509_getm_notBefore(x509), -3600) &&
                 X509_gmtime_adj(X509_getm_notAfter(x509), seconds) &&
                 X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8,
                                            (const unsigned char *)name, -1, -1, 0) == 1 &&
                 X509_set_issuer_name(x509, issuer ? X509_get_subject_name(issuer->x509)
                                                   : X509_get_subject_name(x509)) == 1 &&
                 X509_set_pubkey(x509, key) == 1;

        assert(ok);
        if (kind == CERTIFICATE_AUTHORITY)
                authority_add(x509, NID_basic_constraints, "critical,CA:TRUE");
        if (kind == CERTIFICATE_ENDORSEMENT) {
                authority_add(x509, NID_ext_key_usage, "2.23.133.8.1");
                authority_add_device(x509, "id:00001014");
        }
        ok = X509_sign(x509, issuer ? issuer->key : key, EVP_sha256()) > 0;
        assert(ok);
        return x509;
}

static inline struct authority authority_new(const struct authority *issuer, const char *name)
{
        struct authority authority = {.key = key_new(algorithm_find("ecdsa-p256"))};

        authority.x509 = authority_issue(issuer, authority.key, name, CERTIFICATE_AUTHORITY, 3600);
        return authority;
}

static inline void authority_done(struct authority *authority)
{
        EVP_PKEY_free(authority->key);
        X509_free(authority->x509);
}

static inline void authority_put_der(const X509 *x509, struct buf *ret)
{
        unsigned char *der = NULL;
        int size = i2d_X509(x509, &der);

        assert(size > 0);
        buf_put(ret, der, (size_t)size);
        OPENSSL_free(der);
}

static inline struct certificate *authority_parsed(const X509 *x509)
{
        _cleanup_(buf_done) struct buf der = {};
        struct certificate *certificate = NULL;
        int r;

        authority_put_der(x509, &der);
        r = certificate_parse(buf_view(&der), &certificate);
        assert(r == 0);
        return certificate;
}

static inline void authority_write_pem(const struct folder *folder, const char *name, X509 *x509)
{
        BIO *bio = BIO_new(BIO_s_mem());
        char *text = NULL;
        long size;

        assert(PEM_write_bio_X509(bio, x509) == 1);
        size = BIO_get_mem_data(bio, &text);
        folder_write(folder, name, view_of(text, (size_t)size));
        BIO_free(bio);
}
