/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/armor.h"

#include <errno.h>

#include "lib/base64.h"

#define OPENPGP_COLUMNS 64
#define BASE64_MAX      ((size_t)16 << 20)

int armor_is(struct view text, const char *label)
{
        struct reader reader = reader_init(text);

        reader_expect(&reader, "-----BEGIN ");
        reader_expect(&reader, label);
        reader_expect(&reader, "-----");
        return !reader.bad;
}

static void put_line(struct buf *buf, const char *word, const char *label)
{
        buf_put_string(buf, word);
        buf_put_string(buf, label);
        buf_put_string(buf, "-----\n");
}

static void put_base64(struct buf *buf, size_t columns, struct view bytes)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(BASE64_MAX);

        base64_encode(&text, bytes);
        if (buf_error(&text) && !buf->error)
                buf->error = buf_error(&text);
        for (size_t i = 0; i < text.size; i += columns) {
                size_t left = text.size - i;

                buf_put(buf, text.data + i, left < columns ? left : columns);
                buf_put_u8(buf, '\n');
        }
}

void armor_put(struct buf *buf, const char *label, size_t columns, struct view bytes)
{
        put_line(buf, "-----BEGIN ", label);
        put_base64(buf, columns, bytes);
        put_line(buf, "-----END ", label);
}

/* CRC-24 of RFC 4880 §6.1, big-endian. */
static void checksum(struct view bytes, uint8_t ret[3])
{
        uint32_t crc = 0xb704ce;

        for (size_t i = 0; i < bytes.size; i++) {
                crc ^= (uint32_t)bytes.data[i] << 16;
                for (int bit = 0; bit < 8; bit++) {
                        crc <<= 1;
                        if (crc & 0x1000000)
                                crc ^= 0x1864cfb;
                }
        }
        ret[0] = (uint8_t)(crc >> 16);
        ret[1] = (uint8_t)(crc >> 8);
        ret[2] = (uint8_t)crc;
}

void armor_put_openpgp(struct buf *buf, const char *label, struct view bytes)
{
        uint8_t crc[3];

        put_line(buf, "-----BEGIN ", label);
        buf_put_u8(buf, '\n');
        put_base64(buf, OPENPGP_COLUMNS, bytes);
        checksum(bytes, crc);
        buf_put_u8(buf, '=');
        base64_encode(buf, view_of(crc, sizeof(crc)));
        buf_put_u8(buf, '\n');
        put_line(buf, "-----END ", label);
}

static struct view read_line(struct reader *reader)
{
        struct view line = reader_until(reader, '\n');

        if (line.size > 0 && line.data[line.size - 1] == '\r')
                line.size--;
        return line;
}

static int is_line(struct view line, const char *word, const char *label)
{
        struct reader reader = reader_init(line);

        reader_expect(&reader, word);
        reader_expect(&reader, label);
        reader_expect(&reader, "-----");
        return reader_end(&reader) == 0;
}

static int check(struct view crc_text, struct view bytes)
{
        _cleanup_(buf_done) struct buf crc = BUF_INIT(3);
        uint8_t expected[3];
        int r = base64_decode(&crc, crc_text);

        checksum(bytes, expected);
        if (r == -ENOMEM)
                return r;
        return r == 0 && view_equal(buf_view(&crc), view_of(expected, 3)) ? 0 : -EBADMSG;
}

/* Headers end with an empty line. */
static void skip_headers(struct reader *reader)
{
        struct reader ahead = *reader;
        struct view line = read_line(&ahead);

        if (line.size > 0 && !memchr(line.data, ':', line.size))
                return;
        while (line.size > 0 && !ahead.bad)
                line = read_line(&ahead);
        *reader = ahead;
}

int armor_parse(struct view text, const char *label, struct buf *ret)
{
        _cleanup_(buf_done) struct buf base64 = BUF_INIT(BASE64_MAX);
        struct reader reader = reader_init(text);
        struct view line, crc = {};
        int r;

        if (!is_line(read_line(&reader), "-----BEGIN ", label))
                return -EBADMSG;
        skip_headers(&reader);
        for (;;) {
                line = read_line(&reader);
                if (reader.bad || is_line(line, "-----END ", label))
                        break;
                if (crc.size > 0)
                        return -EBADMSG;
                if (line.size == 5 && line.data[0] == '=')
                        crc = view_of(line.data + 1, 4);
                else
                        buf_put_view(&base64, line);
        }
        if (reader_end(&reader) < 0)
                return -EBADMSG;
        r = buf_error(&base64) ? -EBADMSG : base64_decode(ret, buf_view(&base64));
        return r == 0 && crc.size > 0 ? check(crc, buf_view(ret)) : r;
}
