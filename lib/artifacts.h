/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The materials or products of a step: paths, each once, with their digests.
 *
 * A digest set is an object like `{"sha256":HEX}`. Two of them are of the same content if they
 * agree on SHA-256, SHA-384 or SHA-512 and differ on none of these; other digests prove nothing.
 */

#include "lib/digest.h"
#include "lib/json.h"

#define ARTIFACTS_MAX      ((size_t)1000000)
#define ARTIFACT_PATH_MAX  4096 /* bytes */
#define ARTIFACT_CHECK_MAX 512  /* characters of a digest that is not looked at */

struct attested {
        const char *path;
        const json_t *digests;
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
 * neither, or no digest, is left out: rules are about names. */
int artifacts_from_resources(const json_t *array, const char *what, struct artifacts *ret,
                             struct problem *problem) _must_use_;

/* A copy that borrows from the same JSON. -ENOMEM. */
int artifacts_copy(const struct artifacts *artifacts, struct artifacts *ret) _must_use_;

/* NULL: not there. */
const struct attested *artifacts_find(const struct artifacts *artifacts, const char *path);

/* Whether both digest sets are of the same content. */
int attested_is_same(const struct attested *a, const struct attested *b);

/* The first path of which the two differ, or NULL. */
const char *artifacts_difference(const struct artifacts *a, const struct artifacts *b);
