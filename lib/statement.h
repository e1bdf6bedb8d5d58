/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * In-toto statements v1: about which artifacts (subjects, by digest) what is said (the predicate),
 * and of what type that is. They are the payloads of DSSE envelopes (lib/dsse.h).
 *
 * What is written is canonical JSON (lib/json.h), made once: these bytes are signed and sent. What
 * is read has no member twice; members of the statement that the specification does not have are
 * ignored, as it demands.
 */

#include "lib/resource.h"

#define STATEMENT_TYPE "https://in-toto.io/Statement/v1"

#define STATEMENT_SIZE_MAX           ((size_t)16 << 20) /* bytes of the text */
#define STATEMENT_PREDICATE_SIZE_MAX ((size_t)8 << 20)  /* as canonical JSON */
#define STATEMENT_SUBJECTS_MAX       ((size_t)100000)
#define STATEMENT_URI_MAX            1024 /* bytes of the predicate's type */

/* All but @object is borrowed from it. */
struct statement {
        json_t *object;
        const json_t *subjects; /* array of lib/resource.h, each with a digest; at least one */
        const char *predicate_type;
        const json_t *predicate; /* an object */
};

void statement_done(struct statement *statement);

/* Reads a statement. -EBADMSG: none, with member and reason; -EMSGSIZE: it, its predicate or its
 * list of subjects is too large; -ENOMEM. */
int statement_parse(struct view text, struct statement *ret, struct problem *problem) _must_use_;

/* The same of a statement that was parsed already, of which a reference is taken. */
int statement_from_json(json_t *object, struct statement *ret, struct problem *problem) _must_use_;

/* Makes a statement. Errors as statement_parse(): nothing is made that would not be read. */
int statement_make(const json_t *subjects, const char *predicate_type, const json_t *predicate,
                   struct statement *ret, struct problem *problem) _must_use_;

/* Appends the statement. Errors as statement_parse(): nothing is written that would not be read. */
int statement_put(struct buf *buf, const json_t *subjects, const char *predicate_type,
                  const json_t *predicate, struct problem *problem) _must_use_;

/* Whether @type can be that of a predicate: a URI by RFC 3986, as far as its scheme and its
 * characters tell. */
int statement_type_is_valid(const char *type);

/* The subject that @resource is, by digest, or NULL. */
const json_t *statement_find_subject(const struct statement *statement, const json_t *resource);
