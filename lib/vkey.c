/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/vkey.h"

#include <errno.h>
#include <stdio.h>

#include "lib/base64.h"
#include "lib/cosignature.h"

void vkey_done(struct vkey *key)
{
        if (key)
                key->ecdsa = pubkey_free(key->ecdsa);
}

/* The bytes of the public key as they are in the vkey. */
static struct view key_bytes(const struct vkey *key)
{
        return key->ecdsa ? pubkey_spki(key->ecdsa) : view_of(key->ed25519, ED25519_KEY_SIZE);
}

/* Of SPKIs it is a part of the fingerprint: signed-note has it so for what was in use before. */
static void compute_id(struct vkey *key)
{
        const uint8_t type = (uint8_t)key->type;
        const struct view parts[] = {view_string(key->name), view_string("\n"), view_of(&type, 1),
                                     key_bytes(key)};
        struct sha256 hash = key->ecdsa ? *pubkey_fingerprint(key->ecdsa)
                                        : sha256_of_parts(parts, ARRAY_SIZE(parts));

        memcpy(key->id, hash.bytes, VKEY_ID_SIZE);
}

static int take_key(struct view bytes, struct vkey *ret, struct problem *problem)
{
        int r;

        if (ret->type == VKEY_ECDSA) {
                r = pubkey_from_spki(bytes, &ret->ecdsa);
                if (r == 0 && !pubkey_fits(ret->ecdsa, algorithm_find("ecdsa-p256")))
                        r = -EOPNOTSUPP;
                return r < 0 ? problem_set(problem, r, "key: expected the SPKI of a P-256 key") : 0;
        }
        if (ret->type != VKEY_ED25519 && ret->type != VKEY_COSIGNATURE)
                return problem_set(problem, -EOPNOTSUPP,
                                   "key: signature type 0x%02x is not supported",
                                   (unsigned)ret->type);
        if (bytes.size != ED25519_KEY_SIZE)
                return problem_set(problem, -EBADMSG, "key: expected the %d bytes of Ed25519",
                                   ED25519_KEY_SIZE);
        memcpy(ret->ed25519, bytes.data, ED25519_KEY_SIZE);
        return 0;
}

int vkey_parse(struct view text, struct vkey *ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf key = BUF_INIT(1 + SPKI_SIZE_MAX);
        struct reader reader = reader_init(text);
        struct view name = reader_until(&reader, '+'), id = reader_until(&reader, '+');
        uint8_t expected[VKEY_ID_SIZE];
        int r;

        *ret = (struct vkey){};
        if (reader.bad || name.size > NOTE_NAME_MAX || hex_decode(id, expected, VKEY_ID_SIZE) < 0 ||
            base64_decode(&key, reader_rest(&reader)) < 0 || key.size == 0)
                return problem_set(problem, -EBADMSG, "key: expected NAME+KEYID+BASE64");
        memcpy(ret->name, name.data, name.size);
        if (memchr(ret->name, '\0', name.size) || !note_name_is_valid(ret->name))
                return problem_set(problem, -EBADMSG, "key: \"%s\" cannot be a key name",
                                   ret->name);
        ret->type = key.data[0];
        r = take_key(view_of(key.data + 1, key.size - 1), ret, problem);
        if (r < 0)
                return r;
        compute_id(ret);
        if (memcmp(ret->id, expected, VKEY_ID_SIZE) != 0)
                return problem_set(problem, -EBADMSG,
                                   "key: the key ID is not that of name, type and key");
        return 0;
}

int vkey_of(const char *name, const struct pubkey *key, struct vkey *ret)
{
        struct view point = pubkey_ed25519(key);
        int r;

        *ret = (struct vkey){.type = point.size > 0 ? VKEY_ED25519 : VKEY_ECDSA};
        if (!note_name_is_valid(name))
                return -EBADMSG;
        (void)snprintf(ret->name, sizeof(ret->name), "%s", name);
        r = take_key(point.size > 0 ? point : pubkey_spki(key), ret, NULL);
        if (r == 0)
                compute_id(ret);
        return r;
}

int vkey_put(struct buf *buf, const struct vkey *key)
{
        _cleanup_(buf_done) struct buf blob = {};
        char id[HEX_SIZE(VKEY_ID_SIZE)];

        buf_put_u8(&blob, (uint8_t)key->type);
        buf_put_view(&blob, key_bytes(key));
        if (buf_error(&blob))
                return buf_error(&blob);
        buf_put_format(buf, "%s+%s+", key->name, hex_encode(view_of(key->id, VKEY_ID_SIZE), id));
        base64_encode(buf, buf_view(&blob));
        return buf_error(buf);
}

int vkey_same_key(const struct vkey *a, const struct vkey *b)
{
        return view_equal(key_bytes(a), key_bytes(b));
}

static int verify_one(const struct vkey *key, struct view text, struct view signature,
                      uint64_t *ret_time)
{
        struct sha256 digest;

        switch (key->type) {
        case VKEY_ED25519:
                return ed25519_verify(key->ed25519, text, signature);
        case VKEY_COSIGNATURE:
                return cosignature_verify(key->ed25519, text, signature, ret_time);
        case VKEY_ECDSA:
                digest = note_digest(text);
                return pubkey_verify(key->ecdsa, algorithm_find("ecdsa-p256"), sha256_view(&digest),
                                     signature);
        }
        return -EOPNOTSUPP;
}

int vkey_verify(const struct vkey *key, const struct note *note, uint64_t *ret_time,
                struct problem *problem)
{
        uint64_t newest = 0, time = 0;
        int r = -ENOKEY;

        for (size_t i = 0; i < note->count; i++) {
                struct view blob = buf_view(&note->signatures[i].blob);

                if (!view_is(note->signatures[i].name, key->name) ||
                    memcmp(blob.data, key->id, VKEY_ID_SIZE) != 0)
                        continue;
                r = verify_one(key, note->text,
                               view_of(blob.data + VKEY_ID_SIZE, blob.size - VKEY_ID_SIZE), &time);
                if (r < 0)
                        break;
                newest = time > newest ? time : newest;
        }
        if (r == -ENOKEY)
                return problem_set(problem, r, "no signature of \"%s\"", key->name);
        if (r < 0)
                return problem_set(problem, r, "signature of \"%s\" does not verify", key->name);
        if (ret_time)
                *ret_time = newest;
        return 0;
}
