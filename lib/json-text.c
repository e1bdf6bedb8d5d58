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

void json_text_put_string(struct buf *buf, struct view value)
{
        size_t start = 0;

        buf_put_u8(buf, '"');
        for (size_t i = 0; i < value.size; i++) {
                if (!needs_escape(value.data[i]))
                        continue;
                buf_put(buf, value.data + start, i - start);
                put_escape(buf, value.data[i]);
                start = i + 1;
        }
        if (value.size > start)
                buf_put(buf, value.data + start, value.size - start);
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
