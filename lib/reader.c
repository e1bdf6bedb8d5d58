/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/reader.h"

#include <errno.h>

struct view reader_bytes(struct reader *reader, size_t size)
{
        struct view bytes;

        if (reader->bad || size > reader->left) {
                reader_fail(reader);
                return view_of(NULL, 0);
        }
        bytes = view_of(reader->next, size);
        if (size > 0)
                reader->next += size;
        reader->left -= size;
        return bytes;
}

static uint64_t reader_integer(struct reader *reader, size_t size)
{
        struct view bytes = reader_bytes(reader, size);
        uint64_t value = 0;

        for (size_t i = 0; i < bytes.size; i++)
                value = value << 8 | bytes.data[i];
        return value;
}

uint8_t reader_u8(struct reader *reader)
{
        return (uint8_t)reader_integer(reader, 1);
}

uint16_t reader_u16(struct reader *reader)
{
        return (uint16_t)reader_integer(reader, 2);
}

uint32_t reader_u32(struct reader *reader)
{
        return (uint32_t)reader_integer(reader, 4);
}

uint64_t reader_u64(struct reader *reader)
{
        return reader_integer(reader, 8);
}

struct view reader_sized(struct reader *reader)
{
        return reader_bytes(reader, reader_u32(reader));
}

struct view reader_until(struct reader *reader, char end)
{
        const uint8_t *found;
        struct view bytes;

        found = reader->bad || reader->left == 0 ? NULL : memchr(reader->next, end, reader->left);
        if (!found) {
                reader_fail(reader);
                return view_of(NULL, 0);
        }
        bytes = reader_bytes(reader, (size_t)(found - reader->next));
        (void)reader_bytes(reader, 1); /* the end character itself */
        return bytes;
}

void reader_expect(struct reader *reader, const char *expected)
{
        if (!view_is(reader_bytes(reader, strlen(expected)), expected))
                reader_fail(reader);
}

struct view reader_rest(struct reader *reader)
{
        return reader_bytes(reader, reader->left);
}

void reader_fail(struct reader *reader)
{
        reader->bad = 1;
        reader->left = 0;
}

int reader_end(const struct reader *reader)
{
        return reader->bad || reader->left > 0 ? -EBADMSG : 0;
}

int view_parse_decimal(struct view view, uint64_t *ret)
{
        uint64_t value = 0;

        if (view.size == 0 || (view.size > 1 && view.data[0] == '0'))
                return -EBADMSG;
        for (size_t i = 0; i < view.size; i++) {
                uint8_t digit = (uint8_t)(view.data[i] - '0');

                if (digit > 9 || value > (UINT64_MAX - digit) / 10)
                        return -EBADMSG;
                value = value * 10 + digit;
        }
        *ret = value;
        return 0;
}
