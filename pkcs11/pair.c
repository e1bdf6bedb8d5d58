/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ed25519.h"
#include "lib/pubkey.h"
#include "lib/spki.h"
#include "pkcs11/key.h"
#include "pkcs11/mechanism.h"

#include <errno.h>

#define POINT_UNCOMPRESSED 0x04 /* SEC 1 §2.3.3 */
#define DER_OCTET_STRING   0x04
#define DER_LENGTH_ONE     0x81 /* the length is in the one byte that follows */

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static uint8_t rsa_exponent[] = {1, 0, 1};

static const struct {
        CK_ATTRIBUTE_TYPE type;
        int expected, fallback;
        const char *name;
} private_flags[] = {
        {CKA_SENSITIVE, 1, 0, "CKA_SENSITIVE"},
        {CKA_EXTRACTABLE, 0, 1, "CKA_EXTRACTABLE"},
        {CKA_LOCAL, 1, 0, "CKA_LOCAL"},
        {CKA_SIGN, 1, 0, "CKA_SIGN"},
        {CKA_ALWAYS_SENSITIVE, 1, 1, "CKA_ALWAYS_SENSITIVE"},
        {CKA_NEVER_EXTRACTABLE, 1, 1, "CKA_NEVER_EXTRACTABLE"},
};

static void *unconst(const void *data)
{
        return (void *)(uintptr_t)data;
}

int key_make_pair(struct token *token, const struct algorithm *algorithm, const char *label,
                  struct view id, CK_OBJECT_HANDLE *ret_public, struct problem *problem)
{
        struct mechanism mechanism;
        int r = mechanism_of(algorithm, &mechanism);
        int is_ec = mechanism.curve.size > 0;
        CK_ULONG bits = algorithm->bits;
        CK_ATTRIBUTE public_template[] = {
                {CKA_TOKEN, &yes, sizeof(yes)},
                {CKA_VERIFY, &yes, sizeof(yes)},
                {CKA_ID, unconst(id.data), id.size},
                {CKA_LABEL, unconst(label), strlen(label)},
                {is_ec ? CKA_EC_PARAMS : CKA_PUBLIC_EXPONENT,
                 is_ec ? unconst(mechanism.curve.data) : rsa_exponent,
                 is_ec ? mechanism.curve.size : sizeof(rsa_exponent)},
                {CKA_MODULUS_BITS, &bits, sizeof(bits)},
        };
        CK_ATTRIBUTE private_template[] = {
                {CKA_TOKEN, &yes, sizeof(yes)},      {CKA_PRIVATE, &yes, sizeof(yes)},
                {CKA_SENSITIVE, &yes, sizeof(yes)},  {CKA_EXTRACTABLE, &no, sizeof(no)},
                {CKA_SIGN, &yes, sizeof(yes)},       {CKA_DECRYPT, &no, sizeof(no)},
                {CKA_UNWRAP, &no, sizeof(no)},       {CKA_DERIVE, &no, sizeof(no)},
                {CKA_ID, unconst(id.data), id.size}, {CKA_LABEL, unconst(label), strlen(label)},
        };
        CK_MECHANISM generate = {.mechanism = mechanism.generate};
        CK_OBJECT_HANDLE private;
        CK_RV rv;

        if (r < 0)
                return r;
        rv = token->module->C_GenerateKeyPair(token->session, &generate, public_template,
                                              ARRAY_SIZE(public_template) - (is_ec ? 1 : 0),
                                              private_template, ARRAY_SIZE(private_template),
                                              ret_public, &private);
        return rv == CKR_OK ? 0 : token_error(rv, "making a key in the token", problem);
}

/* The point is a DER OCTET STRING (PKCS#11 v2.40 §2.3.3); some tokens leave that wrapping out. */
static struct view unwrap_point(struct view bytes, size_t size)
{
        struct reader reader = reader_init(bytes);
        size_t length;

        if (bytes.size == size)
                return bytes;
        if (reader_u8(&reader) != DER_OCTET_STRING)
                return view_of(NULL, 0);
        length = reader_u8(&reader);
        if (length == DER_LENGTH_ONE)
                length = reader_u8(&reader);
        return length == size && reader.left == size ? reader_rest(&reader) : view_of(NULL, 0);
}

static int put_ec(struct token *token, const struct algorithm *algorithm, CK_OBJECT_HANDLE public,
                  struct buf *buf, struct problem *problem)
{
        _cleanup_(buf_done) struct buf bytes = BUF_INIT(2 * OBJECT_ATTRIBUTE_MAX);
        size_t coordinate = (algorithm->bits + 7) / 8;
        struct reader point;
        struct view x, y;
        int r = object_read(token, public, CKA_EC_POINT, &bytes, problem);

        if (r < 0)
                return r;
        point = reader_init(unwrap_point(buf_view(&bytes), 1 + 2 * coordinate));
        if (reader_u8(&point) != POINT_UNCOMPRESSED)
                return -EBADMSG;
        x = reader_bytes(&point, coordinate);
        y = reader_bytes(&point, coordinate);
        r = reader_end(&point);
        return r < 0 ? r : spki_put_ec(buf, algorithm, x, y);
}

static int put_ed25519(struct token *token, CK_OBJECT_HANDLE public, struct buf *buf,
                       struct problem *problem)
{
        _cleanup_(buf_done) struct buf bytes = BUF_INIT(2 * OBJECT_ATTRIBUTE_MAX);
        int r = object_read(token, public, CKA_EC_POINT, &bytes, problem);

        return r < 0 ? r : spki_put_ed25519(buf, unwrap_point(buf_view(&bytes), ED25519_KEY_SIZE));
}

static int put_rsa(struct token *token, CK_OBJECT_HANDLE public, struct buf *buf,
                   struct problem *problem)
{
        _cleanup_(buf_done) struct buf modulus = BUF_INIT(2 * OBJECT_ATTRIBUTE_MAX);
        _cleanup_(buf_done) struct buf exponent = BUF_INIT(2 * OBJECT_ATTRIBUTE_MAX);
        int r = object_read(token, public, CKA_MODULUS, &modulus, problem);

        if (r == 0)
                r = object_read(token, public, CKA_PUBLIC_EXPONENT, &exponent, problem);
        return r < 0 ? r : spki_put_rsa(buf, buf_view(&modulus), buf_view(&exponent));
}

static int put_key(struct token *token, const struct algorithm *algorithm, CK_OBJECT_HANDLE public,
                   struct buf *buf, struct problem *problem)
{
        if (algorithm->kind == ALGORITHM_ED25519)
                return put_ed25519(token, public, buf, problem);
        return algorithm->curve ? put_ec(token, algorithm, public, buf, problem)
                                : put_rsa(token, public, buf, problem);
}

int key_put_spki(struct token *token, const struct algorithm *algorithm, CK_OBJECT_HANDLE public,
                 struct buf *buf, struct problem *problem)
{
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        size_t before = buf->size;
        int r = put_key(token, algorithm, public, buf, problem);

        if (r == 0)
                r = pubkey_from_spki(view_of(buf->data + before, buf->size - before), &key);
        if (r == -EBADMSG || r == -EOPNOTSUPP || (r == 0 && !pubkey_fits(key, algorithm)))
                return problem_set(problem, -EKEYREJECTED, "the public key is no valid %s key",
                                   algorithm->name);
        return r;
}

static int check_flags(struct token *token, CK_OBJECT_HANDLE private, struct problem *problem)
{
        for (size_t i = 0; i < ARRAY_SIZE(private_flags); i++) {
                int found, r = object_read_flag(token, private, private_flags[i].type,
                                                private_flags[i].fallback, &found);

                if (r < 0)
                        return problem_set(problem, r, "the attributes of the key cannot be read");
                if (found != private_flags[i].expected)
                        return problem_set(problem, -EKEYREJECTED,
                                           "the private key has %s %s: it was not made as a key "
                                           "that never leaves the token",
                                           private_flags[i].name, found ? "true" : "false");
        }
        return 0;
}

static int check_same(struct token *token, CK_OBJECT_HANDLE private, CK_OBJECT_HANDLE public,
                      CK_ATTRIBUTE_TYPE type, struct problem *problem)
{
        _cleanup_(buf_done) struct buf mine = BUF_INIT(2 * OBJECT_ATTRIBUTE_MAX);
        _cleanup_(buf_done) struct buf theirs = BUF_INIT(2 * OBJECT_ATTRIBUTE_MAX);
        int r = object_read(token, private, type, &mine, problem);

        if (r == 0)
                r = object_read(token, public, type, &theirs, problem);
        if (r == 0 && !view_equal(buf_view(&mine), buf_view(&theirs)) &&
            !(mechanism_is_ed25519(buf_view(&mine)) && mechanism_is_ed25519(buf_view(&theirs))))
                return problem_set(problem, -EKEYREJECTED,
                                   "the public key does not belong to the private key");
        return r;
}

/* An EC private key shows no more than its curve. Whether the point is its own shows at the first
 * signature, which the agent checks; a trial signature here would be one that nobody recorded. */
int key_check_private(struct token *token, const struct algorithm *algorithm,
                      CK_OBJECT_HANDLE private, CK_OBJECT_HANDLE public, struct problem *problem)
{
        _cleanup_(buf_done) struct buf type = BUF_INIT(2 * OBJECT_ATTRIBUTE_MAX);
        struct mechanism mechanism;
        int r = mechanism_of(algorithm, &mechanism);

        if (r == 0)
                r = object_read(token, private, CKA_KEY_TYPE, &type, problem);
        if (r < 0)
                return r;
        if (!view_equal(buf_view(&type), view_of(&mechanism.key_type, sizeof(mechanism.key_type))))
                return problem_set(problem, -EKEYREJECTED, "the private key is no %s key",
                                   algorithm->name);
        r = check_flags(token, private, problem);
        return r < 0 ? r
                     : check_same(token, private, public,
                                  algorithm->curve ? CKA_EC_PARAMS : CKA_MODULUS, problem);
}
