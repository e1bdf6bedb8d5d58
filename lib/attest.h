/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a TPM signs about itself (TPMS_ATTEST, TPM 2.0 Part 2 §10.12.12): what all kinds begin with,
 * and three of them, the digest of the commands that it audits, the count of the uses of a key, and
 * the counter that a journal is anchored with. lib/attest-key.h has those about keys.
 *
 * The bytes come from a journal that anybody may have written. Parsing checks their form; whether
 * the TPM said them is for the signature to show.
 */

#include "lib/problem.h"
#include "lib/reader.h"

#define ATTEST_SIZE_MAX ((size_t)1024)

struct attest_head {
        struct view signer; /* qualified Name, or the handle TPM_RH_NULL when nothing was signed */
        struct view qualifying;
        uint64_t clock; /* milliseconds that the TPM was powered, never set back */
        uint32_t reset_count, restart_count;
        int safe; /* the clock */
        uint64_t firmware;
};

/* Reads up to what is of one kind alone, a TPM_ST of which @what says what it is about. -EBADMSG:
 * not made by a TPM (TPM_GENERATED_VALUE), another kind, or malformed. */
int attest_read_head(struct reader *reader, uint16_t kind, const char *what,
                     struct attest_head *ret, struct problem *problem) _must_use_;

/* After all was read: -EBADMSG when anything was missing, or is left. */
int attest_read_end(struct reader *reader, struct view bytes, struct problem *problem) _must_use_;

/* TPM2B: uint16 size, then that many bytes. */
struct view attest_read_sized(struct reader *reader);

struct attest_audit {
        struct attest_head head;
        uint64_t counter;     /* of intervals */
        uint16_t algorithm;   /* of the two digests, a TPM_ALG_ID */
        struct view digest;   /* of the commands; empty: there was none since the interval before */
        struct view commands; /* digest of the list of audited commands */
};

/* TPMS_NV_CERTIFY_INFO over all of a use counter (lib/gate.h). */
struct attest_count {
        struct attest_head head;
        struct view index; /* Name of the counter */
        uint32_t uses, limit;
};

/* As attest_parse_audit(), for that kind. */
int attest_parse_count(struct view bytes, struct attest_count *ret,
                       struct problem *problem) _must_use_;

/* TPMS_NV_CERTIFY_INFO over all of a counter (lib/anchor.h). */
struct attest_counter {
        struct attest_head head;
        struct view index; /* Name of the counter */
        uint64_t value;
};

/* Likewise. */
int attest_parse_counter(struct view bytes, struct attest_counter *ret,
                         struct problem *problem) _must_use_;

/* All of @bytes, from which the views borrow. -EBADMSG: no such structure, not made by a TPM
 * (TPM_GENERATED_VALUE), or attesting something else. */
int attest_parse_audit(struct view bytes, struct attest_audit *ret,
                       struct problem *problem) _must_use_;
