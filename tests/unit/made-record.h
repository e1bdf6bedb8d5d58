/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Records made by hand, member by member, for journals that no agent writes. */

#include "lib/base64.h"
#include "lib/json.h"
#include "tests/unit/made-journal.h"

#define MADE_BOOT "0123456789abcdef0123456789abcdef"
#define MADE_TIME "2026-11-22T10:00:01.000000Z"

static inline json_t *record_begin(const char *type)
{
        json_t *record = json_pack("{s:s, s:s, s:s, s:i}", "boot", MADE_BOOT, "time", MADE_TIME,
                                   "type", type, "v", 1);

        assert(record);
        return record;
}

/* Takes over @value. */
static inline void record_set(json_t *record, const char *name, json_t *value)
{
        int r = json_object_set_new(record, name, value);

        assert(r == 0);
}

static inline void record_set_text(json_t *record, const char *name, const char *value)
{
        record_set(record, name, json_string(value));
}

static inline void record_set_number(json_t *record, const char *name, uint64_t value)
{
        record_set(record, name, json_integer((json_int_t)value));
}

/* In base64. */
static inline void record_set_bytes(json_t *record, const char *name, struct view bytes)
{
        _cleanup_(buf_done) struct buf text = {};

        base64_encode(&text, bytes);
        record_set(record, name, json_stringn((const char *)text.data, text.size));
}

static inline void record_set_user(json_t *record, const char *name, int uid)
{
        record_set(record, name,
                   json_pack("{s:i, s:s, s:i, s:i}", "gid", 7, "identity", "pidfd", "pid", 42,
                             "uid", uid));
}

/* That user @uid asked for it, and was granted it. */
static inline void record_set_asked(json_t *record, int uid)
{
        record_set_user(record, "caller", uid);
        record_set_text(record, "grant", "operators");
        record_set_text(record, "request", "7.2");
}

static inline void record_set_fingerprint(json_t *record, const char *name,
                                          const struct pubkey *key)
{
        char fingerprint[HEX_SIZE(SHA256_SIZE)];

        record_set_text(record, name,
                        hex_encode(sha256_view(pubkey_fingerprint(key)), fingerprint));
}

/* Which key it is about. */
static inline void record_set_key(json_t *record, const struct keyring_key *key)
{
        record_set_fingerprint(record, "fingerprint", key->pubkey);
        record_set_text(record, "key", key->name);
        record_set_number(record, "version", key->version);
}

/* What a record says of a key that is new, but for its token. */
static inline void record_set_made(json_t *record, const struct keyring_key *key)
{
        record_set_text(record, "algorithm", key->algorithm->name);
        record_set_text(record, "purpose", key_purpose_name(key->purpose));
        record_set_bytes(record, "publicKey", pubkey_spki(key->pubkey));
}

#define MADE_DIGEST "sha256:0000000000000000000000000000000000000000000000000000000000000000"

/* That @pair, of @key, has signed MADE_DIGEST. */
static inline void record_set_signed(json_t *record, const struct keyring_key *key, EVP_PKEY *pair)
{
        static const uint8_t digest[SHA256_SIZE];
        _cleanup_(buf_done) struct buf signature = {};

        key_sign(pair, key->algorithm, view_of(digest, sizeof(digest)), &signature);
        record_set_text(record, "algorithm", key->algorithm->name);
        record_set_text(record, "digest", MADE_DIGEST);
        record_set_bytes(record, "signature", buf_view(&signature));
}

static inline json_t *record_make_start(void)
{
        json_t *record = record_begin("agent.start");

        record_set_text(record, "config", "sha256:00");
        record_set_text(record, "origin", MADE_ORIGIN);
        record_set_text(record, "program", "hallmarkd");
        record_set_number(record, "dropped", 0);
        record_set_number(record, "recovered", 0);
        return record;
}

/* Appends @record in canonical form, and lets go of it. */
static inline void made_add_record(struct made_journal *made, json_t *record)
{
        assert(made->count < MADE_MAX);
        json_put(&made->entries[made->count++], record);
        json_decref(record);
}
