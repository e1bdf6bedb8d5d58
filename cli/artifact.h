/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The file that is signed or verified, hashed while it is read, once for each hash that is asked
 * for.
 */

#include "lib/digest.h"

#define ARTIFACT_HASHES_MAX 2

struct artifact {
        const char *path;
        int fd;
        struct {
                const char *hash;
                uint8_t bytes[DIGEST_SIZE_MAX];
                size_t size;
        } digest[ARTIFACT_HASHES_MAX];
        size_t count;
};

/* -EISDIR, -ENOENT and others of open(). */
int artifact_open(const char *path, struct artifact *ret, struct problem *problem) _must_use_;
void artifact_done(struct artifact *artifact);

/* @ret borrows from @artifact. -EOPNOTSUPP: no such hash; else the errno of read(). */
int artifact_digest(struct artifact *artifact, const char *hash, struct view *ret,
                    struct problem *problem) _must_use_;

/* Whether writing to @path would overwrite the artifact. */
int artifact_is(const struct artifact *artifact, const char *path);
