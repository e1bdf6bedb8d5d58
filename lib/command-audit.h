/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The digest that a TPM keeps of the commands it audits (TPM 2.0 Part 1 §32, Part 3 §21), computed
 * again from what was asked and what it answered.
 *
 * An interval begins with 32 zeros. Each audited command that succeeds makes it H(digest ‖ cpHash ‖
 * rpHash), with cpHash = H(code ‖ Names of the handles ‖ parameters) and rpHash = H(0 ‖ code ‖
 * response parameters); H is SHA-256. The audited commands are TPM2_Sign,
 * TPM2_GetCommandAuditDigest and TPM2_SetCommandCodeAuditStatus, which a TPM always audits.
 */

#include "lib/algorithm.h"
#include "lib/digest.h"

#define COMMAND_AUDIT_NAME_SIZE    34 /* of an object with nameAlg SHA-256 */
#define COMMAND_AUDIT_RESPONSE_MAX ((size_t)2048)
#define COMMAND_AUDIT_ALGORITHM    0x000b /* SHA-256 as TPM_ALG_ID */

/* commandDigest of that list: H over the codes in ascending order. */
struct sha256 command_audit_list(void);

/* TPM2_Sign by the key of that Name; @response: all its response parameters, a TPMT_SIGNATURE. */
void command_audit_add_sign(struct sha256 *digest, struct view name, struct view message,
                            struct view response);

/* TPM2_GetCommandAuditDigest signed by the key of that Name, or only looked at (empty Name). */
void command_audit_add_look(struct sha256 *digest, struct view name, struct view qualifying,
                            struct view response);

/* Appends the TPMT_SIGNATURE that a TPM answers most probably when it made @signature, encoded as
 * enum algorithm_kind says: numbers as long as the curve's. -EBADMSG: no such signature. */
int command_audit_put_signature(struct buf *buf, const struct algorithm *algorithm,
                                struct view signature) _must_use_;

/* Takes a TPMT_SIGNATURE of @algorithm apart and appends the signature as enum algorithm_kind says.
 * -EBADMSG. */
int command_audit_read_signature(struct view bytes, const struct algorithm *algorithm,
                                 struct buf *ret) _must_use_;

/* The parts of the response parameters of TPM2_GetCommandAuditDigest: a TPMS_ATTEST and a
 * TPMT_SIGNATURE. -EBADMSG. */
int command_audit_read_look(struct view response, struct view *ret_attest,
                            struct view *ret_signature) _must_use_;
