/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/key.h"

#include "lib/attest.h"
#include "tpm/attester.h"
#include "tpm/counter.h"
#include "tpm/evidence.h"
#include "tpm/guard.h"
#include "tpm/keyfile.h"
#include "tpm/session.h"
#include "tpm/signature.h"
#include "tpm/template.h"

#include <errno.h>

struct key {
        struct object object;
        const struct algorithm *algorithm;
        struct guard guard; /* its gate may be open */
        struct sha256 file; /* of the key file: the same one again gets the same slot */
        int destroyed;      /* the slot stays: others keep their number */
};

static const TPMT_SIG_SCHEME scheme_of_key = {.scheme = TPM2_ALG_NULL};
static const TPMT_TK_HASHCHECK no_ticket = {.tag = TPM2_ST_HASHCHECK, .hierarchy = TPM2_RH_NULL};

static int check_name(struct device *device, ESYS_TR handle, const TPM2B_NAME *expected,
                      struct problem *problem)
{
        _cleanup_(esys_freep) TPM2B_NAME *found = NULL;
        TSS2_RC rc = Esys_TR_GetName(device->esys, handle, &found);

        if (rc)
                return device_error(rc, "reading the Name of a key", problem);
        if (found->size > sizeof(found->name) ||
            !view_equal(view_of(found->name, found->size), view_of(expected->name, expected->size)))
                return problem_set(problem, -EKEYREJECTED,
                                   "the TPM loaded another key than the handle's");
        return 0;
}

/* TPM2_Load() checks both parts with a secret of the parent: another TPM's key, or one from before
 * TPM2_Clear(), fails there. */
static int load_error(TSS2_RC rc, struct problem *problem)
{
        switch (device_code(rc)) {
        case TPM2_RC_INTEGRITY:
                return problem_set(problem, -ENOKEY,
                                   "the key belongs to another TPM, or the TPM was cleared since");
        case TPM2_RC_BINDING:
        case TPM2_RC_SENSITIVE:
        case TPM2_RC_SIZE:
        case TPM2_RC_ECC_POINT:
                return problem_set(problem, -EKEYREJECTED,
                                   "the two parts of the key do not belong together");
        default:
                return device_error(rc, "loading a key into the TPM", problem);
        }
}

static int proof_error(const struct key *key, TSS2_RC rc, struct problem *problem)
{
        int r = device_error(rc, "checking the authorization of a key", NULL);

        if (r != -EACCES)
                return device_error(rc, "checking the authorization of a key", problem);
        if (key->object.authorization)
                return problem_set(problem, r,
                                   "the key has another authorization than the token's");
        return problem_set(problem, -EKEYREJECTED,
                           "the key has an authorization, but its file says it has none");
}

/*
 * A signature is not to be the first to find the authorization wrong. TPM2_ObjectChangeAuth() needs
 * it, leaves the loaded key as it is, and needs no session inside the TPM; the private part that it
 * gives, with the same authorization again, is thrown away. TPM 2.0 Part 3 §12.8.
 */
static int prove_authorization(struct device *device, struct key *key, struct problem *problem)
{
        static const TPM2B_AUTH empty;
        _cleanup_(esys_freep) TPM2B_PRIVATE *private = NULL;
        const TPM2B_AUTH *same = key->object.authorization;
        unsigned attempts = 0;
        TSS2_RC rc;
        int r = object_use(device, device->parent, problem);

        if (r < 0)
                return r;
        do
                rc = Esys_ObjectChangeAuth(device->esys, key->object.handle, device->parent->handle,
                                           ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                           same ? same : &empty, &private);
        while (device_busy(rc, &attempts));
        return rc ? proof_error(key, rc, problem) : 0;
}

static int check_loaded(struct device *device, struct key *key, struct problem *problem)
{
        int r = check_name(device, key->object.handle, &key->guard.key, problem);

        return r < 0 ? r : prove_authorization(device, key, problem);
}

/* Out of the TPM; what is known of it stays. */
static void let_go(struct device *device, struct key *key)
{
        guard_done(device, &key->guard);
        object_done(device, &key->object);
}

static int load_parts(struct device *device, const TPM2B_PRIVATE *private,
                      const TPM2B_PUBLIC *public, struct key *key, struct problem *problem)
{
        unsigned attempts = 0;
        ESYS_TR handle;
        TSS2_RC rc;
        int r = object_use(device, device->parent, problem);

        if (r < 0)
                return r;
        object_make_room(device, device->parent);
        do
                rc = Esys_Load(device->esys, device->parent->handle, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                               ESYS_TR_NONE, private, public, &handle);
        while (object_again(device, device->parent, rc, &attempts));
        if (rc)
                r = load_error(rc, problem);
        else
                r = object_adopt(device, &key->object, handle, problem);
        if (r == 0)
                r = check_loaded(device, key, problem);
        object_rest(device, device->parent);
        if (r == 0)
                r = guard_open(device, &key->guard, key->object.authorization, problem);
        if (r < 0)
                let_go(device, key);
        return r;
}

static int add_key(struct device *device, struct key *key, uint32_t *ret_slot)
{
        struct key **keys =
                reallocarray(device->keys, device->key_count + 1, sizeof(*device->keys));

        if (!keys)
                return -ENOMEM;
        device->keys = keys;
        device->keys[device->key_count] = key;
        *ret_slot = (uint32_t)device->key_count++;
        return 0;
}

static int load_new(struct device *device, struct key *draft, const TPM2B_PRIVATE *private,
                    const TPM2B_PUBLIC *public, uint32_t *ret_slot, struct problem *problem)
{
        _cleanup_(freep) struct key *key = malloc(sizeof(*key));
        int r;

        if (!key)
                return -ENOMEM;
        *key = *draft;
        draft->guard.gate = (struct gate){0}; /* the key's now */
        r = load_parts(device, private, public, key, problem);
        if (r < 0)
                return r;
        r = add_key(device, key, ret_slot);
        if (r < 0) {
                let_go(device, key);
                return r;
        }
        (void)TAKE_PTR(key);
        return 0;
}

static int find_loaded(const struct device *device, const struct key *draft, uint32_t *ret_slot)
{
        for (size_t i = 0; i < device->key_count; i++) {
                const struct key *key = device->keys[i];

                if (key->algorithm == draft->algorithm && !key->destroyed &&
                    view_equal(sha256_view(&key->file), sha256_view(&draft->file))) {
                        *ret_slot = (uint32_t)i;
                        return 1;
                }
        }
        return 0;
}

static int set_authorization(struct device *device, struct object *object, int empty,
                             struct problem *problem)
{
        if (!empty && device->authorization.size == 0)
                return problem_set(problem, -EACCES,
                                   "the key has an authorization, and the token has no secret");
        object->authorization = empty ? NULL : &device->authorization;
        return 0;
}

static int load_file(struct device *device, const struct keyfile *file, struct key *draft,
                     uint32_t *ret_slot, struct problem *problem)
{
        int r = set_authorization(device, &draft->object, file->empty_auth, problem);

        if (r == 0)
                r = template_name(&file->public, &draft->guard.key);
        if (r < 0 || find_loaded(device, draft, ret_slot))
                return r;
        return load_new(device, draft, &file->private, &file->public, ret_slot, problem);
}

int key_load(void *device, const struct algorithm *algorithm, struct view handle,
             uint32_t *ret_slot, struct buf *ret_spki, struct problem *problem)
{
        _cleanup_(keyfile_done) struct keyfile file = {0};
        struct key draft = {.object = OBJECT_INIT,
                            .guard = GUARD_INIT,
                            .algorithm = algorithm,
                            .file = sha256_of(handle)};
        int r = keyfile_read(handle, &file, problem);

        if (r == 0)
                r = template_check(algorithm, &file.gate, &file.public, problem);
        if (r == 0)
                r = template_put_spki(ret_spki, algorithm, &file.public, problem);
        if (r == 0)
                r = gate_copy(&file.gate, &draft.guard.gate);
        if (r == 0)
                r = load_file(device, &file, &draft, ret_slot, problem);
        gate_done(&draft.guard.gate);
        return r;
}

static int find_key(const struct device *device, uint32_t slot, struct key **ret,
                    struct problem *problem)
{
        if (slot >= device->key_count || device->keys[slot]->destroyed)
                return problem_set(problem, -ENOKEY, "no key was loaded as slot %u", slot);
        *ret = device->keys[slot];
        return 0;
}

static int begin_use(struct device *device, struct key *key, const TPM2B_DIGEST *digest,
                     struct view authorization, ESYS_TR *ret_session, struct problem *problem)
{
        if (!key->guard.gate.witness && authorization.size > 0)
                return problem_set(problem, -EPERM, "the key has no witness");
        *ret_session = ESYS_TR_PASSWORD;
        if (!gate_is_closed(&key->guard.gate))
                return 0;
        return guard_satisfy(device, &key->guard, digest, authorization, ret_session, problem);
}

static int sign(struct device *device, struct key *key, const TPM2B_DIGEST *digest, ESYS_TR session,
                struct buf *ret_signature, struct problem *problem)
{
        _cleanup_(esys_freep) TPMT_SIGNATURE *signature = NULL;
        unsigned attempts = 0;
        TSS2_RC rc;
        int r = object_use(device, &key->object, problem);

        if (r < 0)
                return r;
        do
                rc = Esys_Sign(device->esys, key->object.handle, session, ESYS_TR_NONE,
                               ESYS_TR_NONE, digest, &scheme_of_key, &no_ticket, &signature);
        while (object_again(device, &key->object, rc, &attempts));
        if (rc)
                return device_error(rc, "signing", problem);
        device->signer = &key->guard.key;
        return signature_put(ret_signature, key->algorithm, signature, problem);
}

int key_sign(void *device, uint32_t slot, struct view digest, struct view authorization,
             struct buf *ret_signature, struct problem *problem)
{
        TPM2B_DIGEST tpm_digest = {.size = (UINT16)digest.size};
        ESYS_TR session;
        struct key *key = NULL;
        int r = find_key(device, slot, &key, problem);

        if (r < 0)
                return r;
        if (digest.size != key->algorithm->digest_size || digest.size > sizeof(tpm_digest.buffer))
                return problem_set(problem, -EBADMSG, "the digest has %zu bytes, %s signs %zu",
                                   digest.size, key->algorithm->name, key->algorithm->digest_size);
        memcpy(tpm_digest.buffer, digest.data, digest.size);
        r = begin_use(device, key, &tpm_digest, authorization, &session, problem);
        if (r < 0)
                return r;
        r = sign(device, key, &tpm_digest, session, ret_signature, problem);
        if (session != ESYS_TR_PASSWORD)
                session_end(device, session, r);
        return r;
}

/* Where nothing can attest, the count is told all the same. */
static int read_count(struct device *device, ESYS_TR counter, struct view qualifying,
                      struct driver_count *ret, struct problem *problem)
{
        struct attest_count said;
        int r = attester_open(device, NULL);

        if (r == -EACCES || r == -EOPNOTSUPP)
                return counter_read(device, counter, &ret->uses, problem);
        if (r < 0)
                return r;
        r = counter_certify(device, counter, qualifying, &ret->attest, &ret->signature, problem);
        if (r == 0)
                r = attest_parse_count(buf_view(&ret->attest), &said, problem);
        if (r == 0 && !view_equal(said.head.qualifying, qualifying))
                r = problem_set(problem, -EIO, "the TPM attested something else than was asked");
        if (r == 0)
                ret->uses = said.uses;
        return r == -EBADMSG ? -EIO : r;
}

int key_count(void *device, uint32_t slot, struct view qualifying, struct driver_count *ret,
              struct problem *problem)
{
        struct key *key = NULL;
        int r = find_key(device, slot, &key, problem);

        if (r < 0)
                return r;
        if (!key->guard.gate.counter)
                return problem_set(problem, -EOPNOTSUPP, "the uses of this key are not counted");
        return read_count(device, key->guard.counter, qualifying, ret, problem);
}

int key_attest(void *device, uint32_t slot, const struct evidence_question *question,
               struct evidence *ret, struct problem *problem)
{
        struct key *key = NULL;
        int r = find_key(device, slot, &key, problem);

        return r < 0 ? r : evidence_of_key(device, &key->object, question, ret, problem);
}

/* The TPM keeps nothing of a key but what is loaded, and its counter; the agent removes the file.
 */
int key_destroy(void *device, const struct algorithm *algorithm, struct view handle,
                struct problem *problem)
{
        _cleanup_(keyfile_done) struct keyfile file = {0};
        struct device *tpm = device;
        struct key draft = {.algorithm = algorithm, .file = sha256_of(handle)};
        uint32_t slot;
        int r = keyfile_read(handle, &file, problem);

        if (r == 0)
                r = template_check(algorithm, &file.gate, &file.public, problem);
        if (r < 0)
                return r;
        if (find_loaded(tpm, &draft, &slot)) {
                let_go(tpm, tpm->keys[slot]);
                tpm->keys[slot]->destroyed = 1;
        }
        return file.gate.counter ? counter_remove(tpm, file.gate.counter, problem) : 0;
}

void keys_done(struct device *device)
{
        for (size_t i = 0; i < device->key_count; i++) {
                let_go(device, device->keys[i]);
                free(device->keys[i]);
        }
        free(device->keys);
        device->keys = NULL;
        device->key_count = 0;
}
