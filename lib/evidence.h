/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a token says about one of its keys, so that others may believe that the key was born in
 * hardware: the form. What follows from it is for lib/evidence-check.h to tell.
 *
 *     {"attestation":B64,"attestationKey":B64,"certificates":[B64…],"kind":"tpm2","public":B64,
 *      "selfAsserted":{…},"signature":B64}
 *     {"certificates":[B64…],"kind":"pkcs11","selfAsserted":{…}}
 *
 * `selfAsserted` is what nobody vouches for but the token's own software: manufacturer, model,
 * serial, firmware, and of PKCS#11 the attributes of the key. The rest of a TPM's is TPM 2.0
 * structures as they were: `attestation` TPMS_ATTEST of TPM2_Certify(), `attestationKey` and
 * `public` TPMT_PUBLIC, `signature` TPMT_SIGNATURE. `activated`, in hexadecimal, is the secret of a
 * challenge. How the key was made: `creation` (TPMS_CREATION_DATA), `creationAttestation` and
 * `creationSignature` of TPM2_CertifyCreation(), and `parent` (TPMT_PUBLIC), which come together or
 * not at all, and `createdFor` (lib/creation.h), which the agent adds to them. Where they are
 * missing, `creation` among what is self-asserted says why.
 */

#include "lib/creation.h"
#include "lib/frame.h"
#include "lib/json.h"

#define EVIDENCE_TEXT_MAX         ((size_t)40960) /* bytes, so that a record has room for it */
#define EVIDENCE_CERTIFICATES_MAX 8
#define EVIDENCE_PART_MAX         ((size_t)8192)
#define EVIDENCE_NONCE_MIN        ((size_t)8)
#define EVIDENCE_NONCE_MAX        ((size_t)32) /* bytes that every TPM takes */
#define EVIDENCE_ACTIVATED_MAX    ((size_t)48)
#define EVIDENCE_NO_CREATION      "creation" /* self-asserted: why there is nothing about it */

enum evidence_kind { EVIDENCE_TPM2, EVIDENCE_PKCS11 };

/* Parts of a TPM's evidence, in the order of their members. */
enum evidence_part {
        EVIDENCE_ATTESTATION,
        EVIDENCE_ATTESTATION_KEY,
        EVIDENCE_CREATION,
        EVIDENCE_CREATION_ATTESTATION,
        EVIDENCE_CREATION_SIGNATURE,
        EVIDENCE_PARENT, /* of the key that was created */
        EVIDENCE_PUBLIC,
        EVIDENCE_SIGNATURE,
        EVIDENCE_PARTS,
};

struct evidence {
        enum evidence_kind kind;
        struct facts self_asserted;
        struct buf certificates[EVIDENCE_CERTIFICATES_MAX]; /* DER */
        size_t certificate_count;
        struct buf parts[EVIDENCE_PARTS]; /* empty: not there */
        struct buf activated;             /* likewise */
        json_t *created_for;              /* NULL: not there */
};

/* What goes along with the question. */
struct evidence_question {
        struct view nonce; /* empty: none */
        /* A credential to be activated; or NULL. */
        const char *endorsement; /* name of a row of lib/endorsement.h */
        struct view blob, encrypted;
        struct view creation; /* what generate() gave for that (lib/driver.h); empty: nothing */
};

void evidence_init(struct evidence *evidence);
void evidence_done(struct evidence *evidence);

static inline struct view evidence_part(const struct evidence *evidence, enum evidence_part part)
{
        return buf_view(&evidence->parts[part]);
}

/* Adds a certificate; what is over the limit, or there already, is left out. -ENOMEM. */
int evidence_add_certificate(struct evidence *evidence, struct view der) _must_use_;

/* Adds what the key was made for to the creation data, of which there are some. -ENOMEM. */
int evidence_set_created_for(struct evidence *evidence, json_t *created_for) _must_use_;

/* Leaves out all about the creation of the key, which could not be shown; @reason in its place.
 * -ENOMEM. */
int evidence_drop_creation(struct evidence *evidence, const char *reason) _must_use_;

/* NULL without memory. */
json_t *evidence_to_json(const struct evidence *evidence) _must_use_;

/* Strictly. -EBADMSG; -ENOMEM. @ret is to be freed with evidence_done() in any case. */
int evidence_from_json(const json_t *object, struct evidence *ret,
                       struct problem *problem) _must_use_;

/* The same as canonical text. -EMSGSIZE: over EVIDENCE_TEXT_MAX. */
int evidence_put(struct buf *buf, const struct evidence *evidence) _must_use_;
int evidence_parse(struct view text, struct evidence *ret, struct problem *problem) _must_use_;
