/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/key.h"

#include "lib/digest.h"
#include "lib/ed25519.h"
#include "lib/pubkey.h"
#include "lib/spki.h"
#include "pkcs11/evidence.h"
#include "pkcs11/mechanism.h"

#include <errno.h>
#include <openssl/rand.h>

#define HANDLE_PREFIX "id="
#define SIGNED_MAX    (ALGORITHM_MESSAGE_MAX + 1) /* bytes: a message, or prefix and digest */
#define SIGNATURE_MAX 1024                        /* bytes: RSA with 8192 bits */

struct key {
        const struct algorithm *algorithm;
        struct mechanism mechanism;
        CK_OBJECT_HANDLE private;
        uint8_t id[OBJECT_ID_SIZE];
        int wants_pin; /* CKA_ALWAYS_AUTHENTICATE */
        int destroyed; /* the slot stays: others keep their number */
};

static int check_label(struct token *token, const char *label, struct problem *problem)
{
        struct objects found;
        int r = object_find(token, CKO_PRIVATE_KEY, CKA_LABEL, view_string(label), &found, problem);

        if (r == 0 && found.count > 0)
                return problem_set(problem, -EEXIST, "the token has a key with label %s already",
                                   label);
        return r;
}

static void put_handle(struct buf *buf, struct view id)
{
        char hex[HEX_SIZE(OBJECT_ID_SIZE)];

        buf_put_string(buf, HANDLE_PREFIX);
        buf_put_string(buf, hex_encode(id, hex));
        buf_put_string(buf, "\n");
}

static int read_handle(struct view handle, uint8_t *ret_id, struct problem *problem)
{
        struct reader reader = reader_init(handle);
        struct view hex;

        reader_expect(&reader, HANDLE_PREFIX);
        hex = reader_until(&reader, '\n');
        if (reader_end(&reader) < 0 || hex_decode(hex, ret_id, OBJECT_ID_SIZE) < 0)
                return problem_set(problem, -EKEYREJECTED,
                                   "the handle is not id= and %d hexadecimal digits",
                                   2 * OBJECT_ID_SIZE);
        return 0;
}

int key_generate(void *device, const struct driver_wish *wish, struct driver_pair *ret,
                 struct problem *problem)
{
        struct token *token = device;
        uint8_t bytes[OBJECT_ID_SIZE];
        struct view id = view_of(bytes, sizeof(bytes));
        CK_OBJECT_HANDLE public;
        int r = mechanism_check(token, wish->algorithm, problem);

        if (r == 0 && wish->options.count > 0)
                r = problem_set(problem, -EOPNOTSUPP,
                                "%s=: keys of a PKCS#11 token have no such thing",
                                wish->options.pair[0].name);
        if (r == 0)
                r = check_label(token, wish->label, problem);
        if (r < 0)
                return r;
        if (RAND_bytes(bytes, sizeof(bytes)) != 1)
                return problem_set(problem, -EIO, "no random bytes");
        r = key_make_pair(token, wish->algorithm, wish->label, id, &public, problem);
        if (r == 0)
                r = key_put_spki(token, wish->algorithm, public, &ret->spki, problem);
        if (r == 0)
                put_handle(&ret->handle, id);
        return r;
}

static int find_one(struct token *token, CK_OBJECT_CLASS class, struct view id,
                    CK_OBJECT_HANDLE *ret, struct problem *problem)
{
        const char *what = class == CKO_PRIVATE_KEY ? "private" : "public";
        struct objects found;
        int r = object_find(token, class, CKA_ID, id, &found, problem);

        if (r < 0)
                return r;
        if (found.count == 0)
                return problem_set(problem, -ENOKEY, "the token has no %s key with this id", what);
        if (found.count > 1)
                return problem_set(problem, -EKEYREJECTED,
                                   "the token has more than one %s key with this id", what);
        *ret = found.handle[0];
        return 0;
}

static int find_pair(struct token *token, struct key *key, struct buf *ret_spki,
                     struct problem *problem)
{
        struct view id = view_of(key->id, sizeof(key->id));
        CK_OBJECT_HANDLE public = CK_INVALID_HANDLE;
        int r = find_one(token, CKO_PRIVATE_KEY, id, &key->private, problem);

        if (r == 0)
                r = find_one(token, CKO_PUBLIC_KEY, id, &public, problem);
        if (r == 0)
                r = key_check_private(token, key->algorithm, key->private, public, problem);
        if (r == 0)
                r = key_put_spki(token, key->algorithm, public, ret_spki, problem);
        if (r == 0)
                r = object_read_flag(token, key->private, CKA_ALWAYS_AUTHENTICATE, 0,
                                     &key->wants_pin);
        return r;
}

static int find_loaded(const struct token *token, const struct key *draft, uint32_t *ret_slot)
{
        for (size_t i = 0; i < token->key_count; i++) {
                const struct key *key = token->keys[i];

                if (key->algorithm == draft->algorithm && !key->destroyed &&
                    memcmp(key->id, draft->id, sizeof(key->id)) == 0) {
                        *ret_slot = (uint32_t)i;
                        return 1;
                }
        }
        return 0;
}

static int add_key(struct token *token, const struct key *draft, uint32_t *ret_slot)
{
        _cleanup_(freep) struct key *key = malloc(sizeof(*key));
        struct key **keys = reallocarray(token->keys, token->key_count + 1, sizeof(*token->keys));

        if (keys)
                token->keys = keys;
        if (!key || !keys)
                return -ENOMEM;
        *key = *draft;
        token->keys[token->key_count] = TAKE_PTR(key);
        *ret_slot = (uint32_t)token->key_count++;
        return 0;
}

int key_load(void *device, const struct algorithm *algorithm, struct view handle,
             uint32_t *ret_slot, struct buf *ret_spki, struct problem *problem)
{
        struct token *token = device;
        struct key key = {.algorithm = algorithm};
        int r = read_handle(handle, key.id, problem);

        if (r == 0)
                r = mechanism_of(algorithm, &key.mechanism);
        if (r == 0)
                r = find_pair(token, &key, ret_spki, problem);
        if (r < 0)
                return r;
        if (find_loaded(token, &key, ret_slot)) {
                token->keys[*ret_slot]->private = key.private;
                return 0;
        }
        return add_key(token, &key, ret_slot);
}

/* ECDSA comes as r and s of equal length, one after the other (PKCS#11 v2.40 §2.3.1). */
static int put_signature(struct buf *buf, const struct algorithm *algorithm, struct view bytes)
{
        size_t half = bytes.size / 2, modulus = algorithm->bits / 8;

        if (algorithm->kind == ALGORITHM_ECDSA)
                return bytes.size % 2 == 1 ? -EBADMSG
                                           : ecdsa_put_der(buf, view_of(bytes.data, half),
                                                           view_of(bytes.data + half, half));
        if (algorithm->kind == ALGORITHM_ED25519) {
                buf_put_view(buf, bytes);
                return bytes.size == ED25519_SIGNATURE_SIZE ? buf_error(buf) : -EBADMSG;
        }
        if (bytes.size > modulus)
                return -EBADMSG;
        for (size_t i = bytes.size; i < modulus; i++)
                buf_put_u8(buf, 0);
        buf_put_view(buf, bytes);
        return buf_error(buf);
}

static CK_RV start_signing(struct token *token, const struct key *key)
{
        CK_RSA_PKCS_PSS_PARAMS pss = key->mechanism.pss;
        CK_MECHANISM mechanism = {
                .mechanism = key->mechanism.sign,
                .pParameter = key->mechanism.has_pss ? &pss : NULL,
                .ulParameterLen = key->mechanism.has_pss ? sizeof(pss) : 0,
        };

        return token->module->C_SignInit(token->session, &mechanism, key->private);
}

/* A token that was taken out and put in again may be as good as ever, and has forgotten all
 * handles: a new process finds the key, or says that there is none. */
static int sign_error(struct token *token, CK_RV rv, struct problem *problem)
{
        int r;

        if (rv == CKR_KEY_HANDLE_INVALID || rv == CKR_OBJECT_HANDLE_INVALID)
                return problem_set(problem, -ENODEV,
                                   "the token was changed: a key that was loaded is not there "
                                   "any more");
        r = token_error(rv, "signing", NULL);
        if (r == -EIO && token_check_session(token, NULL) < 0)
                return problem_set(problem, -ENODEV,
                                   "signing: PKCS#11 error 0x%lx, and the session "
                                   "has gone",
                                   (unsigned long)rv);
        return token_error(rv, "signing", problem);
}

static int sign(struct token *token, const struct key *key, struct view what,
                struct buf *ret_signature, struct problem *problem)
{
        _cleanup_(buf_done) struct buf input = BUF_INIT(SIGNED_MAX);
        uint8_t bytes[SIGNATURE_MAX];
        CK_ULONG size = sizeof(bytes);
        CK_RV rv;
        int r;

        buf_put_view(&input, key->mechanism.prefix);
        buf_put_view(&input, what);
        if (buf_error(&input) ||
            !buf_reserve(&input, 1)) /* of an empty message there is data, too */
                return buf_error(&input);
        r = key->wants_pin ? token_check_pin(token, 0, problem) : 0;
        if (r < 0)
                return r;
        rv = start_signing(token, key);
        r = rv == CKR_OK && key->wants_pin ? token_give_pin(token, problem) : 0;
        if (r < 0)
                return r;
        if (rv == CKR_OK)
                rv = token->module->C_Sign(token->session, input.data, input.size, bytes, &size);
        if (rv != CKR_OK)
                return sign_error(token, rv, problem);
        r = size > sizeof(bytes)
                    ? -EBADMSG
                    : put_signature(ret_signature, key->algorithm, view_of(bytes, size));
        return r == -EBADMSG ? problem_set(problem, -EIO,
                                           "what the token gave as a signature is no %s signature",
                                           key->algorithm->name)
                             : r;
}

int key_sign(void *device, uint32_t slot, struct view digest, struct view authorization,
             struct buf *ret_signature, struct problem *problem)
{
        struct token *token = device;
        const struct key *key;
        int r;

        if (slot >= token->key_count || token->keys[slot]->destroyed)
                return problem_set(problem, -ENOKEY, "no key was loaded as slot %u", slot);
        key = token->keys[slot];
        if (authorization.size > 0)
                return problem_set(problem, -EPERM, "keys of a PKCS#11 token have no witness");
        r = driver_check_signed(key->algorithm, digest, problem);
        return r < 0 ? r : sign(token, key, digest, ret_signature, problem);
}

int key_attest(void *device, uint32_t slot, const struct evidence_question *question,
               struct evidence *ret, struct problem *problem)
{
        struct token *token = device;
        const struct key *key;

        if (slot >= token->key_count || token->keys[slot]->destroyed)
                return problem_set(problem, -ENOKEY, "no key was loaded as slot %u", slot);
        if (question->endorsement)
                return problem_set(problem, -EKEYREJECTED, "a PKCS#11 token answers no challenge");
        key = token->keys[slot];
        return evidence_of_key(token, key->private, view_of(key->id, sizeof(key->id)), ret,
                               problem);
}

static int destroy_all(struct token *token, CK_OBJECT_CLASS class, struct view id,
                       struct problem *problem)
{
        struct objects found;
        int r = object_find(token, class, CKA_ID, id, &found, problem);

        for (CK_ULONG i = 0; r == 0 && i < found.count; i++) {
                CK_RV rv = token->module->C_DestroyObject(token->session, found.handle[i]);

                if (rv != CKR_OK && rv != CKR_OBJECT_HANDLE_INVALID)
                        r = token_error(rv, "destroying a key", problem);
        }
        return r;
}

int key_destroy(void *device, const struct algorithm *algorithm, struct view handle,
                struct problem *problem)
{
        struct token *token = device;
        struct key key = {.algorithm = algorithm};
        struct view id = view_of(key.id, sizeof(key.id));
        uint32_t slot;
        int r = read_handle(handle, key.id, problem);

        if (r == 0)
                r = destroy_all(token, CKO_PRIVATE_KEY, id, problem);
        if (r == 0)
                r = destroy_all(token, CKO_PUBLIC_KEY, id, problem);
        if (r == 0 && find_loaded(token, &key, &slot))
                token->keys[slot]->destroyed = 1;
        return r;
}

void keys_done(struct token *token)
{
        for (size_t i = 0; i < token->key_count; i++)
                free(token->keys[i]);
        free(token->keys);
        token->keys = NULL;
        token->key_count = 0;
}
