/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/certificate-x509.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

/* TCG EK Credential Profile 2.5 §3.2.9, §3.2.16. */
#define OID_MANUFACTURER "2.23.133.2.1"
#define OID_MODEL        "2.23.133.2.2"
#define OID_VERSION      "2.23.133.2.3"
#define OID_ENDORSEMENT  "2.23.133.8.1"

#define OID_TEXT_SIZE 64

struct certificate {
        X509 *x509;
        unsigned char *spki;
        size_t spki_size;
        struct sha256 fingerprint;
};

static void bio_freep(BIO **bio)
{
        (void)BIO_free(*bio); /* in memory */
}

static void general_names_freep(GENERAL_NAMES **names)
{
        GENERAL_NAMES_free(*names);
}

static void usages_freep(EXTENDED_KEY_USAGE **usages)
{
        EXTENDED_KEY_USAGE_free(*usages);
}

static void openssl_freep(unsigned char **bytes)
{
        OPENSSL_free(*bytes);
}

static int openssl_failed(int r)
{
        ERR_clear_error();
        return r;
}

int certificate_parse(struct view der, struct certificate **ret)
{
        _cleanup_(certificate_freep) struct certificate *certificate = NULL;
        const unsigned char *next = der.data;
        int size;

        if (der.size == 0 || der.size > CERTIFICATE_SIZE_MAX)
                return -EBADMSG;
        certificate = calloc(1, sizeof(*certificate));
        if (!certificate)
                return -ENOMEM;
        certificate->x509 = d2i_X509(NULL, &next, (long)der.size);
        if (!certificate->x509 || next != der.data + der.size)
                return openssl_failed(-EBADMSG);
        size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate->x509), &certificate->spki);
        if (size <= 0)
                return openssl_failed(-EBADMSG);
        certificate->spki_size = (size_t)size;
        certificate->fingerprint = sha256_of(der);
        *ret = TAKE_PTR(certificate);
        return 0;
}

struct certificate *certificate_free(struct certificate *certificate)
{
        if (!certificate)
                return NULL;
        X509_free(certificate->x509);
        OPENSSL_free(certificate->spki);
        free(certificate);
        return NULL;
}

X509 *certificate_x509(const struct certificate *certificate)
{
        return certificate->x509;
}

const struct sha256 *certificate_fingerprint(const struct certificate *certificate)
{
        return &certificate->fingerprint;
}

struct view certificate_spki(const struct certificate *certificate)
{
        return view_of(certificate->spki, certificate->spki_size);
}

static void put_name(const X509_NAME *name, char ret[CERTIFICATE_TEXT_SIZE])
{
        _cleanup_(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
        int size;

        ret[0] = '\0';
        if (!bio || X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) < 0) {
                (void)openssl_failed(0);
                return;
        }
        size = BIO_read(bio, ret, CERTIFICATE_TEXT_SIZE - 1);
        ret[size > 0 ? size : 0] = '\0';
        (void)openssl_failed(0); /* reading nothing notes an error */
}

void certificate_subject(const struct certificate *certificate, char ret[CERTIFICATE_TEXT_SIZE])
{
        put_name(X509_get_subject_name(certificate->x509), ret);
}

void certificate_issuer(const struct certificate *certificate, char ret[CERTIFICATE_TEXT_SIZE])
{
        put_name(X509_get_issuer_name(certificate->x509), ret);
}

static int object_is(const ASN1_OBJECT *object, const char *oid)
{
        char text[OID_TEXT_SIZE] = "";
        int size = OBJ_obj2txt(text, sizeof(text), object, 1);

        return size > 0 && size < (int)sizeof(text) && string_equal(text, oid);
}

int certificate_is_endorsement(const struct certificate *certificate)
{
        _cleanup_(usages_freep) EXTENDED_KEY_USAGE *usages =
                X509_get_ext_d2i(certificate->x509, NID_ext_key_usage, NULL, NULL);

        ERR_clear_error();
        for (int i = 0; usages && i < sk_ASN1_OBJECT_num(usages); i++)
                if (object_is(sk_ASN1_OBJECT_value(usages, i), OID_ENDORSEMENT))
                        return 1;
        return 0;
}

/* The value of that attribute; one that is no text, or too long, counts as not there. */
static void read_attribute(const X509_NAME *name, const char *oid, char *ret, size_t size)
{
        for (int i = 0; i < X509_NAME_entry_count(name); i++) {
                const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
                _cleanup_(openssl_freep) unsigned char *text = NULL;
                int length;

                if (!object_is(X509_NAME_ENTRY_get_object(entry), oid))
                        continue;
                length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
                if (length <= 0 || (size_t)length >= size || memchr(text, '\0', (size_t)length))
                        continue;
                memcpy(ret, text, (size_t)length);
                ret[length] = '\0';
                return;
        }
}

static void read_device(const X509_NAME *name, struct endorsed_device *ret)
{
        read_attribute(name, OID_MANUFACTURER, ret->manufacturer, sizeof(ret->manufacturer));
        read_attribute(name, OID_MODEL, ret->model, sizeof(ret->model));
        read_attribute(name, OID_VERSION, ret->version, sizeof(ret->version));
}

int certificate_device(const struct certificate *certificate, struct endorsed_device *ret,
                       struct problem *problem)
{
        _cleanup_(general_names_freep) GENERAL_NAMES *names =
                X509_get_ext_d2i(certificate->x509, NID_subject_alt_name, NULL, NULL);
        struct endorsed_device device = {};

        for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
                const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

                if (name->type == GEN_DIRNAME)
                        read_device(name->d.directoryName, &device);
        }
        ERR_clear_error();
        if (device.manufacturer[0] == '\0')
                return problem_set(problem, -EKEYREJECTED,
                                   "the certificate names no manufacturer of a TPM");
        *ret = device;
        return 0;
}
