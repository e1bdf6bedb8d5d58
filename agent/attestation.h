/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A statement on its way to being signed, and what its record says of it.
 *
 * The text is made once, by whoever asks or by the agent; its digests are computed here and nowhere
 * else.
 */

#include "lib/record.h"
#include "lib/statement.h"

struct attestation {
        struct buf payload;       /* the statement, as signed */
        char payload_digest[72];  /* "sha256:HEX" of it */
        char subjects_digest[72]; /* "sha256:HEX" of the canonical text of its subjects */
        struct buf digests; /* "sha256:HEX" of each subject, an array; empty: not all have one */
        size_t subject_count;
        char predicate_type[STATEMENT_URI_MAX + 1];
        char *builder, *run; /* of the provenance of a run; else NULL */
};

/* Of a statement's text, which is copied. Errors as statement_parse(). */
int attestation_new(struct view payload, struct attestation **ret,
                    struct problem *problem) _must_use_;
struct attestation *attestation_free(struct attestation *attestation);
DEFINE_CLEANUP(struct attestation *, attestation_free)
