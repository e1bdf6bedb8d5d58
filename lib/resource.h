/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Resource descriptors of in-toto (Attestation Framework v1): an artifact by its name, by where it
 * is and by its digests. Subjects, materials and dependencies are such.
 *
 * A descriptor stays the JSON object that it is. Members that the specification does not have are
 * ignored, as it demands; those that it has are of their type, and digests of their length.
 */

#include "lib/digest-set.h"
#include "lib/digest.h"

#define RESOURCE_TEXT_MAX ((size_t)4096)

/* The descriptor of what has that digest. @name may be NULL. NULL without memory, or if @name is no
 * UTF-8. */
json_t *resource_new(const char *name, const char *hash, struct view digest) _must_use_;

/* @value is a descriptor, with a digest when that is @required; @what names it in the message.
 * -EBADMSG. */
int resource_check(const json_t *value, const char *what, int required,
                   struct problem *problem) _must_use_;

/* The same of an array of descriptors, of which none has the name of another. Absent (NULL) is
 * empty. */
int resources_check(const json_t *array, const char *what, int required,
                    struct problem *problem) _must_use_;

/* "" if it has none. */
const char *resource_name(const json_t *resource);

/* The digest by that hash, in hexadecimal digits; NULL if there is none. */
const char *resource_digest(const json_t *resource, const char *hash);

/* Of two descriptors that were checked, by digest_set_compare(). */
enum digest_match resource_compare(const json_t *a, const json_t *b);
