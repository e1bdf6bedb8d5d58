/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The manifests of sha256sum(1): a line of digest, space, `*` or space, and name for each file. A
 * line that begins with a backslash has its name escaped: `\\`, `\n` and `\r`.
 */

#include "lib/inventory.h"

#define CHECKSUMS_SIZE_MAX ((size_t)512 << 20)

/* Appends a line for each file, all of which have digests. -ENOMEM, -EMSGSIZE. */
int checksums_put(struct buf *buf, const struct inventory *inventory) _must_use_;

/* Reads a manifest into @ret, sorted. A leading `./` of a name goes. -EBADMSG with the line: of
 * another form, a name that no file of a model has, one that is listed twice; -ENOMEM. @ret is to
 * be freed in any case. */
int checksums_parse(const struct buf *text, struct inventory *ret,
                    struct problem *problem) _must_use_;
