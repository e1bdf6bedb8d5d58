/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/trusted-root.h"

#include <errno.h>

#include "lib/base64.h"

/* The name that the public root has, too: sigstore-go refuses the newer trustedroot.v0.1+json. */
#define MEDIA_TYPE "application/vnd.dev.sigstore.trustedroot+json;version=0.1"

static void put_bytes(struct buf *buf, const char *before, struct view bytes)
{
        buf_put_string(buf, before);
        base64_encode(buf, bytes);
        buf_put_u8(buf, '"');
}

static void put_log(struct buf *buf, const char *base_url, const struct keyring_key *key)
{
        struct view id = sha256_view(pubkey_fingerprint(key->pubkey));

        buf_put_format(buf, "{\"baseUrl\":\"%s\",\"hashAlgorithm\":\"SHA2_256\"", base_url);
        put_bytes(buf, ",\"publicKey\":{\"rawBytes\":\"", pubkey_spki(key->pubkey));
        buf_put_format(buf, ",\"keyDetails\":\"%s\",\"validFor\":{\"start\":\"%s\"}}",
                       key->algorithm->key_details, key->created);
        put_bytes(buf, ",\"logId\":{\"keyId\":\"", id);
        put_bytes(buf, "},\"checkpointKeyId\":{\"keyId\":\"", id);
        buf_put_string(buf, "}}");
}

/* Readers of these files look for the key name of the checkpoint in the URL. */
static int check_base_url(const char *url, const char *origin, struct problem *problem)
{
        for (const char *c = url; *c; c++)
                if (*c <= ' ' || *c == '"' || *c == '\\' || (unsigned char)*c > '~')
                        return problem_set(problem, -EINVAL, "\"%.200s\" is no URL", url);
        if (!strstr(url, origin))
                return problem_set(problem, -EINVAL,
                                   "base URL: expected it to have the origin \"%s\" in it, found "
                                   "\"%.200s\"",
                                   origin, url);
        return 0;
}

/* A key ID that is the key's fingerprint is that of ECDSA alone: C2SP signed-note. */
static int is_log_key(const struct keyring_key *key)
{
        return key->purpose == KEY_LOG && key->algorithm->kind == ALGORITHM_ECDSA &&
               key->state != KEY_REVOKED;
}

int trusted_root_put(struct buf *buf, const struct keyring *ring, const char *base_url,
                     struct problem *problem)
{
        _cleanup_(buf_done) struct buf url = {};
        size_t count = 0;
        int r;

        buf_put_string(&url, base_url ? base_url : "https://");
        if (!base_url)
                buf_put_string(&url, ring->origin);
        buf_put_u8(&url, '\0');
        if (buf_error(&url))
                return buf_error(&url);
        r = check_base_url((const char *)url.data, ring->origin, problem);
        if (r < 0)
                return r;
        buf_put_string(buf, "{\"mediaType\":\"" MEDIA_TYPE "\",\"tlogs\":[");
        for (size_t i = 0; i < ring->count; i++) {
                if (!is_log_key(&ring->keys[i]))
                        continue;
                if (count++ > 0)
                        buf_put_u8(buf, ',');
                put_log(buf, (const char *)url.data, &ring->keys[i]);
        }
        buf_put_string(buf, "],\"certificateAuthorities\":[],\"ctlogs\":[],"
                            "\"timestampAuthorities\":[]}\n");
        if (count == 0)
                return problem_set(problem, -ENOKEY, "the key ring has no log key");
        return buf_error(buf);
}
