/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The use counter of a key: an NV index of type PIN_PASS (TPM 2.0 Part 2 §13.3) whose public area
 * lib/gate.h fixes. pinCount goes up by one each time TPM2_PolicySecret() is authorized with the
 * index; pinLimit is out of reach.
 */

#include "tpm/device.h"

/* Defines a new counter and writes its zero. Needs the owner's authorization. -EOPNOTSUPP: the TPM
 * has no such indices (before revision 1.38, or by choice); -EIO: no handle or no NV memory left.
 */
int counter_create(struct device *device, uint32_t *ret, struct problem *problem) _must_use_;

/* Adds the fact "use-counters" with the handles of all that there are, whoever made them, separated
 * by spaces; none when there are none. */
int counter_facts(struct device *device, struct facts *facts, struct problem *problem) _must_use_;

/* Removes it. 0 if it is gone already. Needs the owner's authorization. */
int counter_remove(struct device *device, uint32_t counter, struct problem *problem);

/* Finds it, and checks its Name. @authorization (NULL: empty) is the one that it was made with.
 * -ENOKEY: it is not there; -EKEYREJECTED: another index is in its place. */
int counter_open(struct device *device, uint32_t counter, const TPM2B_AUTH *authorization,
                 ESYS_TR *ret, struct problem *problem) _must_use_;
void counter_close(struct device *device, ESYS_TR index);

/* pinCount. */
int counter_read(struct device *device, ESYS_TR index, uint32_t *ret,
                 struct problem *problem) _must_use_;

/* The same with the TPM's word for it, in which there is @qualifying: @ret_attest is the
 * TPMS_ATTEST, @ret_signature that of attester_object() over it, DER. */
int counter_certify(struct device *device, ESYS_TR index, struct view qualifying,
                    struct buf *ret_attest, struct buf *ret_signature,
                    struct problem *problem) _must_use_;
