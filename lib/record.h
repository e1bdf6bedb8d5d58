/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The records of the journal: one canonical JSON object each (lib/json.h), strings and integers
 * only, at most ENTRY_SIZE_MAX bytes.
 *
 * Every record has `v` (1), `type`, `time` (UTC, RFC 3339, microseconds) and `boot` (the kernel's
 * boot id). What else a record has, and must have, is a table per type: hallmark-journal(5).
 */

#include "lib/json.h"
#include "lib/keyring.h"

#define RECORD_VERSION   1
#define RECORD_TIME_SIZE KEY_TIME_SIZE

#define RECORD_DIGESTS_MAX  256 /* of a `sign.logged` record */
#define RECORD_SUBJECTS_MAX 64  /* digests in an `attest` record */

/* Members of one record, its common ones included. */
#define RECORD_MEMBERS_MAX 24

/* What a record of a type has beside the members that all have. */
struct record_type {
        const char *name;
        const struct json_member *members;
        size_t count;
};

/* The members that every record has, and those of `caller`. */
extern const struct record_type record_common, record_caller;

/* NULL: not known. */
const struct record_type *record_type_find(struct view name);

/* The types that this version knows, as in `type`. */
int record_type_is_known(const char *type);

/* Whether a record of the type has a signature by the key that it names: `sign`, `attest`. */
int record_type_signs(const char *type);

/* What an `attest` record says of a statement. */
struct record_statement {
        struct view payload, subjects; /* "sha256:HEX" */
        struct view predicate_type;
        int64_t subject_count;
};

/* Whether it can be said of one. */
int record_statement_is_valid(const struct record_statement *statement);

/* What can be told of the statement of an `attest` record without it. -EBADMSG with the reason. */
int record_statement_verify(const json_t *record, struct problem *problem) _must_use_;

/* Whether it is "sha256:" and 64 hexadecimal digits. */
int record_digest_is_sha256(struct view text);

/* "2026-11-22T10:00:00.000000Z" for microseconds since the epoch; returns @ret. */
char *record_time(uint64_t usec, char ret[RECORD_TIME_SIZE]);

/* Whether text has exactly that shape. */
int record_time_is_valid(const char *text);
int record_time_has_shape(struct view text);

/* Parses an entry: canonical, complete, nothing unknown. -EBADMSG with the reason; -ENOMEM. The
 * caller owns the object. */
int record_parse(struct view entry, json_t **ret, struct problem *problem) _must_use_;

/* The part of that which is about members, for a record that is being made: complete, nothing
 * unknown. -EBADMSG. */
int record_check(const json_t *record, struct problem *problem) _must_use_;

/* Verifies what a parsed `sign`, `attest` or `sign.logged` record says against the ring: the key is
 * there under this name, version and fingerprint, it is not the log key, each digest is one of its
 * algorithm, and the signature of a `sign` or `attest` record is good. 0 for records of other
 * types. -ENOKEY, -EKEYREJECTED, -EBADMSG, each with the reason. */
int record_verify(const json_t *record, const struct keyring *ring,
                  struct problem *problem) _must_use_;

/* Whether an entry is a record of a signature, `sign`, `attest` or `sign.logged`, of that digest.
 * Cheap for those that are not: made for looking through a journal. */
int record_signs(struct view entry, const char *digest);
