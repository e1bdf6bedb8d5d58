/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sigstore bundles v0.3 with a messageSignature over a digest, verified with a plain public key.
 *
 * What is written has exactly the members that strict readers know; what is read may have nothing
 * else. hint is base64 of SHA-256 of the DER SPKI, as cosign writes it.
 */

#include "lib/json.h"
#include "lib/pubkey.h"

#define BUNDLE_SIZE_MAX ((size_t)1 << 20)

struct bundle {
        char *hint;       /* as found; only a hint */
        const char *hash; /* "sha256", "sha384" */
        uint8_t digest[DIGEST_SIZE_MAX];
        size_t digest_size;
        struct buf signature;
};

/* Appends the bundle as JSON with a final newline. -ENOMEM, -EMSGSIZE. */
int bundle_put(struct buf *buf, const struct pubkey *key, const struct algorithm *algorithm,
               struct view digest, struct view signature) _must_use_;

/* -EBADMSG: not such a bundle, with member and reason; -EOPNOTSUPP: a bundle of a kind not read
 * here (certificate, DSSE envelope); -ENOMEM. */
int bundle_parse(struct view text, struct bundle *ret, struct problem *problem) _must_use_;

void bundle_done(struct bundle *bundle);

/* The hint that names @key, as text with a NUL. */
#define BUNDLE_HINT_SIZE 45
char *bundle_hint(const struct pubkey *key, char ret[BUNDLE_HINT_SIZE]);
