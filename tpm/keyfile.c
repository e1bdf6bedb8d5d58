/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/keyfile.h"
#include "tpm/keyfile-policy.h"

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

struct step {
        ASN1_INTEGER *command;
        ASN1_OCTET_STRING *body;
};

SKM_DEFINE_STACK_OF(step, struct step, struct step)

/* As it is in ASN.1. */
struct form {
        ASN1_OBJECT *type;
        ASN1_BOOLEAN empty_auth;
        STACK_OF(step) * policy; /* NULL: none */
        ASN1_INTEGER *parent;
        ASN1_OCTET_STRING *public;
        ASN1_OCTET_STRING *private;
};

/* clang-format off */
ASN1_SEQUENCE(STEP) = {
        ASN1_EXP(struct step, command, ASN1_INTEGER, 0),
        ASN1_EXP(struct step, body, ASN1_OCTET_STRING, 1),
} static_ASN1_SEQUENCE_END_name(struct step, STEP)

ASN1_SEQUENCE(FORM) = {
        ASN1_SIMPLE(struct form, type, ASN1_OBJECT),
        ASN1_EXP_OPT(struct form, empty_auth, ASN1_BOOLEAN, 0),
        ASN1_EXP_SEQUENCE_OF_OPT(struct form, policy, STEP, 1),
        ASN1_SIMPLE(struct form, parent, ASN1_INTEGER),
        ASN1_SIMPLE(struct form, public, ASN1_OCTET_STRING),
        ASN1_SIMPLE(struct form, private, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END_name(struct form, FORM)
        /* clang-format on */

        static void form_freep(struct form * *form)
{
        ASN1_item_free((ASN1_VALUE *)*form, ASN1_ITEM_rptr(FORM));
}

static void step_freep(struct step **step)
{
        ASN1_item_free((ASN1_VALUE *)*step, ASN1_ITEM_rptr(STEP));
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

void keyfile_done(struct keyfile *file)
{
        gate_done(&file->gate);
}

static int set_bytes(ASN1_OCTET_STRING *string, const uint8_t *bytes, size_t size)
{
        return ASN1_OCTET_STRING_set(string, bytes, (int)size) ? 0 : -ENOMEM;
}

static int set_public(struct form *form, const TPM2B_PUBLIC *public)
{
        uint8_t bytes[sizeof(*public)];
        size_t size = 0;

        if (Tss2_MU_TPM2B_PUBLIC_Marshal(public, bytes, sizeof(bytes), &size))
                return -EIO;
        return set_bytes(form->public, bytes, size);
}

static int set_private(struct form *form, const TPM2B_PRIVATE *private)
{
        uint8_t bytes[sizeof(*private)];
        size_t size = 0;

        if (Tss2_MU_TPM2B_PRIVATE_Marshal(private, bytes, sizeof(bytes), &size))
                return -EIO;
        return set_bytes(form->private, bytes, size);
}

static int add_step(struct form *form, const struct keyfile_step *from)
{
        _cleanup_(step_freep) struct step *step =
                (struct step *)ASN1_item_new(ASN1_ITEM_rptr(STEP));

        if (!step || !ASN1_INTEGER_set_uint64(step->command, from->command) ||
            set_bytes(step->body, from->body.data, from->body.size) < 0 ||
            !sk_step_push(form->policy, step))
                return -ENOMEM;
        step = NULL; /* the stack's now */
        return 0;
}

static int set_policy(struct form *form, const struct gate *gate)
{
        _cleanup_(keyfile_policy_done) struct keyfile_policy policy = {0};
        int r = keyfile_policy_of(gate, &policy);

        if (r < 0 || policy.count == 0)
                return r;
        form->policy = sk_step_new_null();
        if (!form->policy)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < policy.count; i++)
                r = add_step(form, &policy.steps[i]);
        return r;
}

static int form_new(const struct keyfile *file, struct form **ret)
{
        _cleanup_(form_freep) struct form *form =
                (struct form *)ASN1_item_new(ASN1_ITEM_rptr(FORM));
        int r;

        if (!form)
                return forget_openssl_errors(-ENOMEM);
        ASN1_OBJECT_free(form->type);
        form->type = OBJ_txt2obj(KEYFILE_OID, 1);
        form->empty_auth = file->empty_auth ? DER_TRUE : DER_FALSE;
        if (!form->type || !ASN1_INTEGER_set_uint64(form->parent, TPM2_RH_OWNER))
                return forget_openssl_errors(-ENOMEM);
        r = set_policy(form, &file->gate);
        if (r == 0)
                r = set_public(form, &file->public);
        if (r == 0)
                r = set_private(form, &file->private);
        if (r < 0)
                return forget_openssl_errors(r);
        *ret = TAKE_PTR(form);
        return 0;
}

int keyfile_put(struct buf *buf, const struct keyfile *file)
{
        _cleanup_(form_freep) struct form *form = NULL;
        _cleanup_(openssl_freep) unsigned char *der = NULL;
        _cleanup_(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
        char *text = NULL;
        long size;
        int r, der_size;

        if (!bio)
                return forget_openssl_errors(-ENOMEM);
        r = form_new(file, &form);
        if (r < 0)
                return r;
        der_size = ASN1_item_i2d((ASN1_VALUE *)form, &der, ASN1_ITEM_rptr(FORM));
        if (der_size <= 0 || PEM_write_bio(bio, KEYFILE_PEM_NAME, "", der, der_size) <= 0)
                return forget_openssl_errors(-ENOMEM);
        size = BIO_get_mem_data(bio, &text);
        buf_put(buf, text, (size_t)size);
        return buf_error(buf);
}

static int decode(struct view text, struct form **ret)
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
        *ret = (struct form *)ASN1_item_d2i(NULL, &cursor, size, ASN1_ITEM_rptr(FORM));
        return *ret ? 0 : forget_openssl_errors(-EBADMSG);
}

static struct view bytes_of(const ASN1_OCTET_STRING *string)
{
        return view_of(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
}

static int read_policy(const struct form *form, struct gate *ret)
{
        int count = form->policy ? sk_step_num(form->policy) : 0, r = 0;

        for (int i = 0; r == 0 && i < count; i++) {
                const struct step *step = sk_step_value(form->policy, i);
                uint64_t command;

                if (!ASN1_INTEGER_get_uint64(&command, step->command) || command > UINT32_MAX)
                        return forget_openssl_errors(-EBADMSG);
                r = keyfile_policy_take((uint32_t)command, bytes_of(step->body), ret);
        }
        return r;
}

static int unmarshal(const struct form *form, struct keyfile *ret)
{
        struct view public = bytes_of(form->public), private = bytes_of(form->private);

        ret->empty_auth = form->empty_auth != DER_FALSE;
        if (Tss2_MU_TPM2B_PUBLIC_Unmarshal(public.data, public.size, NULL, &ret->public) ||
            Tss2_MU_TPM2B_PRIVATE_Unmarshal(private.data, private.size, NULL, &ret->private))
                return -EBADMSG;
        return read_policy(form, &ret->gate);
}

/* Whatever decodes to the parts but is not written as we write them was not written by us. That
 * also covers the type, the parent, a flag that is neither 0 nor 255, the order and the details of
 * the policy, and any bytes left over at any level. */
static int is_canonical(struct view text, const struct keyfile *file)
{
        _cleanup_(buf_done) struct buf again = BUF_INIT(KEYFILE_SIZE_MAX);

        return keyfile_put(&again, file) == 0 && view_equal(buf_view(&again), text);
}

int keyfile_read(struct view text, struct keyfile *ret, struct problem *problem)
{
        _cleanup_(form_freep) struct form *form = NULL;

        *ret = (struct keyfile){0};
        if (decode(text, &form) < 0 || unmarshal(form, ret) < 0 || !is_canonical(text, ret))
                return problem_set(problem, -EKEYREJECTED,
                                   "the handle is no " KEYFILE_PEM_NAME " file of this program");
        return 0;
}
