/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The materials or products of a step: paths, each once, with their digests.
 */

#include "lib/digest-set.h"

#define ARTIFACTS_MAX     ((size_t)1000000)
#define ARTIFACT_PATH_MAX 4096 /* bytes */

struct attested {
        const char *path;
        const json_t *digests; /* NULL: none is known, and it is like nothing else */
};

/* Sorted by path. All but the array is borrowed from JSON. */
struct artifacts {
        struct attested *items;
        size_t count;
};

void artifacts_done(struct artifacts *artifacts);

/* From `{PATH:{ALGORITHM:HEX…}…}`, as links have it. @what names it in the message. -EBADMSG;
 * -ENOMEM. */
int artifacts_from_object(const json_t *object, const char *what, struct artifacts *ret,
                          struct problem *problem) _must_use_;

/* From resource descriptors, as statements have them: by `name`, or else by `uri`. What has
 * neither is an error, since rules are about names; what has no digest is there for them all the
 * same. Errors as before. */
int artifacts_from_resources(const json_t *array, const char *what, struct artifacts *ret,
                             struct problem *problem) _must_use_;

/* A copy that borrows from the same JSON. -ENOMEM. */
int artifacts_copy(const struct artifacts *artifacts, struct artifacts *ret) _must_use_;

/* NULL: not there. */
const struct attested *artifacts_find(const struct artifacts *artifacts, const char *path);

/* Whether both are of the same content, as far as digests prove it (lib/digest-set.h). */
int attested_is_same(const struct attested *a, const struct attested *b);

/* The first path of which the two differ, or NULL. */
const char *artifacts_difference(const struct artifacts *a, const struct artifacts *b);
