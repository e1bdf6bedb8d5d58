/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Objects of a TPM that has room for few of them at a time.
 *
 * Each object is saved right after it was loaded (TPM2_ContextSave), so that it can be taken out of
 * the TPM at any moment and be brought back with one command and without its parent. The least
 * recently used one makes room. As long as no more keys are in use than fit, a signature is one
 * command. A TPM reset makes the saved contexts useless: that is -ENODEV, and a new process starts
 * from the key files.
 */

#include "tpm/device.h"

struct object {
        ESYS_TR handle;                  /* ESYS_TR_NONE: not inside the TPM */
        TPMS_CONTEXT *saved;             /* freed by object_done() */
        uint64_t used;                   /* device->uses at the last use */
        const TPM2B_AUTH *authorization; /* NULL: empty; the value belongs to others */
};

#define OBJECT_INIT ((struct object){.handle = ESYS_TR_NONE})

/* Takes the object just loaded as @handle into @object, whose address then stays in @device until
 * object_done(). On failure @handle is flushed. */
int object_adopt(struct device *device, struct object *object, ESYS_TR handle,
                 struct problem *problem) _must_use_;

/* Sees to it that the object is inside the TPM: object->handle may be used until the next call of a
 * function with @device. */
int object_use(struct device *device, struct object *object, struct problem *problem) _must_use_;

/* Takes the object out of the TPM until its next use. The kernel's resource manager saves and loads
 * whatever is inside around every command, so what is seldom used shall not stay. */
void object_rest(struct device *device, struct object *object);

/* Makes room for one more object; @keep (may be NULL) stays. */
void object_make_room(struct device *device, const struct object *keep);

/* True if the command that gave @rc shall be sent again: the TPM was busy, or it was full and one
 * object other than @keep was taken out. @attempts as for device_busy(). */
int object_again(struct device *device, const struct object *keep, TSS2_RC rc, unsigned *attempts);

/* Takes the object out of the TPM and frees it. Takes NULL. */
void object_done(struct device *device, struct object *object);
