/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The handle of a TPM key: a PEM file "TSS2 PRIVATE KEY" (ASN.1 Specification for TPM 2.0 Key
 * Files, OID 2.23.133.10.1.3) that OpenSSL's tpm2 provider and engine load as well. The private
 * part in it is encrypted by the TPM for itself, so the file holds no secret.
 */

#include "lib/buf.h"
#include "lib/problem.h"

#include <tss2/tss2_tpm2_types.h>

/* Appends the file of a key under the owner hierarchy's storage parent; @empty_auth says whether
 * its authorization is empty. */
int keyfile_put(struct buf *buf, const TPM2B_PUBLIC *public, const TPM2B_PRIVATE *private,
                int empty_auth) _must_use_;

/* Reads what keyfile_put() writes, and nothing else: one form per key. -EKEYREJECTED. */
int keyfile_read(struct view text, TPM2B_PUBLIC *ret_public, TPM2B_PRIVATE *ret_private,
                 int *ret_empty_auth, struct problem *problem) _must_use_;
