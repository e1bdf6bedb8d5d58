/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/frame.h"
#include "tests/test.h"

#include <errno.h>
#include <stdio.h>

#define HEAD_SIZE 11

static const char *const operation_names[] = {"open", "generate", "load",
                                              "sign", "destroy",  "probe"};

static const struct {
        enum frame_status status;
        int error;
} statuses[] = {
        {FRAME_OK, 0},
        {FRAME_BAD_REQUEST, -EBADMSG},
        {FRAME_UNSUPPORTED, -EOPNOTSUPP},
        {FRAME_NO_KEY, -ENOKEY},
        {FRAME_MISMATCH, -EKEYREJECTED},
        {FRAME_GONE, -ENODEV},
        {FRAME_WRONG_PIN, -EACCES},
        {FRAME_LOCKED_OUT, -EBUSY},
        {FRAME_TOKEN_FAILED, -EIO},
        {FRAME_EXISTS, -EEXIST},
        {FRAME_REFUSED, -EPERM},
};

static void test_exact_bytes(void)
{
        static const uint8_t expected[] = {1, 4, 0, 1, 2, 3, 4, 5, 6, 7, 3, 'x'};
        _cleanup_(buf_done) struct buf buf = {};

        frame_put_head(&buf, FRAME_SIGN, 0x0001020304050607, FRAME_NO_KEY);
        buf_put_string(&buf, "x");
        expect_view(buf_view(&buf), view_of(expected, sizeof(expected)));
}

static void expect_round_trip(enum frame_operation operation, enum frame_status status)
{
        static const uint64_t ids[] = {0, 1, UINT32_MAX, UINT64_MAX};

        for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
                _cleanup_(buf_done) struct buf buf = {};
                struct frame frame = {};

                frame_put_head(&buf, operation, ids[i], status);
                buf_put_string(&buf, "fields");
                expect_integer(frame_decode(buf_view(&buf), &frame), 0);
                expect_integer(frame.operation, operation);
                expect_integer(frame.status, status);
                expect(frame.id == ids[i]);
                expect_text(frame.fields, "fields");
        }
}

static void test_round_trip(void)
{
        for (unsigned operation = FRAME_OPEN; operation <= FRAME_OPERATION_LAST; operation++)
                for (unsigned status = FRAME_OK; status <= FRAME_STATUS_LAST; status++)
                        expect_round_trip((enum frame_operation)operation,
                                          (enum frame_status)status);
}

/* Every value of the version, operation and status byte: those that are listed and no others. */
static void test_each_byte_of_the_head(void)
{
        static const struct {
                const char *label;
                size_t offset;
                unsigned first, last;
        } rows[] = {
                {"version", 0, FRAME_VERSION, FRAME_VERSION},
                {"operation", 1, FRAME_OPEN, FRAME_OPERATION_LAST},
                {"status", 10, FRAME_OK, FRAME_STATUS_LAST},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                test_label = rows[i].label;
                for (unsigned value = 0; value < 256; value++) {
                        uint8_t head[HEAD_SIZE] = {FRAME_VERSION, FRAME_OPEN};
                        struct frame frame;
                        int listed = value >= rows[i].first && value <= rows[i].last;

                        head[rows[i].offset] = (uint8_t)value;
                        expect_integer(frame_decode(view_of(head, sizeof(head)), &frame),
                                       listed ? 0 : -EBADMSG);
                }
        }
        test_label = "";
}

static void test_every_truncation_of_the_head(void)
{
        static const uint8_t head[HEAD_SIZE] = {FRAME_VERSION, FRAME_OPEN};
        struct frame frame = {.id = 77};

        for (size_t size = 0; size < sizeof(head); size++)
                expect_integer(frame_decode(view_of(head, size), &frame), -EBADMSG);
        expect_integer(frame.id, 77);
        expect_integer(frame_decode(view_of(head, sizeof(head)), &frame), 0);
        expect_integer(frame.fields.size, 0);
}

static void test_statuses(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
                expect_integer(frame_error_of(statuses[i].status), statuses[i].error);
                expect_integer(frame_status_of(statuses[i].error), statuses[i].status);
        }
        expect_integer(frame_status_of(-ENOMEM), FRAME_TOKEN_FAILED);
        expect_integer(frame_status_of(EBADMSG), FRAME_TOKEN_FAILED);
        expect_integer(frame_error_of((enum frame_status)200), -EIO);
}

static void test_operation_names(void)
{
        for (unsigned i = 0; i < ARRAY_SIZE(operation_names); i++)
                expect(string_equal(frame_operation_name((enum frame_operation)(FRAME_OPEN + i)),
                                    operation_names[i]));
        expect(string_equal(frame_operation_name((enum frame_operation)0), "unknown"));
        expect(string_equal(frame_operation_name((enum frame_operation)(FRAME_OPERATION_LAST + 1)),
                            "unknown"));
}

static int read_facts(struct view bytes, struct facts *ret)
{
        struct reader reader = reader_init(bytes);

        return frame_read_facts(&reader, ret);
}

static void test_facts_round_trip(void)
{
        _cleanup_(buf_done) struct buf buf = {};
        _cleanup_(facts_done) struct facts facts = {}, back = {};

        expect_integer(facts_add(&facts, "manufacturer", "IBM"), 0);
        expect_integer(facts_add(&facts, "empty", ""), 0);
        expect_integer(facts_add_format(&facts, "pcrs", "%d,%d", 0, 7), 0);
        frame_put_facts(&buf, &facts);
        expect_integer(read_facts(buf_view(&buf), &back), 0);
        expect_integer(back.count, 3);
        expect(string_equal(facts_get(&back, "manufacturer"), "IBM"));
        expect(string_equal(facts_get(&back, "empty"), ""));
        expect(string_equal(facts_get(&back, "pcrs"), "0,7"));
        expect(!facts_get(&back, "pcr"));
}

/* Good where a pair ends, and nowhere else. */
static void test_every_truncation_of_facts(void)
{
        _cleanup_(buf_done) struct buf buf = {};
        _cleanup_(facts_done) struct facts facts = {};
        size_t ends[3] = {0};

        expect_integer(facts_add(&facts, "a", "1"), 0);
        frame_put_facts(&buf, &facts);
        ends[1] = buf.size;
        expect_integer(facts_add(&facts, "bb", ""), 0);
        buf_clear(&buf);
        frame_put_facts(&buf, &facts);
        ends[2] = buf.size;
        for (size_t size = 0; size <= buf.size; size++) {
                _cleanup_(facts_done) struct facts back = {};
                int whole = size == ends[0] || size == ends[1] || size == ends[2];

                expect_integer(read_facts(view_of(buf.data, size), &back), whole ? 0 : -EBADMSG);
        }
}

static void test_facts_refused(void)
{
        static const struct {
                const char *label;
                struct view name, value;
        } rows[] = {
                {"NUL in the name", {(const uint8_t *)"a\0b", 3}, {(const uint8_t *)"x", 1}},
                {"NUL in the value", {(const uint8_t *)"a", 1}, {(const uint8_t *)"x\0", 2}},
                {"the name twice", {(const uint8_t *)"first", 5}, {(const uint8_t *)"1", 1}},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf buf = {};
                _cleanup_(facts_done) struct facts back = {};

                test_label = rows[i].label;
                buf_put_sized(&buf, view_string("first"));
                buf_put_sized(&buf, view_string("1"));
                expect_integer(read_facts(buf_view(&buf), &back), 0);
                facts_done(&back);
                buf_put_sized(&buf, rows[i].name);
                buf_put_sized(&buf, rows[i].value);
                expect_integer(read_facts(buf_view(&buf), &back), -EBADMSG);
        }
        test_label = "";
}

static void test_facts_limit(void)
{
        _cleanup_(buf_done) struct buf buf = {};
        _cleanup_(facts_done) struct facts facts = {}, back = {};
        char name[16];

        for (unsigned i = 0; i < FRAME_FACTS_MAX; i++) {
                (void)snprintf(name, sizeof(name), "fact%u", i);
                expect_integer(facts_add(&facts, name, "value"), 0);
        }
        expect_integer(facts_add(&facts, "one more", "value"), -EMSGSIZE);
        expect_integer(facts_add_format(&facts, "one more", "value"), -EMSGSIZE);
        frame_put_facts(&buf, &facts);
        expect_integer(read_facts(buf_view(&buf), &back), 0);
        expect_integer(back.count, FRAME_FACTS_MAX);
        facts_done(&back);
        buf_put_sized(&buf, view_string("one more"));
        buf_put_sized(&buf, view_string("value"));
        expect_integer(read_facts(buf_view(&buf), &back), -EBADMSG);
        expect_integer(back.count, FRAME_FACTS_MAX);
}

int main(void)
{
        test_exact_bytes();
        test_round_trip();
        test_each_byte_of_the_head();
        test_every_truncation_of_the_head();
        test_statuses();
        test_operation_names();
        test_facts_round_trip();
        test_every_truncation_of_facts();
        test_facts_refused();
        test_facts_limit();
        return test_result();
}
