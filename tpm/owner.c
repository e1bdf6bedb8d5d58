/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/owner.h"
#include "tpm/session.h"

#include <errno.h>

static int set_secret(struct device *device, const struct secret *secret, struct problem *problem)
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

/* ESAPI keeps a copy. */
static void forget_secret(struct device *device)
{
        TPM2B_AUTH zeros = {.size = sizeof(zeros.buffer)};

        (void)Esys_TR_SetAuth(device->esys, ESYS_TR_RH_OWNER, &zeros);
        (void)Esys_TR_SetAuth(device->esys, ESYS_TR_RH_OWNER, NULL);
}

int owner_begin(struct device *device, ESYS_TR *ret, struct problem *problem)
{
        _cleanup_(secret_done) struct secret secret = {0};
        int r = device_read_secret(device, SECRET_OWNER, &secret, problem);

        if (r == 0)
                r = set_secret(device, &secret, problem);
        if (r < 0)
                return r;
        *ret = ESYS_TR_PASSWORD;
        if (secret.size == 0)
                return 0;
        r = session_start(device, TPM2_SE_HMAC, ret, problem);
        if (r < 0)
                forget_secret(device);
        return r;
}

void owner_end(struct device *device, ESYS_TR session, int error)
{
        if (session != ESYS_TR_PASSWORD)
                session_end(device, session, error);
        forget_secret(device);
}
