/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The file that is signed or verified, hashed while it is read, once for each hash that is asked
 * for.
 */

#include "lib/digest.h"

#define ARTIFACT_HASHES_MAX 3

struct artifact {
        const char *path;
        int fd;
        int is_read; /* once, at least */
        struct artifact_digest {
                const char *hash;
                uint8_t bytes[DIGEST_SIZE_MAX];
        } digests[ARTIFACT_HASHES_MAX];
        size_t count;
};

/* -EISDIR, -ENOENT and others of open(). */
int artifact_open(const char *path, struct artifact *ret, struct problem *problem) _must_use_;
void artifact_done(struct artifact *artifact);

/* The digest of the file with @trailer after it; without, the file is read once for each hash. @ret
 * takes DIGEST_SIZE_MAX bytes. -EOPNOTSUPP: no such hash; else the errno of read(). */
int artifact_digest(struct artifact *artifact, const char *hash_name, struct view trailer,
                    uint8_t *ret, struct problem *problem) _must_use_;

/* All of the file as it is: what algorithms sign that sign messages. -EMSGSIZE: more than
 * ALGORITHM_MESSAGE_MAX; else the errno of read(). */
int artifact_read(struct artifact *artifact, struct buf *ret, struct problem *problem) _must_use_;

/* Whether writing to @path would overwrite the artifact. */
int artifact_is(const struct artifact *artifact, const char *path);
