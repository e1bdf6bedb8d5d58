/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Command audit (lib/command-audit.h) as this process uses it: the TPM is told to audit signatures,
 * and an attestation key says what it has counted.
 *
 * The attestation key is a restricted signing key of the endorsement hierarchy, the same for one
 * TPM at all times: only that hierarchy's keys attest the reset counter as it is (TPM 2.0 Part 3
 * §18.1), and only a restricted one cannot be made to sign an attestation written by somebody else.
 */

#include "tpm/device.h"

/* Sees to it that the TPM audits what it should and nothing else, makes the attestation key, and
 * adds facts: "attestation-key" (SPKI, base64) and "attestation-name" (hexadecimal). -EOPNOTSUPP:
 * the TPM has no command audit. */
int audit_open(struct device *device, struct facts *facts, struct problem *problem) _must_use_;
void audit_done(struct device *device);

/* Implements struct driver (lib/driver.h). */
int audit_look(void *device, int sign, struct view qualifying, struct buf *ret_response,
               struct problem *problem);
int audit_put_evidence(void *device, struct buf *fields, struct problem *problem);
