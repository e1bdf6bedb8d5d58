/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Endorsement keys, one row each, as TCG EK Credential Profile 2.5 §2.2 and §B lays them down:
 * where the certificate is, where the key is, and what protects a credential for it.
 */

#include "lib/macro.h"

#define ENDORSEMENT_CHAIN_FIRST ((uint32_t)0x01c00100) /* NV: certificates of the issuers */
#define ENDORSEMENT_CHAIN_LAST  ((uint32_t)0x01c001ff)

struct endorsement {
        const char *name;     /* in challenges */
        uint32_t certificate; /* NV index */
        uint32_t persistent;  /* where the key is, if it is made already */
        const char *curve;    /* NULL: RSA */
        unsigned bits;
        const char *hash; /* of the key's Name, and of all that is derived */
        size_t hash_size;
        unsigned cipher_bits; /* of AES in CFB mode */
};

/* The row of that name, or NULL. */
const struct endorsement *endorsement_find(const char *name);

/* Row @index, or NULL past the last. */
const struct endorsement *endorsement_at(size_t index);
