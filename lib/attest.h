/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a TPM signs about itself (TPMS_ATTEST, TPM 2.0 Part 2 §10.12.12), for the two kinds that are
 * used here: the digest of the commands that it audits, and the count of the uses of a key.
 *
 * The bytes come from a journal that anybody may have written. Parsing checks their form; whether
 * the TPM said them is for the signature to show.
 */

#include "lib/problem.h"
#include "lib/reader.h"

#define ATTEST_SIZE_MAX ((size_t)1024)

struct attest_audit {
        struct view signer; /* qualified Name, or the handle TPM_RH_NULL when nothing was signed */
        struct view qualifying;
        uint64_t clock; /* milliseconds that the TPM was powered, never set back */
        uint32_t reset_count, restart_count;
        int safe; /* the clock */
        uint64_t firmware;
        uint64_t counter;     /* of intervals */
        uint16_t algorithm;   /* of the two digests, a TPM_ALG_ID */
        struct view digest;   /* of the commands; empty: there was none since the interval before */
        struct view commands; /* digest of the list of audited commands */
};

/* TPMS_NV_CERTIFY_INFO over all of a use counter (lib/gate.h). */
struct attest_count {
        struct view signer; /* qualified Name */
        struct view index;  /* Name of the counter */
        uint32_t uses, limit;
        uint64_t clock;
        uint32_t reset_count;
};

/* As attest_parse_audit(), for that kind. */
int attest_parse_count(struct view bytes, struct attest_count *ret,
                       struct problem *problem) _must_use_;

/* All of @bytes, from which the views borrow. -EBADMSG: no such structure, not made by a TPM
 * (TPM_GENERATED_VALUE), or attesting something else. */
int attest_parse_audit(struct view bytes, struct attest_audit *ret,
                       struct problem *problem) _must_use_;
