/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record-scan.h"
#include "tests/test.h"
#include "tests/unit/edit.h"

#include <errno.h>

#define SIGN                                                                                       \
        "{\"algorithm\":\"ecdsa-p256\",\"boot\":\"b\",\"caller\":{\"gid\":7,\"identity\":"         \
        "\"pidfd\",\"pid\":42,\"uid\":1000},\"claims\":{\"a\":\"\\\"x\\\"\",\"n\":-5},"            \
        "\"digest\":\"d\",\"fingerprint\":\"f\",\"grant\":\"g\",\"key\":\"k\","                    \
        "\"request\":\"1.1\",\"signature\":\"s\",\"time\":\"2026-11-22T10:00:00.000000Z\","        \
        "\"type\":\"sign\",\"v\":1,\"version\":9223372036854775807}"

static void test_members(void)
{
        struct record record, caller, claims;
        int64_t integer = 0;

        expect_integer(record_scan(view_string(SIGN), &record), 0);
        expect(record_is(&record, "sign") && !record_is(&record, "sig"));
        expect_text(record_string(&record, "algorithm"), "ecdsa-p256");
        expect_integer(record_integer(&record, "version", &integer), 0);
        expect(integer == INT64_MAX);
        expect_integer(record_object(&record, "caller", &caller), 0);
        expect_integer(record_integer(&caller, "pid", &integer), 0);
        expect_integer(integer, 42);
        expect_integer(record_object(&record, "claims", &claims), 0);
        expect_text(record_string(&claims, "a"), "\\\"x\\\"");
        expect_integer(record_integer(&claims, "n", &integer), 0);
        expect_integer(integer, -5);
        /* Absent, or of another type. */
        expect(!record_string(&record, "version").data && !record_string(&record, "x").data);
        expect_integer(record_integer(&record, "key", &integer), -ENOENT);
        expect_integer(record_object(&record, "key", &claims), -ENOENT);
        expect(!record_array(&record, "key").data && !record_is(&claims, "sign"));
}

static void test_arrays(void)
{
        static const struct {
                const char *text;
                int count, end;
        } rows[] = {
                {"{\"a\":[]}", 0, 0},           {"{\"a\":[\"x\"]}", 1, 0},
                {"{\"a\":[\"x\",\"\"]}", 2, 0}, {"{\"a\":[1]}", 0, -EBADMSG},
                {"{\"a\":\"x\"}", 0, 0},        {"{\"a\":[\"x\",[]]}", 1, -EBADMSG},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct view rest, text = {};
                struct record record;
                int count = 0, r;

                test_label = rows[i].text;
                expect_integer(record_scan_object(view_string(rows[i].text), &record), 0);
                rest = record_array(&record, "a");
                while ((r = record_next_string(&rest, &text)) == 1)
                        count++;
                expect_integer(count, rows[i].count);
                expect_integer(r, rows[i].end);
        }
        test_label = "";
}

static void test_refused(void)
{
        static const struct {
                const char *from, *to;
        } rows[] = {
                {"{", ""},
                {"807}", "807} "},
                {"\"v\":1", "\"v\": 1"},
                {"\"v\":1", "\"v\":2"},
                {"\"v\":1", "\"v\":01"},
                {"\"v\":1", "\"v\":1.0"},
                {"\"v\":1,", ""},
                {"\"v\":1", "\"v\":1,\"v\":1"},
                {"\"type\":\"sign\"", "\"type\":\"Sign\""},
                {"\"key\":\"k\",", ""},
                {"\"key\":\"k\"", "\"key\":null"},
                {"\"key\":\"k\"", "\"key\":[]"},
                {"\"key\":\"k\"", "\"key\":\"\\u006B\""},
                {"\"key\":\"k\"", "\"key\":\"\x7f\xff\""},
                {"\"pid\":42,", ""},
                {"\"uid\":1000", "\"uid\":1000,\"uidx\":1"},
                {".000000Z", "Z"},
                {"9223372036854775807", "9223372036854775808"},
                {"-5", "-0"},
                {"\"a\":\"", "\"n\":\""},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf entry = {};
                struct record record;

                test_label = rows[i].to;
                edit_first(&entry, view_string(SIGN), rows[i].from, rows[i].to);
                expect_integer(record_scan(buf_view(&entry), &record), -EBADMSG);
        }
        test_label = "";
}

static void test_many_members(void)
{
        _cleanup_(buf_done) struct buf text = {};
        struct record record;

        for (char c = 'a'; c < 'a' + RECORD_MEMBERS_MAX + 1; c++)
                buf_put_format(&text, "%s\"%c\":1", c == 'a' ? "{" : ",", c);
        buf_put_string(&text, "}");
        expect_integer(record_scan_object(buf_view(&text), &record), -E2BIG);
}

int main(void)
{
        test_members();
        test_arrays();
        test_refused();
        test_many_members();
        return test_result();
}
