/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/key.h"

#include "lib/digest.h"
#include "tpm/keyfile.h"
#include "tpm/object.h"
#include "tpm/signature.h"
#include "tpm/template.h"

#include <errno.h>

struct key {
        struct object object;
        const struct algorithm *algorithm;
        TPM2B_NAME name;
        struct sha256 file; /* of the key file: the same one again gets the same slot */
        int destroyed;      /* the slot stays: others keep their number */
};

static const TPM2B_DATA no_outside_info;
static const TPML_PCR_SELECTION no_pcrs;
static const TPMT_SIG_SCHEME scheme_of_key = {.scheme = TPM2_ALG_NULL};
static const TPMT_TK_HASHCHECK no_ticket = {.tag = TPM2_ST_HASHCHECK, .hierarchy = TPM2_RH_NULL};

static int create(struct device *device, const TPM2B_PUBLIC *template, TPM2B_PRIVATE **ret_private,
                  TPM2B_PUBLIC **ret_public, struct problem *problem)
{
        TPM2B_SENSITIVE_CREATE sensitive = {.sensitive.userAuth = device->authorization};
        unsigned attempts = 0;
        TSS2_RC rc;
        int r = object_use(device, device->parent, problem);

        if (r < 0)
                return r;
        do
                rc = Esys_Create(device->esys, device->parent->handle, ESYS_TR_PASSWORD,
                                 ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, template, &no_outside_info,
                                 &no_pcrs, ret_private, ret_public, NULL, NULL, NULL);
        while (object_again(device, device->parent, rc, &attempts));
        explicit_bzero(&sensitive, sizeof(sensitive));
        object_rest(device, device->parent);
        return rc ? device_error(rc, "creating a key in the TPM", problem) : 0;
}

static int test_parameters(struct device *device, const TPM2B_PUBLIC *template)
{
        TPMT_PUBLIC_PARMS parameters = {.type = template->publicArea.type,
                                        .parameters = template->publicArea.parameters};
        unsigned attempts = 0;
        TSS2_RC rc;

        do
                rc = Esys_TestParms(device->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                    &parameters);
        while (device_busy(rc, &attempts));
        if (rc && device_error(rc, "", NULL) == -ENODEV)
                return -ENODEV;
        return rc ? -EOPNOTSUPP : 0;
}

static int check_support(struct device *device, const struct algorithm *algorithm,
                         TPM2B_PUBLIC *ret_template, struct problem *problem)
{
        int r = template_key(algorithm, ret_template);

        if (r == 0)
                r = test_parameters(device, ret_template);
        if (r == -EOPNOTSUPP)
                return problem_set(problem, r, "this TPM has no %s", algorithm->name);
        return r;
}

int key_generate(void *context, const struct algorithm *algorithm, const char *label,
                 struct buf *ret_handle, struct buf *ret_spki, struct problem *problem)
{
        struct device *device = context;
        _cleanup_(esys_freep) TPM2B_PRIVATE *private = NULL;
        _cleanup_(esys_freep) TPM2B_PUBLIC *public = NULL;
        TPM2B_PUBLIC template;
        int r = check_support(device, algorithm, &template, problem);

        if (r == 0)
                r = create(device, &template, &private, &public, problem);
        if (r == 0)
                r = template_check(algorithm, public, problem);
        if (r == 0)
                r = template_put_spki(ret_spki, algorithm, public, problem);
        return r < 0 ? r
                     : keyfile_put(ret_handle, public, private, device->authorization.size == 0);
}

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
        int r = check_name(device, key->object.handle, &key->name, problem);

        return r < 0 ? r : prove_authorization(device, key, problem);
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
        if (r < 0)
                object_done(device, &key->object);
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

static int load_new(struct device *device, const struct key *draft, const TPM2B_PRIVATE *private,
                    const TPM2B_PUBLIC *public, uint32_t *ret_slot, struct problem *problem)
{
        _cleanup_(freep) struct key *key = malloc(sizeof(*key));
        int r;

        if (!key)
                return -ENOMEM;
        *key = *draft;
        r = load_parts(device, private, public, key, problem);
        if (r < 0)
                return r;
        r = add_key(device, key, ret_slot);
        if (r < 0) {
                object_done(device, &key->object);
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

int key_load(void *device, const struct algorithm *algorithm, struct view handle,
             uint32_t *ret_slot, struct buf *ret_spki, struct problem *problem)
{
        struct key draft = {
                .object = OBJECT_INIT, .algorithm = algorithm, .file = sha256_of(handle)};
        TPM2B_PRIVATE private;
        TPM2B_PUBLIC public;
        int empty, r = keyfile_read(handle, &public, &private, &empty, problem);

        if (r == 0)
                r = template_check(algorithm, &public, problem);
        if (r == 0)
                r = set_authorization(device, &draft.object, empty, problem);
        if (r == 0)
                r = template_put_spki(ret_spki, algorithm, &public, problem);
        if (r == 0)
                r = template_name(&public, &draft.name);
        if (r < 0 || find_loaded(device, &draft, ret_slot))
                return r;
        return load_new(device, &draft, &private, &public, ret_slot, problem);
}

static int sign(struct device *device, struct key *key, const TPM2B_DIGEST *digest,
                struct buf *ret_signature, struct problem *problem)
{
        _cleanup_(esys_freep) TPMT_SIGNATURE *signature = NULL;
        unsigned attempts = 0;
        TSS2_RC rc;
        int r = object_use(device, &key->object, problem);

        if (r < 0)
                return r;
        do
                rc = Esys_Sign(device->esys, key->object.handle, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                               ESYS_TR_NONE, digest, &scheme_of_key, &no_ticket, &signature);
        while (object_again(device, &key->object, rc, &attempts));
        if (rc)
                return device_error(rc, "signing", problem);
        return signature_put(ret_signature, key->algorithm, signature, problem);
}

int key_sign(void *device, uint32_t slot, struct view digest, struct buf *ret_signature,
             struct problem *problem)
{
        struct device *tpm = device;
        TPM2B_DIGEST tpm_digest = {.size = (UINT16)digest.size};
        struct key *key;

        if (slot >= tpm->key_count || tpm->keys[slot]->destroyed)
                return problem_set(problem, -ENOKEY, "no key was loaded as slot %u", slot);
        key = tpm->keys[slot];
        if (digest.size != key->algorithm->digest_size || digest.size > sizeof(tpm_digest.buffer))
                return problem_set(problem, -EBADMSG, "the digest has %zu bytes, %s signs %zu",
                                   digest.size, key->algorithm->name, key->algorithm->digest_size);
        memcpy(tpm_digest.buffer, digest.data, digest.size);
        return sign(tpm, key, &tpm_digest, ret_signature, problem);
}

/* The TPM keeps nothing of a key but what is loaded; the agent removes the file. */
int key_destroy(void *device, const struct algorithm *algorithm, struct view handle,
                struct problem *problem)
{
        struct device *tpm = device;
        struct key draft = {.algorithm = algorithm, .file = sha256_of(handle)};
        TPM2B_PRIVATE private;
        TPM2B_PUBLIC public;
        uint32_t slot;
        int empty, r = keyfile_read(handle, &public, &private, &empty, problem);

        if (r == 0)
                r = template_check(algorithm, &public, problem);
        if (r < 0 || !find_loaded(tpm, &draft, &slot))
                return r;
        object_done(tpm, &tpm->keys[slot]->object);
        tpm->keys[slot]->destroyed = 1;
        return 0;
}

int key_algorithms(struct device *device, struct facts *facts, struct problem *problem)
{
        _cleanup_(buf_done) struct buf names = BUF_INIT(1024);
        const struct algorithm *algorithm;

        for (size_t i = 0; (algorithm = algorithm_at(i)); i++) {
                TPM2B_PUBLIC template;
                int r = check_support(device, algorithm, &template, NULL);

                if (r == -EOPNOTSUPP)
                        continue;
                if (r < 0)
                        return problem_set(problem, r, "the TPM went away");
                buf_put_format(&names, "%s%s", names.size > 0 ? " " : "", algorithm->name);
        }
        buf_put_u8(&names, 0);
        return buf_error(&names) < 0 ? buf_error(&names)
                                     : facts_add(facts, "algorithms", (const char *)names.data);
}

void keys_done(struct device *device)
{
        for (size_t i = 0; i < device->key_count; i++) {
                object_done(device, &device->keys[i]->object);
                free(device->keys[i]);
        }
        free(device->keys);
        device->keys = NULL;
        device->key_count = 0;
}
