/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Signing keys of one TPM: made under the storage parent, loaded from their key files into slots.
 *
 * The functions have the contracts of the same names in struct driver (lib/driver.h).
 */

#include "lib/driver.h"
#include "tpm/device.h"

/* Creates the storage parent in the owner hierarchy. -EACCES: the owner's authorization is another
 * one than the token's. */
int parent_create(struct device *device, struct problem *problem) _must_use_;
void parent_done(struct device *device);

int key_generate(void *device, const struct driver_wish *wish, struct driver_pair *ret,
                 struct problem *problem);
int key_load(void *device, const struct algorithm *algorithm, struct view handle,
             uint32_t *ret_slot, struct buf *ret_spki, struct problem *problem);
int key_sign(void *device, uint32_t slot, struct view digest, struct view authorization,
             struct buf *ret_signature, struct problem *problem);
int key_attest(void *device, uint32_t slot, const struct evidence_question *question,
               struct evidence *ret, struct problem *problem);
int key_count(void *device, uint32_t slot, struct view qualifying, struct driver_count *ret,
              struct problem *problem);
int key_destroy(void *device, const struct algorithm *algorithm, struct view handle,
                struct problem *problem);

/* Adds the names of the algorithms that the TPM can do as fact "algorithms". */
int key_algorithms(struct device *device, struct facts *facts, struct problem *problem) _must_use_;

/* Frees all slots. */
void keys_done(struct device *device);
