/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"

#include <errno.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *buf, struct view bytes)
{
        size_t size = BASE64_SIZE(bytes.size);
        uint8_t *out = buf_reserve(buf, size);

        if (!out)
                return;
        for (size_t i = 0; i < bytes.size; i += 3) {
                size_t group = bytes.size - i < 3 ? bytes.size - i : 3;
                uint32_t bits = (uint32_t)bytes.data[i] << 16;

                if (group > 1)
                        bits |= (uint32_t)bytes.data[i + 1] << 8;
                if (group > 2)
                        bits |= bytes.data[i + 2];
                *out++ = (uint8_t)alphabet[bits >> 18];
                *out++ = (uint8_t)alphabet[bits >> 12 & 63];
                *out++ = group > 1 ? (uint8_t)alphabet[bits >> 6 & 63] : '=';
                *out++ = group > 2 ? (uint8_t)alphabet[bits & 63] : '=';
        }
        buf_grown(buf, size);
}

/* The six bits of a character, or -1. */
static int base64_value(uint8_t character)
{
        if (character >= 'A' && character <= 'Z')
                return character - 'A';
        if (character >= 'a' && character <= 'z')
                return character - 'a' + 26;
        if (character >= '0' && character <= '9')
                return character - '0' + 52;
        if (character == '+')
                return 62;
        return character == '/' ? 63 : -1;
}

static size_t padding_of(struct view text)
{
        if (text.size == 0 || text.data[text.size - 1] != '=')
                return 0;
        return text.data[text.size - 2] == '=' ? 2 : 1;
}

static int decode_digits(struct buf *buf, struct view digits)
{
        uint32_t bits = 0;
        unsigned held = 0;

        for (size_t i = 0; i < digits.size; i++) {
                int value = base64_value(digits.data[i]);

                if (value < 0)
                        return -EBADMSG;
                bits = bits << 6 | (uint32_t)value;
                held += 6;
                if (held >= 8) {
                        held -= 8;
                        buf_put_u8(buf, (uint8_t)(bits >> held));
                }
        }
        return bits & ((1u << held) - 1) ? -EBADMSG : 0;
}

int base64_decode(struct buf *buf, struct view text)
{
        size_t before = buf->size;

        if (text.size % 4 != 0)
                return -EBADMSG;
        if (decode_digits(buf, view_of(text.data, text.size - padding_of(text))) < 0) {
                buf->size = before;
                return -EBADMSG;
        }
        return buf_error(buf);
}
