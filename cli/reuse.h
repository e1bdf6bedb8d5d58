/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Files of a model that need not be read again: their digests are in an earlier signature by the
 * same key, and they are as they were when that was made.
 *
 * How they were, a signature does not say. That is remembered in a file of the user's own, which
 * whoever can write to the model, or to the signature, cannot write to: for each file a digest of
 * its device, inode, size and both times of change, and of its content's digest. The file is called
 * by what the earlier signature signs. The second time of change is set by the kernel alone, to the
 * present; a file that changed in the last minutes is not remembered, since it could change again
 * without a trace (within one tick of the clock, or through a mapping that was written to before).
 */

#include "cli/model.h"
#include "lib/format.h"

struct reuse {
        const char *path;                     /* of the earlier signature; NULL: none */
        char name[HEX_SIZE(DIGEST_SIZE_MAX)]; /* of the file about it */
        struct oms before;
        struct inventory remembered; /* names, and digests of how the files were */
        size_t count;                /* of files that are remembered now */
        struct problem problem;      /* why they are not */
};

void reuse_done(struct reuse *reuse);

/* Reads the signature, which must be by that key, and what is remembered of its files, which may be
 * nothing. -EKEYREJECTED: it does not verify. */
int reuse_load(const struct format_signer *signer, struct pubkey *key, struct reuse *reuse,
               struct problem *problem) _must_use_;

/* Takes digests over into files of the model that were listed and are as they were. */
void reuse_apply(const struct reuse *reuse, struct inventory *inventory);

/* Remembers the files of the model, for a signature of that digest; notes why not. */
void reuse_remember(struct reuse *reuse, const struct inventory *inventory,
                    struct view signed_digest);
