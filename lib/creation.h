/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a TPM notes about the making of a key (TPMS_CREATION_DATA, TPM 2.0 Part 2 §15.1), and what
 * the agent had it made for. TPM2_CertifyCreation() signs the hash of the former, and in it is that
 * of the latter:
 *
 *     {"key":"model","origin":"example.org/host","request":"7.1","time":"…","version":1}
 *
 * whose canonical text (lib/json.h) has the SHA-256 that is outsideInfo. `request` is missing of a
 * key that the agent has made by itself.
 *
 * Parsing checks the form; whether a TPM said it is for the signature to show.
 */

#include "lib/digest.h"
#include "lib/json.h"

#define CREATION_BANKS_MAX     16
#define CREATION_SELECT_MAX    4 /* bytes of a bit for each register */
#define CREATION_LOCALITY_ZERO 1 /* TPMA_LOCALITY: what an operating system has */

struct creation {
        struct {
                uint16_t hash;   /* TPM_ALG_ID */
                struct view map; /* bit N % 8 of byte N / 8: register N */
        } banks[CREATION_BANKS_MAX];
        size_t bank_count;
        struct view registers; /* digest over the selected registers */
        uint8_t locality;
        uint16_t parent_hash; /* TPM_ALG_ID of its Name */
        struct view parent, parent_qualified;
        struct view outside;
};

/* All of @bytes, from which the views borrow. -EBADMSG: no such structure. */
int creation_parse(struct view bytes, struct creation *ret, struct problem *problem) _must_use_;

/* Appends which registers were looked at, as in "sha256:0,1,7"; banks are separated by spaces. */
void creation_put_registers(struct buf *buf, const struct creation *creation);

/* What a key is made for. @request may be empty. NULL without memory. */
json_t *created_for_new(const char *key, uint32_t version, const char *origin, const char *time,
                        const char *request) _must_use_;

/* Whether it is of that form. -EBADMSG. */
int created_for_check(const json_t *created_for, struct problem *problem) _must_use_;

/* The outsideInfo. -ENOMEM. */
int created_for_digest(const json_t *created_for, struct sha256 *ret) _must_use_;
