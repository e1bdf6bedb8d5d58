/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Envelopes of in-toto that the agent signs.
 */

#include "cli/signing.h"
#include "lib/in-toto-envelope.h"

/* The words for --format, ended by NULL; and what they stand for, NULL for DSSE. */
extern const char *const envelope_formats[];
enum in_toto_envelope_kind envelope_kind(const char *format);

/* Whose key ids the signatures have. */
enum envelope_ids {
        ENVELOPE_IDS,      /* in-toto's: its programs look signatures up by them */
        ENVELOPE_IDS_NONE, /* empty, as most verifiers of DSSE want them */
};

/* Has the agent sign, and adds the signature. A metablock gets it twice, under the new and the old
 * id of the key. @ret_key, which may be NULL, is the key as in-toto has it. */
enum answer envelope_sign(const struct invocation *invocation, const char *key_name,
                          enum envelope_ids ids, struct in_toto_envelope *envelope,
                          struct in_toto_key *ret_key, struct problem *problem);

/* Writes it to @path, or to standard output where that is NULL. */
int envelope_write(const char *path, const struct in_toto_envelope *envelope,
                   struct problem *problem) _must_use_;
