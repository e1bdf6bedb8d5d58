/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What other programs need to know of a key before they verify its signatures: a certificate that
 * the key signs for itself, or a line of text. One row each.
 */

#include "lib/format.h"

struct key_certificate {
        const char *name; /* the word for --format */
        /* Sets attributes and digest: what the key is to sign. NULL: nothing is signed. */
        int (*prepare)(const struct format_signer *signer, struct signature *ret);
        /* Appends the file. -EOPNOTSUPP: not with such a key. */
        int (*put)(struct buf *buf, const struct signature *signature,
                   const struct format_signer *signer);
};

extern const char *const key_certificate_names[];

/* NULL if there is none. */
const struct key_certificate *key_certificate_find(const char *name);
