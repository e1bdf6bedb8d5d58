/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The handle of a TPM key: a PEM file "TSS2 PRIVATE KEY" (ASN.1 Specification for TPM 2.0 Key
 * Files, OID 2.23.133.10.1.3) that OpenSSL's tpm2 provider and engine load as well. The private
 * part in it is encrypted by the TPM for itself, so the file holds no secret. The gate of a key is
 * its policy, one step for each policy command.
 */

#include "lib/gate.h"

#include <tss2/tss2_tpm2_types.h>

struct keyfile {
        TPM2B_PUBLIC public;
        TPM2B_PRIVATE private;
        int empty_auth; /* whether the key's authorization is empty */
        struct gate gate;
};

void keyfile_done(struct keyfile *file);

/* Appends the file of a key under the owner hierarchy's storage parent. */
int keyfile_put(struct buf *buf, const struct keyfile *file) _must_use_;

/* Reads what keyfile_put() writes, and nothing else: one form per key. -EKEYREJECTED, -ENOMEM. @ret
 * is to be freed with keyfile_done() in any case. */
int keyfile_read(struct view text, struct keyfile *ret, struct problem *problem) _must_use_;
