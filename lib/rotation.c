/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/rotation.h"

#include <errno.h>
#include <openssl/evp.h>

static void put_version(struct buf *buf, const struct keyring_key *key)
{
        char fingerprint[HEX_SIZE(SHA256_SIZE)];

        buf_put_format(buf, "%u %s\n", key->version,
                       hex_encode(sha256_view(pubkey_fingerprint(key->pubkey)), fingerprint));
}

void rotation_put(struct buf *buf, const char *origin, const struct keyring_key *old,
                  const struct keyring_key *new)
{
        buf_put_format(buf, "hallmark-rotation/v1\n%s\n%s\n", origin, new->name);
        put_version(buf, old);
        put_version(buf, new);
}

int rotation_digest(const char *origin, const struct keyring_key *old,
                    const struct keyring_key *new, const struct keyring_key *signer,
                    uint8_t ret[DIGEST_SIZE_MAX])
{
        _cleanup_(buf_done) struct buf text = {};

        rotation_put(&text, origin, old, new);
        if (buf_error(&text))
                return buf_error(&text);
        return EVP_Digest(text.data, text.size, ret, NULL,
                          EVP_get_digestbyname(signer->algorithm->hash), NULL) == 1
                       ? 0
                       : -ENOMEM;
}

int rotation_verify(const char *origin, const struct keyring_key *old,
                    const struct keyring_key *new, const struct keyring_key *signer,
                    struct view signature)
{
        uint8_t digest[DIGEST_SIZE_MAX];
        int r = rotation_digest(origin, old, new, signer, digest);

        return r < 0 ? r
                     : pubkey_verify(signer->pubkey, signer->algorithm,
                                     view_of(digest, signer->algorithm->digest_size), signature);
}
