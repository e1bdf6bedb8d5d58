/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The attestation key: a restricted signing key of the endorsement hierarchy, the same for one TPM
 * at all times.
 */

#include "lib/buf.h"
#include "tpm/device.h"

/* Creates it; the caller adopts @ret. @ret_public is to be freed with Esys_Free(). */
int attester_create(struct device *device, ESYS_TR *ret, TPM2B_PUBLIC **ret_public,
                    struct problem *problem) _must_use_;

/* Sees to it that device->attester is there. -EACCES: the endorsement hierarchy has an
 * authorization. */
int attester_open(struct device *device, struct problem *problem) _must_use_;
void attester_done(struct device *device);

/* The loaded key, for object_use(); likewise. */
struct object *attester_object(struct device *device);

/* Appends its public key as DER SubjectPublicKeyInfo, after attester_open(). */
void attester_put_spki(const struct device *device, struct buf *buf);
