/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/rotation.h"

#include <errno.h>

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

int rotation_verify(const char *origin, const struct keyring_key *old,
                    const struct keyring_key *new, const struct keyring_key *signer,
                    struct view signature)
{
        _cleanup_(buf_done) struct buf text = {};

        rotation_put(&text, origin, old, new);
        return buf_error(&text) ? buf_error(&text)
                                : pubkey_verify_message(signer->pubkey, signer->algorithm,
                                                        buf_view(&text), signature);
}
