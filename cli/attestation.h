/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * An attestation verified with what a stranger has, and what it then shows.
 */

#include "cli/verb.h"
#include "lib/attestation.h"
#include "lib/evidence-check.h"

struct attestation_trust {
        struct authorities *authorities;
        struct challenge_secret *secrets; /* challenges that were made */
        size_t secret_count;
        int has_name; /* else nothing but a challenge binds the attestation key */
        struct tpm_name name;
        struct buf nonce; /* empty: that of the challenge, or any */
};

void attestation_trust_done(struct attestation_trust *trust);

/* Reads a folder of certificates. The errors of authorities_load(). */
int attestation_trust_add_authorities(struct attestation_trust *trust, const char *path,
                                      struct problem *problem) _must_use_;

/* Reads the file that `hallmark key challenge` keeps. */
int attestation_trust_add_secret(struct attestation_trust *trust, const char *path,
                                 struct problem *problem) _must_use_;

/* -EINVAL: not in hexadecimal, or of another size; NULL is none. */
int attestation_trust_set_name(struct attestation_trust *trust, const char *hex,
                               struct problem *problem) _must_use_;
int attestation_trust_set_nonce(struct attestation_trust *trust, const char *hex,
                                struct problem *problem) _must_use_;

/* Whether the evidence shows that @key is in hardware for which an authority vouches: all steps of
 * lib/evidence-check.h. -EKEYREJECTED or -EBADMSG with what does not hold; -ENOMEM. @ret is to be
 * freed in any case. */
int attestation_trust_check(const struct attestation_trust *trust,
                            const struct attestation *attestation, const struct keyring_key *key,
                            struct evidence_proof *ret, struct problem *problem) _must_use_;
