/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Digest sets, as in-toto has them: an object like `{"sha256":HEX}`, of one content by one hash or
 * more. Of the names that the specification has, the values are of their form; of others, text.
 */

#include "lib/json.h"

#define DIGEST_SET_MAX      16            /* digests of one content */
#define DIGEST_SET_TEXT_MAX ((size_t)512) /* characters of a digest without a known form */

enum digest_match {
        DIGEST_DIFFERS, /* a digest of both is not the same */
        DIGEST_UNKNOWN, /* both have no digest in common that proves anything */
        DIGEST_MATCHES, /* at least one is the same, and none is not */
};

/* @set is a digest set, perhaps an empty one; @what names it in the message. -EBADMSG. */
int digest_set_check(const json_t *set, const char *what, struct problem *problem) _must_use_;

/* Of two sets that were checked; NULL is an empty one. SHA-256, SHA-384 and SHA-512 prove something
 * (and their like of FIPS 180-4 and FIPS 202); others, as MD5, do not. */
enum digest_match digest_set_compare(const json_t *a, const json_t *b);

/* The hashes by which files are compared with a set, as digest_find_hash() has them: number @index,
 * or NULL past the last. */
const char *digest_set_hash_at(size_t index);
