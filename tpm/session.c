/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/session.h"

#include <errno.h>
#include <tss2/tss2_rc.h>

static const TPMT_SYM_DEF no_encryption = {.algorithm = TPM2_ALG_NULL};

static int is_exhausted(TSS2_RC rc)
{
        TSS2_RC code = device_code(rc);

        return code == TPM2_RC_CONTEXT_GAP || code == TPM2_RC_SESSION_MEMORY ||
               code == TPM2_RC_SESSION_HANDLES;
}

static TSS2_RC start(struct device *device, TPM2_SE type, ESYS_TR *ret)
{
        unsigned attempts = 0;
        TSS2_RC rc;

        do
                rc = Esys_StartAuthSession(device->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                           ESYS_TR_NONE, ESYS_TR_NONE, NULL, type, &no_encryption,
                                           TPM2_ALG_SHA256, ret);
        while (device_busy(rc, &attempts));
        return rc;
}

int session_start(struct device *device, TPM2_SE type, ESYS_TR *ret, struct problem *problem)
{
        TSS2_RC rc = start(device, type, ret);
        int r;

        if (is_exhausted(rc)) {
                r = device_flush_sessions(device, problem);
                if (r < 0)
                        return r;
                rc = start(device, type, ret);
        }
        if (is_exhausted(rc)) /* a resource manager shows us, and lets us end, only our own */
                return problem_set(problem, -EIO,
                                   "the TPM starts no session as long as others keep theirs: %s "
                                   "(0x%x)",
                                   Tss2_RC_Decode(rc), rc);
        if (rc)
                return device_error(rc, "starting a session with the TPM", problem);
        rc = Esys_TRSess_SetAttributes(device->esys, *ret, 0, TPMA_SESSION_CONTINUESESSION);
        if (!rc)
                return 0;
        session_end(device, *ret, -1);
        return device_error(rc, "setting up a session with the TPM", problem);
}

/* ESAPI goes on knowing a session that the TPM has ended. */
void session_end(struct device *device, ESYS_TR session, int error)
{
        if (error == 0 || Esys_FlushContext(device->esys, session) != 0)
                (void)Esys_TR_Close(device->esys, &session);
}
