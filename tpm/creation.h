/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How a key was made, in the TPM's word: what TPM2_Create() gives along with the key, and what
 * TPM2_CertifyCreation() makes of it later. The ticket is good for as long as the owner hierarchy
 * has the proof value that it was made with, up to TPM2_Clear() as the key itself (TPM 2.0 Part 2
 * §10.7.3); a reset of the TPM does not matter.
 *
 * Kept of a key are the creation data and the ticket: uint32 size and bytes (TPMS_CREATION_DATA),
 * twice (TPMT_TK_CREATION).
 */

#include "lib/evidence.h"
#include "tpm/device.h"

/* The registers that are looked at when a key is made: 0 to 7, firmware and boot up to the kernel
 * (TCG PC Client Platform Firmware Profile §2.3.4). A TPM leaves out those that it does not have.
 */
TPML_PCR_SELECTION creation_registers(void);

/* What TPM2_Create() gave; all of it to be freed with Esys_Free(). */
struct creation_answer {
        TPM2B_CREATION_DATA *data;
        TPM2B_DIGEST *hash;
        TPMT_TK_CREATION *ticket;
};

void creation_answer_done(struct creation_answer *answer);

/* Appends what is kept. -EIO: it is nonsense, or of another creation than one under @parent (its
 * public area, TPMT_PUBLIC) with @outside; -ENOMEM. */
int creation_keep(const struct creation_answer *answer, struct view parent, struct view outside,
                  struct buf *ret, struct problem *problem) _must_use_;

/* Has the attestation key certify how @key, which is inside the TPM as that is, was made: fills in
 * the parts of @ret about that, or the reason why the TPM does not. -ENODEV: it went away; -ENOMEM.
 */
int creation_certify(struct device *device, struct object *key,
                     const struct evidence_question *question, struct evidence *ret,
                     struct problem *problem) _must_use_;
