/* SPDX-License-Identifier: Apache-2.0 */

/*
 * JSON Web Key Sets (RFC 7517, RFC 7518, RFC 8037): {"keys":[{"alg", "kid", "kty", "use", and the
 * numbers of the key}]}. `kid` is the SHA-256 of the SPKI, as everywhere else here.
 */

#include <errno.h>

#include "lib/base64.h"
#include "lib/key-numbers.h"
#include "lib/keyring-export.h"

static const struct {
        const char *algorithm, *jose, *type, *curve;
} names[] = {
        {"ecdsa-p256", "ES256", "EC", "P-256"}, {"ecdsa-p384", "ES384", "EC", "P-384"},
        {"ed25519", "EdDSA", "OKP", "Ed25519"}, {"rsa-2048", "RS256", "RSA", NULL},
        {"rsa-3072", "RS256", "RSA", NULL},     {"rsa-2048-pss", "PS256", "RSA", NULL},
        {"rsa-3072-pss", "PS256", "RSA", NULL},
};

/* base64url without padding. */
static int set_bytes(json_t *jwk, const char *member, struct view bytes)
{
        _cleanup_(buf_done) struct buf text = {};
        size_t size;

        base64_encode(&text, bytes);
        if (buf_error(&text))
                return buf_error(&text);
        size = text.size;
        while (size > 0 && text.data[size - 1] == '=')
                size--;
        for (size_t i = 0; i < size; i++)
                text.data[i] = text.data[i] == '+' ? '-' : text.data[i] == '/' ? '_' : text.data[i];
        return json_object_set_new(jwk, member, json_stringn((const char *)text.data, size)) < 0
                       ? -ENOMEM
                       : 0;
}

/* Both coordinates in full width, as the point has them. */
static int set_point(json_t *jwk, struct view point, const char *curve)
{
        size_t width = (point.size - 1) / 2;
        int r = json_object_set_new(jwk, "crv", json_string(curve)) < 0 ? -ENOMEM : 0;

        if (r == 0)
                r = set_bytes(jwk, "x", view_of(point.data + 1, width));
        return r < 0 ? r : set_bytes(jwk, "y", view_of(point.data + 1 + width, width));
}

static int set_numbers(json_t *jwk, const struct keyring_key *key, const char *curve)
{
        struct view ed25519 = pubkey_ed25519(key->pubkey);
        struct key_numbers numbers = {};
        int r;

        if (ed25519.size > 0)
                return json_object_set_new(jwk, "crv", json_string(curve)) < 0
                               ? -ENOMEM
                               : set_bytes(jwk, "x", ed25519);
        r = key_numbers_read(key->pubkey, &numbers);
        if (r < 0)
                return r;
        if (curve)
                return set_point(jwk, numbers.point, curve);
        r = set_bytes(jwk, "e", numbers.exponent);
        return r < 0 ? r : set_bytes(jwk, "n", numbers.modulus);
}

static int add_key(json_t *set, const struct keyring_key *key)
{
        char fingerprint[HEX_SIZE(SHA256_SIZE)];
        json_t *jwk;
        size_t i = 0;
        int r;

        while (i < ARRAY_SIZE(names) && !string_equal(names[i].algorithm, key->algorithm->name))
                i++;
        if (i == ARRAY_SIZE(names))
                return -EOPNOTSUPP;
        jwk = json_pack("{s:s, s:s, s:s, s:s}", "alg", names[i].jose, "kid",
                        hex_encode(sha256_view(pubkey_fingerprint(key->pubkey)), fingerprint),
                        "kty", names[i].type, "use", "sig");
        r = jwk ? set_numbers(jwk, key, names[i].curve) : -ENOMEM;
        if (r < 0) {
                json_decref(jwk);
                return r;
        }
        return json_array_append_new(set, jwk) < 0 ? -ENOMEM : 0;
}

int jwks_put(struct buf *buf, const struct keyring *ring, const char *name, struct problem *problem)
{
        json_t *set = json_array(), *file;
        int r = set ? 0 : -ENOMEM;

        for (size_t i = 0; i < ring->count && r == 0; i++) {
                if (!keyring_exports(&ring->keys[i], name))
                        continue;
                r = add_key(set, &ring->keys[i]);
                if (r == -EOPNOTSUPP)
                        r = problem_set(problem, r, "key %s: JOSE has no algorithm %s",
                                        ring->keys[i].name, ring->keys[i].algorithm->name);
        }
        if (r < 0) {
                json_decref(set);
                return r;
        }
        file = json_pack("{s:o}", "keys", set);
        if (!file)
                return -ENOMEM;
        json_put(buf, file);
        json_decref(file);
        buf_put_u8(buf, '\n');
        return buf_error(buf);
}
