/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The signature algorithms in PKCS#11's terms: key type, mechanisms, what is signed and what comes
 * out.
 */

#include "lib/algorithm.h"
#include "pkcs11/token.h"

struct mechanism {
        CK_KEY_TYPE key_type;
        CK_MECHANISM_TYPE generate;
        CK_MECHANISM_TYPE sign;
        struct view curve;  /* CKA_EC_PARAMS; empty for RSA */
        struct view prefix; /* goes in front of the digest: DigestInfo of RFC 8017 §9.2 */
        CK_RSA_PKCS_PSS_PARAMS pss;
        int has_pss;
};

/* -EOPNOTSUPP: PKCS#11 does not have it, or this program does not know how. */
int mechanism_of(const struct algorithm *algorithm, struct mechanism *ret) _must_use_;

/* Whether the value of CKA_EC_PARAMS names the curve of Ed25519. Tokens write it in several ways,
 * and not always the same for both halves of a key. */
int mechanism_is_ed25519(struct view curve);

/* 0 if the token makes such keys and signs with them, else -EOPNOTSUPP; -ENODEV. */
int mechanism_check(struct token *token, const struct algorithm *algorithm,
                    struct problem *problem) _must_use_;

/* Adds the names of all algorithms that the token has as fact "algorithms". */
int mechanism_facts(struct token *token, struct facts *facts, struct problem *problem) _must_use_;
