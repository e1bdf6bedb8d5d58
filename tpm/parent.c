/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/key.h"
#include "tpm/object.h"
#include "tpm/template.h"

#include <errno.h>

static const TPMT_SYM_DEF no_encryption = {.algorithm = TPM2_ALG_NULL};
static const TPM2B_SENSITIVE_CREATE no_sensitive;
static const TPM2B_DATA no_outside_info;
static const TPML_PCR_SELECTION no_pcrs;

static int set_owner_secret(struct device *device, const struct secret *secret,
                            struct problem *problem)
{
        TPM2B_AUTH auth = {.size = (UINT16)secret->size};
        TSS2_RC rc;
        int r = 0;

        if (secret->size > sizeof(auth.buffer))
                return problem_set(problem, -EACCES,
                                   "the owner hierarchy's authorization is longer than %zu bytes",
                                   sizeof(auth.buffer));
        memcpy(auth.buffer, secret->data, secret->size);
        rc = Esys_TR_SetAuth(device->esys, ESYS_TR_RH_OWNER, &auth);
        if (rc)
                r = device_error(rc, "setting the owner's authorization", problem);
        explicit_bzero(&auth, sizeof(auth));
        return r;
}

/* ESAPI keeps a copy that nobody needs after the parent exists. */
static void forget_owner_secret(struct device *device)
{
        TPM2B_AUTH zeros = {.size = sizeof(zeros.buffer)};

        (void)Esys_TR_SetAuth(device->esys, ESYS_TR_RH_OWNER, &zeros);
        (void)Esys_TR_SetAuth(device->esys, ESYS_TR_RH_OWNER, NULL);
}

/* An HMAC session proves the owner's authorization without sending it over the bus. The TPM ends it
 * with its one command, once ESAPI's default is undone. */
static int start_session(struct device *device, ESYS_TR *ret, struct problem *problem)
{
        unsigned attempts = 0;
        TSS2_RC rc;

        do
                rc = Esys_StartAuthSession(device->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                           ESYS_TR_NONE, ESYS_TR_NONE, NULL, TPM2_SE_HMAC,
                                           &no_encryption, TPM2_ALG_SHA256, ret);
        while (device_busy(rc, &attempts));
        if (rc)
                return device_error(rc, "starting a session with the TPM", problem);
        rc = Esys_TRSess_SetAttributes(device->esys, *ret, 0, TPMA_SESSION_CONTINUESESSION);
        if (!rc)
                return 0;
        (void)Esys_FlushContext(device->esys, *ret); /* the reason is known already */
        return device_error(rc, "setting up a session with the TPM", problem);
}

static int create_primary(struct device *device, ESYS_TR session, struct object *parent,
                          struct problem *problem)
{
        const TPM2B_PUBLIC template = template_parent();
        unsigned attempts = 0;
        ESYS_TR handle;
        TSS2_RC rc;

        do
                rc = Esys_CreatePrimary(device->esys, ESYS_TR_RH_OWNER, session, ESYS_TR_NONE,
                                        ESYS_TR_NONE, &no_sensitive, &template, &no_outside_info,
                                        &no_pcrs, &handle, NULL, NULL, NULL, NULL);
        while (object_again(device, NULL, rc, &attempts));
        if (rc)
                return device_error(rc, "creating the storage parent in the owner hierarchy",
                                    problem);
        return object_adopt(device, parent, handle, problem);
}

static int create_with_secret(struct device *device, const struct secret *secret,
                              struct object *parent, struct problem *problem)
{
        ESYS_TR session = ESYS_TR_PASSWORD;
        int r = set_owner_secret(device, secret, problem);

        if (r == 0 && secret->size > 0)
                r = start_session(device, &session, problem);
        if (r < 0)
                return r;
        r = create_primary(device, session, parent, problem);
        if (r < 0 && session != ESYS_TR_PASSWORD)
                (void)Esys_FlushContext(device->esys, session); /* the reason is known already */
        return r;
}

int parent_create(struct device *device, const struct secret *secret, struct problem *problem)
{
        _cleanup_(freep) struct object *parent = malloc(sizeof(*parent));
        int r;

        if (!parent)
                return -ENOMEM;
        *parent = OBJECT_INIT;
        r = create_with_secret(device, secret, parent, problem);
        forget_owner_secret(device);
        if (r < 0)
                return r;
        object_rest(device, parent);
        device->parent = TAKE_PTR(parent);
        return 0;
}

void parent_done(struct device *device)
{
        object_done(device, device->parent);
        free(device->parent);
        device->parent = NULL;
}
