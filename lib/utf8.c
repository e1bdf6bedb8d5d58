/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/utf8.h"

/* RFC 3629 §4: by the first byte, how many follow and the range of the second. */
static const struct {
        uint8_t first, last;
        uint8_t length;
        uint8_t second_min, second_max;
} rows[] = {
        {0x00, 0x7f, 1, 0, 0},       {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
        {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
        {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

size_t utf8_length(struct view text)
{
        size_t row = 0;

        if (text.size == 0)
                return 0;
        while (row < ARRAY_SIZE(rows) && text.data[0] > rows[row].last)
                row++;
        if (row == ARRAY_SIZE(rows) || text.data[0] < rows[row].first ||
            text.size < rows[row].length)
                return 0;
        if (rows[row].length > 1 &&
            (text.data[1] < rows[row].second_min || text.data[1] > rows[row].second_max))
                return 0;
        for (size_t i = 2; i < rows[row].length; i++)
                if ((text.data[i] & 0xc0) != 0x80)
                        return 0;
        return rows[row].length;
}

int utf8_is_valid(struct view text)
{
        while (text.size > 0) {
                size_t length = utf8_length(text);

                if (length == 0)
                        return 0;
                text = view_of(text.data + length, text.size - length);
        }
        return 1;
}

int utf8_is_control(struct view text)
{
        switch (utf8_length(text)) {
        case 1:
                return text.data[0] < 0x20 || text.data[0] == 0x7f;
        case 2:
                return text.data[0] == 0xc2 && text.data[1] < 0xa0;
        default:
                return 0;
        }
}

static uint32_t code_point(struct view text)
{
        static const uint8_t first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
        size_t length = utf8_length(text);
        uint32_t point;

        assert(length < ARRAY_SIZE(first_bits));
        point = length > 0 ? text.data[0] & first_bits[length] : 0;
        for (size_t i = 1; i < length; i++)
                point = point << 6 | (text.data[i] & 0x3f);
        return point;
}

int utf8_is_space(struct view text)
{
        static const struct {
                uint32_t first, last;
        } spaces[] = {
                {0x09, 0x0d},     {0x20, 0x20},     {0x85, 0x85},     {0xa0, 0xa0},
                {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f},
                {0x205f, 0x205f}, {0x3000, 0x3000},
        };
        uint32_t point = code_point(text);

        for (size_t i = 0; i < ARRAY_SIZE(spaces); i++)
                if (point >= spaces[i].first && point <= spaces[i].last)
                        return 1;
        return 0;
}

void utf8_make_printable(char *text)
{
        struct view rest = view_string(text);

        while (rest.size > 0) {
                size_t length = utf8_length(rest);

                if (length == 0 || utf8_is_control(rest)) {
                        length = length > 0 ? length : 1;
                        memset(text + (rest.data - (const uint8_t *)text), '?', length);
                }
                rest = view_of(rest.data + length, rest.size - length);
        }
}
