/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/device.h"

#include "tpm/capture.h"

#include <errno.h>
#include <time.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

/* TPM2_TRANSIENT_FIRST, without that macro's shift into the sign bit, and the like. */
#define TRANSIENT_FIRST      ((TPM2_HANDLE)TPM2_HT_TRANSIENT << TPM2_HR_SHIFT)
#define LOADED_SESSION_FIRST ((TPM2_HANDLE)TPM2_HT_LOADED_SESSION << TPM2_HR_SHIFT)
#define SAVED_SESSION_FIRST  ((TPM2_HANDLE)TPM2_HT_SAVED_SESSION << TPM2_HR_SHIFT)

#define BUSY_ATTEMPTS_MAX 11 /* 1 + 2 + 4 + … milliseconds: about two seconds in all */

/* By name only: the loader would open any library that a path names, and run any program after
 * "cmd:". */
static const char *const allowed_tctis[] = {"device", "swtpm", "mssim", "tabrmd"};

static int tcti_is_allowed(const char *tcti)
{
        size_t length = strcspn(tcti, ":");

        for (size_t i = 0; i < ARRAY_SIZE(allowed_tctis); i++)
                if (view_is(view_of(tcti, length), allowed_tctis[i]))
                        return 1;
        return 0;
}

TSS2_RC device_code(TSS2_RC rc)
{
        TSS2_RC layer = rc & TSS2_RC_LAYER_MASK, code = rc & ~TSS2_RC_LAYER_MASK;

        if (layer != TSS2_TPM_RC_LAYER && layer != TSS2_RESMGR_TPM_RC_LAYER &&
            layer != TSS2_RESMGR_RC_LAYER)
                return 0;
        return code & TPM2_RC_FMT1 ? code & (TPM2_RC_FMT1 | 0x3f) : code;
}

static int error_of_code(TSS2_RC code)
{
        switch (code) {
        case TPM2_RC_AUTH_FAIL:
        case TPM2_RC_BAD_AUTH:
                return -EACCES;
        case TPM2_RC_LOCKOUT:
                return -EBUSY;
        case TPM2_RC_COMMAND_CODE:
                return -EOPNOTSUPP;
        case TPM2_RC_HANDLE: /* what was loaded is not there any more: somebody reset the TPM */
        case TPM2_RC_INITIALIZE:
        case TPM2_RC_REBOOT:
                return -ENODEV;
        default:
                return code >= TPM2_RC_REFERENCE_H0 && code <= TPM2_RC_REFERENCE_S6 ? -ENODEV
                                                                                    : -EIO;
        }
}

int device_error(TSS2_RC rc, const char *what, struct problem *problem)
{
        TSS2_RC code = device_code(rc), layer = rc & TSS2_RC_LAYER_MASK;
        int r;

        if (code)
                r = error_of_code(code);
        else if (layer == TSS2_TCTI_RC_LAYER || rc == TSS2_ESYS_RC_BAD_SEQUENCE)
                r = -ENODEV;
        else
                r = -EIO;
        return problem_set(problem, r, "%s: %s (0x%x)", what, Tss2_RC_Decode(rc), rc);
}

int device_busy(TSS2_RC rc, unsigned *attempts)
{
        TSS2_RC code = device_code(rc);
        struct timespec pause;

        if (code != TPM2_RC_RETRY && code != TPM2_RC_YIELDED && code != TPM2_RC_TESTING &&
            code != TPM2_RC_NV_RATE)
                return 0;
        if (*attempts == BUSY_ATTEMPTS_MAX)
                return 0;
        pause = (struct timespec){.tv_sec = (1L << *attempts) / 1000,
                                  .tv_nsec = (1L << *attempts) % 1000 * 1000000};
        (*attempts)++;
        (void)nanosleep(&pause, NULL); /* cut short by a signal: only asks the TPM earlier */
        return 1;
}

int device_capability(struct device *device, TPM2_CAP capability, UINT32 property, UINT32 count,
                      TPMS_CAPABILITY_DATA **ret, struct problem *problem)
{
        unsigned attempts = 0;
        TSS2_RC rc;

        do
                rc = Esys_GetCapability(device->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                        capability, property, count, NULL, ret);
        while (device_busy(rc, &attempts));
        return rc ? device_error(rc, "asking the TPM for its capabilities", problem) : 0;
}

/* The object may be gone since it was listed; then nothing is left to do. */
static void flush_handle(struct device *device, TPM2_HANDLE handle)
{
        ESYS_TR object;

        if (Esys_TR_FromTPMPublic(device->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                  &object) == 0 &&
            Esys_FlushContext(device->esys, object) != 0)
                (void)Esys_TR_Close(device->esys, &object);
}

static int flush_all(struct device *device, TPM2_HANDLE first, struct problem *problem)
{
        _cleanup_(esys_freep) TPMS_CAPABILITY_DATA *found = NULL;
        const TPML_HANDLE *handles;
        int r = device_capability(device, TPM2_CAP_HANDLES, first, TPM2_MAX_CAP_HANDLES, &found,
                                  problem);

        if (r < 0)
                return r;
        handles = &found->data.handles;
        for (UINT32 i = 0; i < handles->count && i < ARRAY_SIZE(handles->handle); i++)
                flush_handle(device, handles->handle[i]);
        return 0;
}

int device_flush_sessions(struct device *device, struct problem *problem)
{
        int r = flush_all(device, LOADED_SESSION_FIRST, problem);

        return r < 0 ? r : flush_all(device, SAVED_SESSION_FIRST, problem);
}

/* A killed process leaves its objects and perhaps a session in a TPM without a resource manager,
 * and the third one would find no room. A resource manager lists only what is the own connection's:
 * nothing. */
static int flush_leftovers(struct device *device, struct problem *problem)
{
        int r = flush_all(device, TRANSIENT_FIRST, problem);

        return r < 0 ? r : flush_all(device, LOADED_SESSION_FIRST, problem);
}

int device_connect(struct device *device, const char *tcti, struct problem *problem)
{
        TSS2_RC rc;

        if (!tcti_is_allowed(tcti))
                return problem_set(
                        problem, -EBADMSG,
                        "TCTI=%s: must begin with device:, swtpm:, mssim: or tabrmd:", tcti);
        rc = Tss2_TctiLdr_Initialize(tcti, &device->tcti);
        if (rc)
                return problem_set(problem, -ENODEV, "TCTI=%s: %s (0x%x)", tcti, Tss2_RC_Decode(rc),
                                   rc);
        device->capture = malloc(sizeof(*device->capture));
        if (!device->capture)
                return -ENOMEM;
        capture_init(device->capture, device->tcti);
        rc = Esys_Initialize(&device->esys, capture_tcti(device->capture), NULL);
        if (rc)
                return device_error(rc, "starting to talk to the TPM", problem);
        return flush_leftovers(device, problem);
}

int device_read_secret(struct device *device, enum secret_kind kind, struct secret *ret,
                       struct problem *problem)
{
        int r = secret_read(device->token, kind, &device->settings, ret, problem);

        if (r == -ENOENT)
                return 0;
        return r < 0 ? problem_set(problem, -EACCES, "an authorization cannot be read: %s",
                                   strerror(-r))
                     : 0;
}

/* A TPM takes no longer one for an object (TPM 2.0 Part 3 §12.1), and drops zeros at the end, which
 * secret_read() has refused. */
int device_take_authorization(struct device *device, struct problem *problem)
{
        _cleanup_(secret_done) struct secret secret = {0};
        int r = device_read_secret(device, SECRET_PIN, &secret, problem);

        if (r < 0)
                return r;
        if (secret.size > TPM2_SHA256_DIGEST_SIZE)
                return problem_set(problem, -EACCES,
                                   "the keys' authorization has %zu bytes, a TPM takes %d at most",
                                   secret.size, TPM2_SHA256_DIGEST_SIZE);
        device->authorization.size = (UINT16)secret.size;
        memcpy(device->authorization.buffer, secret.data, secret.size);
        return 0;
}

void device_disconnect(struct device *device)
{
        explicit_bzero(&device->authorization, sizeof(device->authorization));
        Esys_Finalize(&device->esys);
        free(device->capture);
        Tss2_TctiLdr_Finalize(&device->tcti);
        facts_done(&device->settings);
        free(device->token);
}
