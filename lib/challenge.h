/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A stranger's question to a TPM, and what the stranger keeps to know the answer by: two files.
 *
 *     {"attestationKey":HEX,"credentialBlob":B64,"encryptedSecret":B64,
 *      "endorsementCertificate":HEX,"endorsementKey":"rsa-2048","nonce":HEX,
 *      "type":"hallmark-challenge","v":1}
 *     {"attestationKey":HEX,"endorsementCertificate":HEX,"nonce":HEX,"secret":HEX,
 *      "type":"hallmark-challenge-secret","v":1}
 *
 * The first goes to the agent's operator. `attestationKey` is a Name, `endorsementCertificate` the
 * SHA-256 of its DER. Only the TPM that holds both keys can find the secret in the first file.
 */

#include "lib/certificate.h"
#include "lib/credential.h"
#include "lib/tpm-public.h"

#define CHALLENGE_TEXT_MAX   ((size_t)8192)
#define CHALLENGE_NONCE_SIZE ((size_t)32)

struct challenge {
        struct tpm_name attestation_key;
        struct sha256 certificate;
        const struct endorsement *endorsement;
        struct credential credential;
        uint8_t nonce[CHALLENGE_NONCE_SIZE];
};

struct challenge_secret {
        struct tpm_name attestation_key;
        struct sha256 certificate;
        uint8_t nonce[CHALLENGE_NONCE_SIZE];
        uint8_t secret[CREDENTIAL_SECRET_SIZE];
};

/* Draws nonce and secret. -EOPNOTSUPP: no kind of endorsement key that is known here; -EBADMSG: the
 * certificate's key is none; -ENOMEM. */
int challenge_make(const struct certificate *certificate, const struct tpm_name *attestation_key,
                   struct challenge *ret, struct challenge_secret *ret_secret) _must_use_;
void challenge_done(struct challenge *challenge);

/* Append canonical text and a newline. */
int challenge_put(struct buf *buf, const struct challenge *challenge) _must_use_;
int challenge_secret_put(struct buf *buf, const struct challenge_secret *secret) _must_use_;

/* Strictly; a final newline is allowed. -EBADMSG; -ENOMEM. @ret of the first is to be freed in any
 * case. */
int challenge_parse(struct view text, struct challenge *ret, struct problem *problem) _must_use_;
int challenge_secret_parse(struct view text, struct challenge_secret *ret,
                           struct problem *problem) _must_use_;
