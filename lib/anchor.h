/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The anchor of a journal: an NV index of a TPM, of type counter (TPM 2.0 Part 2 §13.4), that goes
 * up by one with each attestation of the journal's head.
 *
 * Nobody can set it back. Whoever has the owner's authorization can remove it, and a new one begins
 * where the largest counter that this TPM ever had has ended (Part 1 §37.2.4), so it cannot be made
 * to say again what it said once. It is not orderly, so no power cut makes it jump.
 *
 * Its public area, and so its Name, follow from its handle and the origin of the journal: the
 * origin is in the place of a policy, which nothing asks for. Reading, counting and certifying take
 * the authorization that keys of the token are made with.
 */

#include "lib/attest.h"
#include "lib/pubkey.h"
#include "lib/tpm-public.h"

/* Handles of counters: a part of what TCG leaves to the owner (Registry of Reserved TPM 2.0 Handles
 * §2.2). The first 0x25 of it are systemd's. */
#define ANCHOR_INDEX_FIRST ((uint32_t)0x01d10225)
#define ANCHOR_INDEX_LAST  ((uint32_t)0x01d102ff)
#define ANCHOR_INDEX_TEXT  11 /* "0x01d10225" and NUL */

#define ANCHOR_COUNTER_MAX ((uint64_t)1 << 56) /* more than a TPM lives to count */

/* What a driver is asked to do. */
enum anchor_step {
        ANCHOR_LOOK,    /* says what there is */
        ANCHOR_PREPARE, /* defines the counter, which has no value before its first step */
        ANCHOR_ADVANCE, /* counts one up, and has that attested */
};
#define ANCHOR_STEP_LAST ANCHOR_ADVANCE

/* What can be found at an index of this range. */
enum anchor_kind {
        ANCHOR_NEW,     /* the counter of a journal, before its first step */
        ANCHOR_COUNTER, /* after that */
        ANCHOR_SCRATCH, /* one that was only made to know where the real one will begin, before … */
        ANCHOR_SCRATCH_COUNTER, /* … and after its one step */
};
#define ANCHOR_KIND_LAST ANCHOR_SCRATCH_COUNTER

/* The handle of a counter as in records; returns @ret. */
char *anchor_index_text(uint32_t index, char ret[ANCHOR_INDEX_TEXT]);

/* -EBADMSG: no such text, or out of the range. */
int anchor_index_parse(struct view text, uint32_t *ret) _must_use_;

/* Appends the TPMS_NV_PUBLIC of a counter. */
void anchor_put_public(struct buf *buf, uint32_t index, const char *origin, enum anchor_kind kind);

/* Its Name. -ENOMEM. */
int anchor_name(uint32_t index, const char *origin, enum anchor_kind kind,
                struct tpm_name *ret) _must_use_;

/* What a TPM attests when the counter has gone up. */
struct anchor_evidence {
        const char *origin; /* of the journal */
        uint32_t index;
        uint64_t counter;
        struct view root;        /* of the journal's tree, SHA256_SIZE bytes */
        struct view key;         /* the attestation key, DER SubjectPublicKeyInfo */
        struct view attestation; /* TPMS_ATTEST of TPM2_NV_Certify() */
        struct view signature;   /* DER */
};

/* Whether the attestation says just that: signed by the key, which is the attestation key that
 * hallmark-tpm makes, in the endorsement hierarchy; of that counter of that journal; of that value;
 * with that root. -EBADMSG: it is none; -EKEYREJECTED: it says something else, with the reason;
 * -ENOMEM. */
int anchor_evidence_check(const struct anchor_evidence *evidence,
                          struct problem *problem) _must_use_;
