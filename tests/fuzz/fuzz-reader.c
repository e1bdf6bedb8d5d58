/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/reader.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#define OPERATIONS_MAX 64

/* A view lies within the input, and bad stays bad and empty. */
static void check_view(struct view found, struct view input, const struct reader *reader)
{
        if (found.size > 0)
                assert(found.data >= input.data &&
                       found.data + found.size <= input.data + input.size);
        assert(!reader->bad || (found.size == 0 && reader->left == 0));
}

static void operate(struct reader *reader, uint8_t operation, struct view input)
{
        struct view found = {};

        switch (operation % 8) {
        case 0:
                (void)reader_u8(reader);
                break;
        case 1:
                (void)reader_u16(reader);
                break;
        case 2:
                (void)reader_u32(reader);
                break;
        case 3:
                (void)reader_u64(reader);
                break;
        case 4:
                found = reader_bytes(reader, operation / 8);
                break;
        case 5:
                found = reader_sized(reader);
                break;
        case 6:
                found = reader_until(reader, (char)(operation / 8));
                break;
        default:
                reader_expect(reader, operation / 8 % 2 ? "hallmark" : "");
        }
        check_view(found, input, reader);
}

/* The first byte says how many operations the next bytes name; the rest is what they read. */
static void check_operations(struct view bytes)
{
        struct reader script = reader_init(bytes), reader;
        uint8_t count = reader_u8(&script) % OPERATIONS_MAX;
        struct view operations = reader_bytes(&script, count), input = reader_rest(&script);
        size_t left;

        if (script.bad)
                return;
        reader = reader_init(input);
        for (size_t i = 0; i < operations.size; i++) {
                int bad = reader.bad;

                left = reader.left;
                operate(&reader, operations.data[i], input);
                assert(reader.left <= left && (!bad || reader.bad));
        }
        assert((reader_end(&reader) == 0) == (!reader.bad && reader.left == 0));
}

static void check_decimal(struct view text)
{
        _cleanup_(buf_done) struct buf again = {};
        uint64_t value;

        if (view_parse_decimal(text, &value) < 0)
                return;
        buf_put_decimal(&again, value);
        assert(view_equal(buf_view(&again), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        check_operations(view_of(data, size));
        check_decimal(view_of(data, size));
        return 0;
}
