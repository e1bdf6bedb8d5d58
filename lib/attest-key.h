/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a TPM signs about one of its keys (TPMS_ATTEST, TPM 2.0 Part 2 §10.12.12): that the key of
 * that Name is loaded (TPM2_Certify), or that it was created with certain creation data
 * (TPM2_CertifyCreation).
 *
 * Parsing checks the form; whether a TPM said it is for the signature to show.
 */

#include "lib/attest.h"

enum attest_key_type {
        ATTEST_KEY_CERTIFY = 0x8017,
        ATTEST_KEY_CREATION = 0x801a,
};

struct attest_key {
        enum attest_key_type type;
        struct attest_head head;
        struct view name;    /* of the key */
        struct view further; /* its qualified Name; of a creation, the hash of the creation data */
};

/* All of @bytes, from which the views borrow. -EBADMSG: not made by a TPM, another type than the
 * one that is expected, or malformed. */
int attest_key_parse(struct view bytes, enum attest_key_type expected, struct attest_key *ret,
                     struct problem *problem) _must_use_;
