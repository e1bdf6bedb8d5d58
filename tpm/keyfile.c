/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/keyfile.h"

#include <errno.h>
#include <openssl/asn1t.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <tss2/tss2_mu.h>

#define KEYFILE_PEM_NAME "TSS2 PRIVATE KEY"
#define KEYFILE_OID      "2.23.133.10.1.3"
#define KEYFILE_SIZE_MAX ((size_t)16384)
#define DER_FALSE        0 /* written out: readers take the flag's absence for either */
#define DER_TRUE         0xff

struct keyfile {
        ASN1_OBJECT *type;
        ASN1_BOOLEAN empty_auth;
        ASN1_INTEGER *parent;
        ASN1_OCTET_STRING *public;
        ASN1_OCTET_STRING *private;
};

/* clang-format off */
ASN1_SEQUENCE(KEYFILE) = {
        ASN1_SIMPLE(struct keyfile, type, ASN1_OBJECT),
        ASN1_EXP_OPT(struct keyfile, empty_auth, ASN1_BOOLEAN, 0),
        ASN1_SIMPLE(struct keyfile, parent, ASN1_INTEGER),
        ASN1_SIMPLE(struct keyfile, public, ASN1_OCTET_STRING),
        ASN1_SIMPLE(struct keyfile, private, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END_name(struct keyfile, KEYFILE)
        /* clang-format on */

        static void keyfile_freep(struct keyfile * *file)
{
        ASN1_item_free((ASN1_VALUE *)*file, ASN1_ITEM_rptr(KEYFILE));
}

static void bio_freep(BIO **bio)
{
        (void)BIO_free(*bio);
}

static void openssl_freep(void *pointer)
{
        OPENSSL_free(*(void **)pointer);
}

static int forget_openssl_errors(int r)
{
        ERR_clear_error();
        return r;
}

static int set_bytes(ASN1_OCTET_STRING *string, const uint8_t *bytes, size_t size)
{
        return ASN1_OCTET_STRING_set(string, bytes, (int)size) ? 0 : -ENOMEM;
}

static int set_public(struct keyfile *file, const TPM2B_PUBLIC *public)
{
        uint8_t bytes[sizeof(*public)];
        size_t size = 0;

        if (Tss2_MU_TPM2B_PUBLIC_Marshal(public, bytes, sizeof(bytes), &size))
                return -EIO;
        return set_bytes(file->public, bytes, size);
}

static int set_private(struct keyfile *file, const TPM2B_PRIVATE *private)
{
        uint8_t bytes[sizeof(*private)];
        size_t size = 0;

        if (Tss2_MU_TPM2B_PRIVATE_Marshal(private, bytes, sizeof(bytes), &size))
                return -EIO;
        return set_bytes(file->private, bytes, size);
}

static int keyfile_new(const TPM2B_PUBLIC *public, const TPM2B_PRIVATE *private, int empty_auth,
                       struct keyfile **ret)
{
        _cleanup_(keyfile_freep) struct keyfile *file =
                (struct keyfile *)ASN1_item_new(ASN1_ITEM_rptr(KEYFILE));
        int r;

        if (!file)
                return forget_openssl_errors(-ENOMEM);
        ASN1_OBJECT_free(file->type);
        file->type = OBJ_txt2obj(KEYFILE_OID, 1);
        file->empty_auth = empty_auth ? DER_TRUE : DER_FALSE;
        if (!file->type || !ASN1_INTEGER_set_uint64(file->parent, TPM2_RH_OWNER))
                return forget_openssl_errors(-ENOMEM);
        r = set_public(file, public);
        if (r == 0)
                r = set_private(file, private);
        if (r < 0)
                return forget_openssl_errors(r);
        *ret = TAKE_PTR(file);
        return 0;
}

int keyfile_put(struct buf *buf, const TPM2B_PUBLIC *public, const TPM2B_PRIVATE *private,
                int empty_auth)
{
        _cleanup_(keyfile_freep) struct keyfile *file = NULL;
        _cleanup_(openssl_freep) unsigned char *der = NULL;
        _cleanup_(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
        char *text = NULL;
        long size;
        int r, der_size;

        if (!bio)
                return forget_openssl_errors(-ENOMEM);
        r = keyfile_new(public, private, empty_auth, &file);
        if (r < 0)
                return r;
        der_size = ASN1_item_i2d((ASN1_VALUE *)file, &der, ASN1_ITEM_rptr(KEYFILE));
        if (der_size <= 0 || PEM_write_bio(bio, KEYFILE_PEM_NAME, "", der, der_size) <= 0)
                return forget_openssl_errors(-ENOMEM);
        size = BIO_get_mem_data(bio, &text);
        buf_put(buf, text, (size_t)size);
        return buf_error(buf);
}

static int decode(struct view text, struct keyfile **ret)
{
        _cleanup_(openssl_freep) char *name = NULL;
        _cleanup_(openssl_freep) char *header = NULL;
        _cleanup_(openssl_freep) unsigned char *der = NULL;
        _cleanup_(bio_freep) BIO *bio = NULL;
        const unsigned char *cursor;
        long size;

        if (text.size == 0 || text.size > KEYFILE_SIZE_MAX)
                return -EBADMSG;
        bio = BIO_new_mem_buf(text.data, (int)text.size);
        if (!bio || !PEM_read_bio(bio, &name, &header, &der, &size))
                return forget_openssl_errors(-EBADMSG);
        cursor = der;
        *ret = (struct keyfile *)ASN1_item_d2i(NULL, &cursor, size, ASN1_ITEM_rptr(KEYFILE));
        return *ret ? 0 : forget_openssl_errors(-EBADMSG);
}

static int unmarshal(const struct keyfile *file, TPM2B_PUBLIC *ret_public,
                     TPM2B_PRIVATE *ret_private)
{
        size_t public_size = (size_t)ASN1_STRING_length(file->public);
        size_t private_size = (size_t)ASN1_STRING_length(file->private);

        *ret_public = (TPM2B_PUBLIC){0};
        *ret_private = (TPM2B_PRIVATE){0};
        if (Tss2_MU_TPM2B_PUBLIC_Unmarshal(ASN1_STRING_get0_data(file->public), public_size, NULL,
                                           ret_public) ||
            Tss2_MU_TPM2B_PRIVATE_Unmarshal(ASN1_STRING_get0_data(file->private), private_size,
                                            NULL, ret_private))
                return -EBADMSG;
        return 0;
}

/* Whatever decodes to the two parts but is not written as we write them was not written by us. That
 * also covers the type, the parent, a flag that is neither 0 nor 255, and any bytes left over at
 * any level. */
static int is_canonical(struct view text, const TPM2B_PUBLIC *public, const TPM2B_PRIVATE *private,
                        int empty_auth)
{
        _cleanup_(buf_done) struct buf again = BUF_INIT(KEYFILE_SIZE_MAX);

        return keyfile_put(&again, public, private, empty_auth) == 0 &&
               view_equal(buf_view(&again), text);
}

int keyfile_read(struct view text, TPM2B_PUBLIC *ret_public, TPM2B_PRIVATE *ret_private,
                 int *ret_empty_auth, struct problem *problem)
{
        _cleanup_(keyfile_freep) struct keyfile *file = NULL;

        if (decode(text, &file) < 0 || unmarshal(file, ret_public, ret_private) < 0 ||
            !is_canonical(text, ret_public, ret_private, file->empty_auth != DER_FALSE))
                return problem_set(problem, -EKEYREJECTED,
                                   "the handle is no " KEYFILE_PEM_NAME " file of this program");
        *ret_empty_auth = file->empty_auth != DER_FALSE;
        return 0;
}
