/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ssh-key.h"

#include <errno.h>

#include "lib/base64.h"
#include "lib/key-numbers.h"
#include "lib/spki.h"

static const struct {
        const char *algorithm; /* of lib/algorithm.h */
        const char *signature, *key, *curve;
} names[] = {
        {"ecdsa-p256", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", "nistp256"},
        {"ecdsa-p384", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384", "nistp384"},
        {"rsa-2048", "rsa-sha2-256", "ssh-rsa", NULL},
        {"rsa-3072", "rsa-sha2-256", "ssh-rsa", NULL},
        {"ed25519", "ssh-ed25519", "ssh-ed25519", NULL},
};

static size_t find(const struct algorithm *algorithm)
{
        size_t i = 0;

        while (i < ARRAY_SIZE(names) && !string_equal(names[i].algorithm, algorithm->name))
                i++;
        return i;
}

const char *ssh_signature_name(const struct algorithm *algorithm)
{
        size_t i = find(algorithm);

        return i < ARRAY_SIZE(names) ? names[i].signature : NULL;
}

/* A zero byte keeps a number positive. */
static void put_mpint(struct buf *buf, struct view number)
{
        uint32_t pad = number.size > 0 && number.data[0] >= 0x80;

        buf_put_u32(buf, (uint32_t)number.size + pad);
        if (pad)
                buf_put_u8(buf, 0);
        buf_put_view(buf, number);
}

int ssh_key_put(struct buf *buf, const struct pubkey *key, const struct algorithm *algorithm)
{
        struct view point = pubkey_ed25519(key);
        size_t i = find(algorithm);
        struct key_numbers numbers = {};
        int r = point.size > 0 ? 0 : key_numbers_read(key, &numbers);

        if (i == ARRAY_SIZE(names) || r < 0)
                return -EOPNOTSUPP;
        buf_put_sized(buf, view_string(names[i].key));
        if (point.size > 0) {
                buf_put_sized(buf, point);
        } else if (names[i].curve) {
                buf_put_sized(buf, view_string(names[i].curve));
                buf_put_sized(buf, numbers.point);
        } else {
                put_mpint(buf, numbers.exponent);
                put_mpint(buf, numbers.modulus);
        }
        return buf_error(buf);
}

int ssh_key_put_line(struct buf *buf, const struct pubkey *key, const struct algorithm *algorithm)
{
        _cleanup_(buf_done) struct buf blob = {};
        int r = ssh_key_put(&blob, key, algorithm);

        if (r < 0)
                return r;
        buf_put_string(buf, names[find(algorithm)].key);
        buf_put_u8(buf, ' ');
        base64_encode(buf, buf_view(&blob));
        return buf_error(buf);
}

static int is_ecdsa(const char *name)
{
        return strncmp(name, "ecdsa-", 6) == 0;
}

int ssh_signature_put(struct buf *buf, const char *name, struct view value)
{
        _cleanup_(buf_done) struct buf numbers = {};
        struct view r, s;
        int error;

        buf_put_sized(buf, view_string(name));
        if (!is_ecdsa(name)) {
                buf_put_sized(buf, value);
                return buf_error(buf);
        }
        error = ecdsa_numbers_read(value, &r, &s);
        if (error < 0)
                return error;
        put_mpint(&numbers, r);
        put_mpint(&numbers, s);
        if (buf_error(&numbers))
                return buf_error(&numbers);
        buf_put_sized(buf, buf_view(&numbers));
        return buf_error(buf);
}

static int parse_ecdsa(struct view numbers, struct buf *ret)
{
        struct reader reader = reader_init(numbers);
        struct view r = reader_sized(&reader), s = reader_sized(&reader);

        if (reader_end(&reader) < 0)
                return -EBADMSG;
        return ecdsa_put_der(ret, r, s);
}

int ssh_signature_parse(struct view blob, const char **ret_name, struct buf *ret)
{
        struct reader reader = reader_init(blob);
        struct view name = reader_sized(&reader), value = reader_sized(&reader);

        if (reader_end(&reader) < 0)
                return -EBADMSG;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                if (!view_is(name, names[i].signature))
                        continue;
                *ret_name = names[i].signature;
                if (is_ecdsa(*ret_name))
                        return parse_ecdsa(value, ret);
                buf_put_view(ret, value);
                return buf_error(ret);
        }
        return -EBADMSG;
}
