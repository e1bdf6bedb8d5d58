/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * X.509 certificates (RFC 5280) that vouch for a key in hardware, and the authorities that a
 * verifier accepts for them.
 *
 * Whether a certificate was revoked is not looked up: verification needs the files and nothing
 * else.
 */

#include "lib/digest.h"

#define CERTIFICATE_SIZE_MAX  ((size_t)8192)
#define CERTIFICATE_TEXT_SIZE 160

struct certificate;
struct authorities;

/* All of @der. -EBADMSG; -ENOMEM. */
int certificate_parse(struct view der, struct certificate **ret) _must_use_;
struct certificate *certificate_free(struct certificate *certificate);
DEFINE_CLEANUP(struct certificate *, certificate_free)

/* SHA-256 of the DER. */
const struct sha256 *certificate_fingerprint(const struct certificate *certificate);

/* DER SubjectPublicKeyInfo of its key, for as long as the certificate lives. */
struct view certificate_spki(const struct certificate *certificate);

/* Subject or issuer in one line (RFC 4514), cut where it is too long; empty: it has no name. */
void certificate_subject(const struct certificate *certificate, char ret[CERTIFICATE_TEXT_SIZE]);
void certificate_issuer(const struct certificate *certificate, char ret[CERTIFICATE_TEXT_SIZE]);

/* What the certificate of an endorsement key says of the TPM (TCG EK Credential Profile §3.2.9). */
struct endorsed_device {
        char manufacturer[40], model[80], version[40];
};

/* Whether it says that it is one: the extended key usage tcg-kp-EKCertificate. */
int certificate_is_endorsement(const struct certificate *certificate);

/* -EKEYREJECTED: no subject alternative name that names the manufacturer of a TPM. */
int certificate_device(const struct certificate *certificate, struct endorsed_device *ret,
                       struct problem *problem) _must_use_;

/* Every certificate in the files of the folder @path, PEM or DER; files without one are passed
 * over. Those that are signed by themselves are roots, the others may stand between. -ENOENT: there
 * is no root; the errno of the folder. */
int authorities_load(const char *path, struct authorities **ret,
                     struct problem *problem) _must_use_;
struct authorities *authorities_free(struct authorities *authorities);
DEFINE_CLEANUP(struct authorities *, authorities_free)

/* 0 if and only if a chain leads from @certificate to a root now; @between (NULL-terminated) may
 * be part of it. -EKEYREJECTED with the reason; -ENOMEM. */
int authorities_verify(const struct authorities *authorities, const struct certificate *certificate,
                       struct certificate *const *between, struct problem *problem) _must_use_;
