/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * TrustedRoot of Sigstore (sigstore_trustroot.proto): the log keys of a ring, for programs that
 * read Sigstore bundles.
 *
 * It has no place for keys that sign artifacts: those go to such programs one by one, as PEM. The
 * log's base URL is where such programs look for the origin. It is not the place to fetch from.
 */

#include "lib/keyring.h"

/* Appends the JSON text with a final newline. @base_url NULL stands for "https://" and the origin.
 * -ENOKEY: the ring has no log key; -EINVAL: the URL does not have the origin in it, or has
 * characters that no URL has; -ENOMEM, -EMSGSIZE. */
int trusted_root_put(struct buf *buf, const struct keyring *ring, const char *base_url,
                     struct problem *problem) _must_use_;
