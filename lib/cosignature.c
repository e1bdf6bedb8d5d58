/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/cosignature.h"

#include <errno.h>

void cosignature_put_message(struct buf *buf, uint64_t time, struct view text)
{
        buf_put_string(buf, "cosignature/v1\ntime ");
        buf_put_decimal(buf, time);
        buf_put_u8(buf, '\n');
        buf_put_view(buf, text);
}

int cosignature_verify(const uint8_t key[ED25519_KEY_SIZE], struct view text,
                       struct view cosignature, uint64_t *ret)
{
        _cleanup_(buf_done) struct buf message = {};
        struct reader reader = reader_init(cosignature);
        uint64_t time = reader_u64(&reader);
        struct view signature = reader_bytes(&reader, ED25519_SIGNATURE_SIZE);
        int r;

        if (reader_end(&reader) < 0 || time > INT64_MAX)
                return -EKEYREJECTED;
        cosignature_put_message(&message, time, text);
        r = buf_error(&message);
        if (r == 0)
                r = ed25519_verify(key, buf_view(&message), signature);
        if (r == 0)
                *ret = time;
        return r;
}
