/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/json-text.h"

#include <stdio.h>

#define ESCAPE_SIZE 8

struct json_text json_text_begin(struct buf *buf)
{
        buf_put_u8(buf, '{');
        return (struct json_text){.buf = buf};
}

void json_text_end(struct json_text *text)
{
        buf_put_u8(text->buf, '}');
}

/* The two-character escape of a byte that has one. */
static char short_escape(uint8_t byte)
{
        switch (byte) {
        case '\b':
                return 'b';
        case '\f':
                return 'f';
        case '\n':
                return 'n';
        case '\r':
                return 'r';
        case '\t':
                return 't';
        case '"':
        case '\\':
                return (char)byte;
        default:
                return '\0';
        }
}

static void put_escape(struct buf *buf, uint8_t byte)
{
        char escape[ESCAPE_SIZE] = {'\\', short_escape(byte)};

        if (!escape[1])
                (void)snprintf(escape, sizeof(escape), "\\u%04X", byte);
        buf_put_string(buf, escape);
}

static int needs_escape(uint8_t byte)
{
        return byte < 0x20 || byte == '"' || byte == '\\';
}

/* 0x80 in each byte of @word that is less than @bound, and perhaps in others above the first. */
static uint64_t bytes_below(uint64_t word, uint64_t bound)
{
        const uint64_t ones = UINT64_MAX / 255;

        return (word - ones * bound) & ~word & (ones << 7);
}

/* How many bytes at the front need no escape. Proofs are long and need few, so eight are looked at
 * at once: a byte that is less than 1 after taking away a character is that character. */
static size_t plain_size(const uint8_t *data, size_t size)
{
        const uint64_t ones = UINT64_MAX / 255;
        size_t i = 0;
        uint64_t word;

        for (; i + sizeof(word) <= size; i += sizeof(word)) {
                memcpy(&word, data + i, sizeof(word));
                if (bytes_below(word, 0x20) | bytes_below(word ^ (ones * '"'), 1) |
                    bytes_below(word ^ (ones * '\\'), 1))
                        break;
        }
        while (i < size && !needs_escape(data[i]))
                i++;
        return i;
}

void json_text_put_string(struct buf *buf, struct view value)
{
        size_t i = plain_size(value.data, value.size);
        uint8_t *room = buf_reserve(buf, i + 2);

        if (!room)
                return;
        room[0] = '"';
        if (i > 0)
                memcpy(room + 1, value.data, i);
        room[i + 1] = '"';
        buf_grown(buf, i + (i == value.size ? 2 : 1));
        if (i == value.size)
                return;
        while (i < value.size) {
                size_t plain = plain_size(value.data + i, value.size - i);

                buf_put(buf, value.data + i, plain);
                i += plain;
                if (i < value.size)
                        put_escape(buf, value.data[i++]);
        }
        buf_put_u8(buf, '"');
}

void json_text_name(struct json_text *text, const char *name)
{
        assert(!text->last || strcmp(text->last, name) < 0);
        if (text->last)
                buf_put_u8(text->buf, ',');
        json_text_put_string(text->buf, view_string(name));
        buf_put_u8(text->buf, ':');
        text->last = name;
}

void json_text_string(struct json_text *text, const char *name, struct view value)
{
        json_text_name(text, name);
        json_text_put_string(text->buf, value);
}

void json_text_integer(struct json_text *text, const char *name, uint64_t value)
{
        json_text_name(text, name);
        buf_put_decimal(text->buf, value);
}

void json_text_value(struct json_text *text, const char *name, struct view value)
{
        json_text_name(text, name);
        buf_put_view(text->buf, value);
}
