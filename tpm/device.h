/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One TPM 2.0, reached through one ESAPI context (TCG ESAPI 1.0), and what its answers mean.
 *
 * After an error of the transport the ESAPI context is of no use any more, so such errors are
 * -ENODEV and the agent starts a new process. Keys and their parent are used with a password
 * session, which needs no session inside the TPM, or with one that ends with its command
 * (tpm/session.h): nothing is left behind there to run into the context gap (TPM 2.0 Part 1
 * §30.5).
 */

#include "lib/secret.h"

#include <tss2/tss2_esys.h>

/* Objects kept inside the TPM at a time: what the kernel's resource manager gives to one open file,
 * and what a software TPM has room for. Going over it is an error of the transport on /dev/tpmrm0.
 */
#define DEVICE_RESIDENT_MAX 3

struct capture;
struct attester;
struct object;
struct key;

struct device {
        TSS2_TCTI_CONTEXT *tcti;
        char *token;             /* its name, and … */
        struct facts settings;   /* … what OPEN said, to find its secrets again */
        struct capture *capture; /* between the two */
        ESYS_CONTEXT *esys;
        TPM2B_AUTH authorization; /* that keys are made with, and that theirs is; size 0: empty */
        struct object *parent;
        struct buf parent_public;                     /* its TPMT_PUBLIC */
        struct attester *attester;                    /* of counters; NULL: not opened */
        struct object *attestation_key;               /* NULL: no command audit */
        const TPM2B_NAME *signer;                     /* of the key that signed last */
        struct object *resident[DEVICE_RESIDENT_MAX]; /* NULL: free; the objects belong to others */
        uint64_t uses;     /* counts up, to know the least recently used */
        struct key **keys; /* by slot */
        size_t key_count;
};

/* Connects as the TCTI configuration string @tcti says, and empties the TPM of what an earlier
 * process left loaded (none where a resource manager does that). -EBADMSG: a TCTI that is not
 * allowed; -ENODEV; -EIO. */
int device_connect(struct device *device, const char *tcti, struct problem *problem) _must_use_;
void device_disconnect(struct device *device);

/* Reads a secret of the token; one that is not there is an empty one. -EACCES: it cannot be read.
 */
int device_read_secret(struct device *device, enum secret_kind kind, struct secret *ret,
                       struct problem *problem) _must_use_;

/* Reads the authorization value of the keys. -EACCES: longer than the digest of their Name. */
int device_take_authorization(struct device *device, struct problem *problem) _must_use_;

/* Empties the TPM of sessions, which are all ours: no other process has this connection, and none
 * is in use between two commands. */
int device_flush_sessions(struct device *device, struct problem *problem) _must_use_;

/* The errno value of a response code that is not success, as enum frame_status lists them; @what
 * was tried goes into the reason. */
int device_error(TSS2_RC rc, const char *what, struct problem *problem);

/* The response code without layer, handle, parameter and session numbers (TPM 2.0 Part 2 §6.6); 0
 * for an error that does not come from the TPM. */
TSS2_RC device_code(TSS2_RC rc);

/* True if the TPM was only busy and the command shall be sent again; waits a while before saying
 * so.
 * @attempts starts at 0 and bounds it. */
int device_busy(TSS2_RC rc, unsigned *attempts);

/* Everything the TPM says of itself that hardly changes, and the counters that do. */
int device_facts(struct device *device, struct facts *facts, struct problem *problem) _must_use_;

/* Of these, what changes: "lockout-counter", "lockout-max", "lockout-interval" and
 * "lockout-recovery" (both in seconds), "in-lockout" (yes or no). */
int device_health(struct device *device, struct facts *facts, struct problem *problem) _must_use_;

/* Capabilities from @property on, at most @count; the answer is to be freed with Esys_Free(). */
int device_capability(struct device *device, TPM2_CAP capability, UINT32 property, UINT32 count,
                      TPMS_CAPABILITY_DATA **ret, struct problem *problem) _must_use_;

/* Whether the TPM has that command. */
int device_has_command(struct device *device, TPM2_CC command, int *ret,
                       struct problem *problem) _must_use_;

static inline void esys_freep(void *pointer)
{
        Esys_Free(*(void **)pointer);
}
