/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/der.h"

static void put_length(struct buf *buf, size_t size)
{
        uint8_t bytes[sizeof(size)];
        size_t count = 0;

        if (size < 0x80) {
                buf_put_u8(buf, (uint8_t)size);
                return;
        }
        for (size_t left = size; left > 0; left >>= 8)
                bytes[count++] = (uint8_t)left;
        buf_put_u8(buf, (uint8_t)(0x80 | count));
        while (count > 0)
                buf_put_u8(buf, bytes[--count]);
}

void der_put(struct buf *buf, uint8_t tag, struct view content)
{
        buf_put_u8(buf, tag);
        put_length(buf, content.size);
        buf_put_view(buf, content);
}

void der_put_of(struct buf *buf, uint8_t tag, const struct buf *content)
{
        if (buf_error(content) && !buf->error)
                buf->error = buf_error(content);
        der_put(buf, tag, buf_view(content));
}

void der_put_unsigned(struct buf *buf, struct view bytes)
{
        size_t pad;

        while (bytes.size > 1 && bytes.data[0] == 0)
                bytes = view_of(bytes.data + 1, bytes.size - 1);
        pad = bytes.size == 0 || bytes.data[0] >= 0x80;
        buf_put_u8(buf, DER_INTEGER);
        put_length(buf, bytes.size + pad);
        if (pad)
                buf_put_u8(buf, 0);
        buf_put_view(buf, bytes);
}

static size_t read_length(struct reader *reader)
{
        uint8_t first = reader_u8(reader);
        size_t count = first & 0x7f, size = 0;

        if (first < 0x80)
                return first;
        if (count == 0 || count > 4) {
                reader_fail(reader);
                return 0;
        }
        for (size_t i = 0; i < count; i++)
                size = size << 8 | reader_u8(reader);
        if (size < 0x80 || size >> (8 * (count - 1)) == 0)
                reader_fail(reader); /* not minimal */
        return size;
}

int der_is_next(const struct reader *reader, uint8_t tag)
{
        return !reader->bad && reader->left > 0 && reader->next[0] == tag;
}

struct view der_read(struct reader *reader, uint8_t tag)
{
        if (reader_u8(reader) != tag)
                reader_fail(reader);
        return reader_bytes(reader, read_length(reader));
}

struct view der_read_whole(struct reader *reader, uint8_t tag)
{
        const uint8_t *first = reader->next;
        struct view content = der_read(reader, tag);

        if (reader->bad)
                return (struct view){};
        return view_of(first, (size_t)(content.data + content.size - first));
}

struct view der_read_unsigned(struct reader *reader)
{
        struct view number = der_read(reader, DER_INTEGER);

        if (number.size == 0 || number.data[0] >= 0x80 ||
            (number.size > 1 && number.data[0] == 0 && number.data[1] < 0x80)) {
                reader_fail(reader);
                return (struct view){};
        }
        return number;
}
