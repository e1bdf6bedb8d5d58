/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/evidence.h"

#include "pkcs11/object.h"

#include <errno.h>

#define LABEL_MAX ((size_t)255)

static const struct {
        CK_ATTRIBUTE_TYPE type;
        const char *name;
} flags[] = {
        {CKA_ALWAYS_SENSITIVE, "CKA_ALWAYS_SENSITIVE"},
        {CKA_EXTRACTABLE, "CKA_EXTRACTABLE"},
        {CKA_LOCAL, "CKA_LOCAL"},
        {CKA_NEVER_EXTRACTABLE, "CKA_NEVER_EXTRACTABLE"},
        {CKA_SENSITIVE, "CKA_SENSITIVE"},
};

/* What the token does not tell is not there. */
static int add_flags(struct token *token, CK_OBJECT_HANDLE private, struct facts *ret,
                     struct problem *problem)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(flags); i++) {
                int found = -1;

                r = object_read_flag(token, private, flags[i].type, -1, &found);
                if (r < 0)
                        return problem_set(problem, r, "the attributes of the key cannot be read");
                if (found >= 0)
                        r = facts_add(ret, flags[i].name, found ? "true" : "false");
        }
        return r;
}

static int add_facts(struct token *token, struct facts *ret, struct problem *problem)
{
        static const char *const wanted[] = {"firmware", "library", "manufacturer", "model",
                                             "serial"};
        _cleanup_(facts_done) struct facts facts = {};
        int r = token_facts(token, &facts, problem);

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(wanted); i++) {
                const char *value = facts_get(&facts, wanted[i]);

                if (value && value[0])
                        r = facts_add(ret, wanted[i], value);
        }
        return r;
}

/* An object without that attribute, or with one that is too long, leads no further. */
static int read_part(struct token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                     struct buf *ret)
{
        int r = object_read(token, object, type, ret, NULL);

        return r == -EKEYREJECTED ? 0 : r;
}

static int add_issuers(struct token *token, CK_OBJECT_HANDLE object, struct evidence *ret);

static int add_certificate(struct token *token, CK_OBJECT_HANDLE object, struct evidence *ret)
{
        _cleanup_(buf_done) struct buf der = BUF_INIT(2 * OBJECT_ATTRIBUTE_MAX);
        size_t before = ret->certificate_count;
        int r = read_part(token, object, CKA_VALUE, &der);

        if (r == 0)
                r = evidence_add_certificate(ret, buf_view(&der));
        /* One that was there already, and the root, end the chain. */
        return r < 0 || ret->certificate_count == before ? r : add_issuers(token, object, ret);
}

static int add_all(struct token *token, const struct objects *found, struct evidence *ret)
{
        int r = 0;

        for (CK_ULONG i = 0; r == 0 && i < found->count; i++)
                r = add_certificate(token, found->handle[i], ret);
        return r;
}

static int add_issuers(struct token *token, CK_OBJECT_HANDLE object, struct evidence *ret)
{
        _cleanup_(buf_done) struct buf issuer = BUF_INIT(2 * OBJECT_ATTRIBUTE_MAX);
        struct objects found;
        int r = read_part(token, object, CKA_ISSUER, &issuer);

        if (r < 0 || issuer.size == 0)
                return r;
        r = object_find(token, CKO_CERTIFICATE, CKA_SUBJECT, buf_view(&issuer), &found, NULL);
        return r < 0 ? r : add_all(token, &found, ret);
}

static int add_found(struct token *token, CK_ATTRIBUTE_TYPE type, struct view value,
                     struct evidence *ret)
{
        struct objects found;
        int r = object_find(token, CKO_CERTIFICATE, type, value, &found, NULL);

        return r < 0 ? r : add_all(token, &found, ret);
}

/* Those with the key's id, and those with its label. Whether one is for the key, and who has signed
 * it, is for the verifier to find out. */
static int add_certificates(struct token *token, CK_OBJECT_HANDLE private, struct view id,
                            struct evidence *ret)
{
        _cleanup_(buf_done) struct buf label = BUF_INIT(2 * OBJECT_ATTRIBUTE_MAX);
        int r = add_found(token, CKA_ID, id, ret);

        if (r == 0)
                r = read_part(token, private, CKA_LABEL, &label);
        if (r < 0 || label.size == 0 || label.size > LABEL_MAX)
                return r;
        return add_found(token, CKA_LABEL, buf_view(&label), ret);
}

int evidence_of_key(struct token *token, CK_OBJECT_HANDLE private, struct view id,
                    struct evidence *ret, struct problem *problem)
{
        int r;

        ret->kind = EVIDENCE_PKCS11;
        r = add_flags(token, private, &ret->self_asserted, problem);
        if (r == 0)
                r = add_facts(token, &ret->self_asserted, problem);
        if (r < 0)
                return r;
        r = add_certificates(token, private, id, ret);
        return r < 0 && r != -ENOMEM
                       ? problem_set(problem, r, "the certificates of the token cannot be read")
                       : r;
}
