/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record-scan.h"
#include "lib/tile.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* Names with escapes are not looked up as they are written. */
static int is_written_as_it_is(const char *name)
{
        for (; *name; name++)
                if ((uint8_t)*name < 0x20 || *name == '"' || *name == '\\')
                        return 0;
        return 1;
}

static void expect_same_members(const struct record *record, const json_t *object);

static void expect_same_member(const struct record *record, const char *name, const json_t *value)
{
        struct view text = record_string(record, name);
        struct record nested;
        int64_t integer = 0;
        int r = record_integer(record, name, &integer);

        assert((r == 0) == json_is_integer(value) && (text.data != NULL) == json_is_string(value));
        assert(r < 0 || integer == json_integer_value(value));
        if (text.data && !memchr(text.data, '\\', text.size))
                assert(view_equal(text,
                                  view_of(json_string_value(value), json_string_length(value))));
        r = record_object(record, name, &nested);
        assert(r == -ENOENT ? !json_is_object(value) : json_is_object(value));
        if (r == 0)
                expect_same_members(&nested, value);
}

static void expect_same_array(const struct record *record, const char *name, const json_t *value)
{
        struct view rest = record_array(record, name), text = {};
        size_t count = 0;
        int r;

        assert((rest.data != NULL) == json_is_array(value));
        for (; (r = record_next_string(&rest, &text)) == 1; count++)
                assert(json_is_string(json_array_get(value, count)));
        assert(r == 0 ? count == json_array_size(value)
                      : !json_is_string(json_array_get(value, count)));
}

static void expect_same_members(const struct record *record, const json_t *object)
{
        const char *name;
        json_t *value;

        assert(record->own.count == json_object_size(object));
        json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
                if (!is_written_as_it_is(name))
                        continue;
                expect_same_member(record, name, value);
                expect_same_array(record, name, value);
        }
}

/* Any object in canonical form, as jansson sees it. */
static void expect_same_object(struct view text)
{
        _cleanup_(json_decrefp) json_t *object = NULL;
        _cleanup_(buf_done) struct buf again = {};
        int good = text.size <= ENTRY_SIZE_MAX && json_parse_object(text, &object, NULL) == 0 &&
                   json_is_plain(object);
        struct record record;
        int r = record_scan_object(text, &record);

        if (good)
                json_put(&again, object);
        good = good && view_equal(buf_view(&again), text);
        assert(good ? r == 0 || r == -E2BIG : r == -EBADMSG);
        if (r < 0)
                return;
        expect_same_members(&record, object);
}

/* The scanner and record_parse() take and refuse the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(json_decrefp) json_t *parsed = NULL;
        struct view text = view_of(data, size);
        struct record record;
        int r = record_parse(text, &parsed, NULL), scanned = record_scan(text, &record);

        assert(r == scanned);
        if (r == 0)
                assert(record_is(&record, json_member_string(parsed, "type")));
        expect_same_object(text);
        return 0;
}
