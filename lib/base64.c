/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"

#include <errno.h>
#include <sys/types.h>

#define CHUNK_SIZE ((size_t)1 << 16) /* of text: a multiple of 4 */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void put_group(uint8_t *out, uint32_t bits)
{
        out[0] = (uint8_t)alphabet[bits >> 18];
        out[1] = (uint8_t)alphabet[bits >> 12 & 63];
        out[2] = (uint8_t)alphabet[bits >> 6 & 63];
        out[3] = (uint8_t)alphabet[bits & 63];
}

void base64_encode(struct buf *buf, struct view bytes)
{
        size_t size = BASE64_SIZE(bytes.size);
        uint8_t *out = buf_reserve(buf, size);
        const uint8_t *in = bytes.data;
        size_t left = bytes.size;

        if (!out)
                return;
        for (; left >= 3; left -= 3, in += 3, out += 4)
                put_group(out, (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2]);
        if (left > 0) {
                put_group(out, (uint32_t)in[0] << 16 | (left > 1 ? (uint32_t)in[1] << 8 : 0u));
                out[3] = '=';
                if (left == 1)
                        out[2] = '=';
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

/* The bytes at @ret, or -EBADMSG. */
static ssize_t decode_digits(uint8_t *ret, struct view digits)
{
        const uint8_t *begin = ret;
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
                        *ret++ = (uint8_t)(bits >> held);
                }
        }
        return bits & ((1u << held) - 1) ? -EBADMSG : ret - begin;
}

int base64_decode(struct buf *buf, struct view text)
{
        struct view digits;
        uint8_t *room;
        ssize_t size;

        if (text.size % 4 != 0)
                return -EBADMSG;
        digits = view_of(text.data, text.size - padding_of(text));
        room = buf_reserve(buf, text.size / 4 * 3 - (text.size - digits.size));
        if (!room)
                return buf_error(buf);
        size = decode_digits(room, digits);
        if (size < 0)
                return (int)size;
        buf_grown(buf, (size_t)size);
        return 0;
}

void base64_stream_done(struct base64_stream *stream)
{
        buf_done(&stream->chunk);
}

static int flush(struct base64_stream *stream)
{
        const struct view chunk = buf_view(&stream->chunk);
        int r = buf_error(&stream->chunk);

        if (r < 0 || chunk.size == 0)
                return r;
        if (stream->is_padded)
                return -EBADMSG;
        stream->is_padded = chunk.data[chunk.size - 1] == '=';
        r = base64_decode(stream->ret, chunk);
        buf_clear(&stream->chunk);
        return r;
}

static uint8_t to_standard(struct base64_stream *stream, uint8_t c)
{
        stream->is_standard |= c == '+' || c == '/';
        stream->is_url_safe |= c == '-' || c == '_';
        return c == '-' ? '+' : c == '_' ? '/' : c;
}

int base64_stream_put(struct base64_stream *stream, struct view text)
{
        int r = 0;

        while (r == 0 && text.size > 0) {
                size_t room = CHUNK_SIZE - stream->chunk.size;
                size_t size = text.size < room ? text.size : room;
                uint8_t *to = buf_reserve(&stream->chunk, size);

                for (size_t i = 0; to && i < size; i++)
                        to[i] = to_standard(stream, text.data[i]);
                if (!to)
                        return buf_error(&stream->chunk);
                buf_grown(&stream->chunk, size);
                text = view_of(text.data + size, text.size - size);
                if (size == room)
                        r = flush(stream);
        }
        return r == 0 && stream->is_standard && stream->is_url_safe ? -EBADMSG : r;
}

int base64_stream_end(struct base64_stream *stream)
{
        if (stream->chunk.size % 4 != 0 && stream->is_standard)
                return -EBADMSG;
        while (stream->chunk.size % 4 != 0)
                buf_put_u8(&stream->chunk, '=');
        return flush(stream);
}
