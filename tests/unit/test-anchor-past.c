/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/anchor-past.h"
#include "tests/unit/edit.h"
#include "tests/unit/made-journal.h"

#include <errno.h>

#define KEY   "a2V5"
#define OTHER "b3RoZXI="

/* Each record of anchors is a letter and a counter: i an intent, a an anchor, A an acknowledgement.
 * Others are between them. */
static void add(struct made_journal *made, char kind, unsigned long counter)
{
        char text[1024];
        const char *rest = "";

        if (kind == 'A')
                rest = "\"expected\":1,\"grant\":\"g\",";
        (void)snprintf(text, sizeof(text),
                       "{%s%s\"boot\":\"b\",%s\"counter\":%lu,%s\"index\":\"0x01d10226\",%s%s"
                       "\"time\":\"2026-11-22T10:00:00.000000Z\",\"token\":\"tpm\",\"type\":\"%s\","
                       "\"v\":1}",
                       kind == 'a' ? "\"attestation\":\"\"," : "",
                       kind == 'i' ? "" : "\"attestationKey\":\"" KEY "\",",
                       kind == 'A' ? "\"caller\":{\"gid\":0,\"identity\":\"pidfd\",\"pid\":1,"
                                     "\"uid\":0},"
                                   : "",
                       counter, rest, kind == 'A' ? "\"reason\":\"r\",\"request\":\"1.1\"," : "",
                       kind == 'a' ? "\"signature\":\"\",\"size\":1," : "",
                       kind == 'a'   ? "anchor"
                       : kind == 'i' ? "anchor.intent"
                                     : "anchor.acknowledge");
        made_add(made, text);
        made_add_records(made, 1);
}

static void add_all(struct made_journal *made, const char *records)
{
        made_add_records(made, 3);
        while (*records) {
                char kind = *records++, *end;
                unsigned long counter = strtoul(records, &end, 10);

                add(made, kind, counter);
                records = *end ? end + 1 : end;
        }
        made_publish(made, made->count);
}

/* What the token says, and whether that is what the journal leaves: -1 stands for no counter, 0 for
 * one before its first step. */
static const struct {
        const char *records;
        long good[3]; /* up to the last that is not 0 */
        size_t count;
        struct {
                long counter;
                const char *reason;
        } bad[3];
} rows[] = {
        {"", {-1, 0}, 2, {{1, "has no anchor, and its counter 0x01d10226 of token tpm is at 1"}}},
        {"i5 a5",
         {5},
         1,
         {{6, "ends with anchor 5, and its counter 0x01d10226 of token tpm is at 6: 1 anchors are "
              "missing, this is an older journal"},
          {4, "ends with anchor 5, and its counter 0x01d10226 of token tpm is at 4, behind it"},
          {-1, "ends with anchor 5, and token tpm has no counter of it at 0x01d10226"}}},
        {"i5 a5 i6", {5, 6}, 2, {{7, "is at 7: 1 anchors are missing"}, {4, "at 4, behind it"}}},
        {"i5 a5 i6 i6", {5, 6}, 2, {{7, "is at 7: 1 anchors are missing"}, {4, "behind it"}}},
        {"i5 a5 i6 i7",
         {6, 7},
         2,
         {{8, "is at 8: 1 anchors"}, {5, "behind it"}, {0, "no counter"}}},
        {"i5 a5 i6 i7 i8 a8", {8}, 1, {{9, "1 anchors are missing"}, {7, "behind it"}}},
        {"i5", {-1, 0, 5}, 3, {{6, "is at 6: 1 anchors are missing"}, {4, "behind it"}}},
        {"i5 i5", {-1, 0, 5}, 3, {{6, "1 anchors are missing"}, {4, "behind it"}}},
        {"i5 i6", {5, 6}, 2, {{7, "1 anchors are missing"}, {4, "behind it"}, {-1, "no counter"}}},
        {"i5 a5 A9", {9}, 1, {{10, "ends with anchor 9"}, {8, "behind it"}, {-1, "no counter"}}},
        {"i5 a5 A0", {-1, 0}, 2, {{5, "5 anchors are missing"}}},
        {"i5 a5 A0 i7", {-1, 0, 7}, 3, {{8, "1 anchors are missing"}, {6, "behind it"}}},
        {"i5 a5 A0 i7 a7 i8 a8", {8}, 1, {{9, "1 anchors are missing"}, {7, "behind it"}}},
};

static int compare(const struct anchor_past *past, long counter, const char *key,
                   struct problem *problem)
{
        struct anchor_found found = {
                .index = counter < 0 ? 0 : 0x01d10226,
                .counted = counter > 0,
                .counter = counter > 0 ? (uint64_t)counter : 0,
        };

        (void)snprintf(found.key, sizeof(found.key), "%s", key);
        return anchor_past_compare(past, &found, "tpm", problem);
}

static void test_row(size_t row, const struct anchor_past *past)
{
        for (size_t i = 0; i < rows[row].count; i++)
                expect_integer(compare(past, rows[row].good[i], KEY, NULL), 0);
        for (size_t i = 0; i < ARRAY_SIZE(rows[row].bad) && rows[row].bad[i].reason; i++) {
                struct problem problem = {};

                expect_integer(compare(past, rows[row].bad[i].counter, KEY, &problem),
                               -EKEYREJECTED);
                expect_contains(problem.text, rows[row].bad[i].reason);
        }
}

/* From wherever one begins to read: all that is known is the same. */
static void test_rows(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct made_journal made;

                test_label = rows[i].records;
                made_init(&made);
                add_all(&made, rows[i].records);
                for (size_t from = 0; from <= made.count + 1; from++) {
                        struct anchor_past past;

                        expect_integer(anchor_past_read(made.folder.path, from, &past, NULL), 0);
                        expect_integer(past.known, rows[i].records[0] != '\0');
                        test_row(i, &past);
                }
                made_done(&made);
        }
        test_label = "";
}

static void test_other_tpm(void)
{
        struct problem problem = {};
        struct made_journal made;
        struct anchor_past past;

        made_init(&made);
        add_all(&made, "i5 a5");
        expect_integer(anchor_past_read(made.folder.path, 0, &past, NULL), 0);
        expect_integer(past.record, 5);
        expect_integer(past.index, 0x01d10226);
        expect_text(view_string(past.token), "tpm");
        expect_integer(compare(&past, 5, OTHER, &problem), -EKEYREJECTED);
        expect_contains(problem.text, "ends with anchor 5, attested by another TPM than token tpm, "
                                      "whose counter is at 5");
        made_done(&made);
}

/* What cannot be understood must not be taken for nothing. */
static void test_malformed(void)
{
        struct problem problem = {};
        struct made_journal made;
        struct anchor_past past;

        made_init(&made);
        made_add_records(&made, 1);
        made_add(&made, "{\"boot\":\"b\",\"counter\":-1,\"index\":\"0x01d10225\",\"time\":"
                        "\"2026-11-22T10:00:00.000000Z\",\"token\":\"tpm\",\"type\":"
                        "\"anchor.intent\",\"v\":1}");
        made_publish(&made, made.count);
        expect_integer(anchor_past_read(made.folder.path, 0, &past, &problem), -EBADMSG);
        expect_text(view_string(problem.text),
                    "record 1: anchor.intent: index or counter is malformed");
        made_done(&made);
}

static void test_hint(void)
{
        static const char *const bad[] = {"", "\n", "x\n", "-1\n", "99999999999999999999999\n"};
        struct folder folder = folder_new();
        char path[256];

        (void)snprintf(path, sizeof(path), "%s/anchor", folder.path);
        expect_integer(anchor_hint_read(path), 0);
        expect_integer(anchor_hint_write(path, 1234567, NULL), 0);
        expect_integer(anchor_hint_read(path), 1234567);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                folder_write(&folder, "anchor", view_string(bad[i]));
                expect_integer(anchor_hint_read(path), 0);
        }
        folder_done(&folder);
}

int main(void)
{
        test_rows();
        test_other_tpm();
        test_malformed();
        test_hint();
        return test_result();
}
