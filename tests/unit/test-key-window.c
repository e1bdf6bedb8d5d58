/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/key-window.h"
#include "tests/test.h"

#include <errno.h>

#define DAY(day) "2026-11-" day "T10:00:00.000000Z"

static const struct {
        const char *label;
        enum key_state state;
        const char *ended, *revoked, *destroyed;
        const char *at;      /* NULL: not proved */
        const char *problem; /* NULL: it counts */
} rows[] = {
        {"active, not proved", KEY_ACTIVE, "", "", "", NULL, NULL},
        {"active, in time", KEY_ACTIVE, "", "", "", DAY("21"), NULL},
        {"active, at its first moment", KEY_ACTIVE, "", "", "", DAY("20"), NULL},
        {"active, before it was", KEY_ACTIVE, "", "", "", DAY("19"),
         "which was made at " DAY("20") ", and it was recorded at " DAY("19")},
        {"retired, not proved", KEY_RETIRED, DAY("22"), "", "", NULL,
         "which is retired since " DAY("22") ", and nothing proves that it was signed before"},
        {"retired, before", KEY_RETIRED, DAY("22"), "", "", DAY("21"), NULL},
        {"retired, at its last moment", KEY_RETIRED, DAY("22"), "", "", DAY("22"), NULL},
        {"retired, after", KEY_RETIRED, DAY("22"), "", "", DAY("23"),
         "which is retired since " DAY("22") ", and it was recorded at " DAY("23")},
        {"retired, before it was", KEY_RETIRED, DAY("22"), "", "", DAY("19"),
         "which was made at " DAY("20") ", and it was recorded at " DAY("19")},
        {"retired nobody knows when", KEY_RETIRED, "", "", "", DAY("21"),
         "which is retired, and the key ring does not say since when"},
        {"destroyed, before its end", KEY_DESTROYED, DAY("22"), "", DAY("24"), DAY("21"), NULL},
        {"destroyed, after its end", KEY_DESTROYED, DAY("22"), "", DAY("24"), DAY("23"),
         "which is destroyed since " DAY("22") ", and it was recorded at " DAY("23")},
        {"destroyed without another end", KEY_DESTROYED, "", "", DAY("24"), DAY("23"), NULL},
        {"destroyed nobody knows when", KEY_DESTROYED, "", "", "", DAY("21"),
         "which is destroyed, and the key ring does not say since when"},
        {"revoked, not proved", KEY_REVOKED, "", DAY("22"), "", NULL,
         "which is revoked since " DAY("22") ", and nothing proves that it was signed before"},
        {"revoked, before", KEY_REVOKED, DAY("24"), DAY("22"), "", DAY("21"), NULL},
        {"revoked, at that moment", KEY_REVOKED, DAY("24"), DAY("22"), "", DAY("22"),
         "which is revoked since " DAY("22") ", and it was recorded at " DAY("22")},
        {"revoked, while in use still", KEY_REVOKED, DAY("24"), DAY("22"), "", DAY("23"),
         "which is revoked since " DAY("22") ", and it was recorded at " DAY("23")},
        {"revoked after its end, between", KEY_REVOKED, DAY("22"), DAY("24"), "", DAY("23"),
         "which is revoked since " DAY("24") ", and it was recorded at " DAY("23")},
        {"revoked nobody knows when", KEY_REVOKED, DAY("24"), "", "", DAY("21"),
         "which is revoked, and the key ring does not say since when"},
};

static const struct {
        enum key_state state;
        const char *ended, *revoked, *destroyed, *last;
} lasts[] = {
        {KEY_ACTIVE, "", "", "", ""},
        {KEY_RETIRED, DAY("22"), "", "", DAY("22")},
        {KEY_RETIRED, "", "", "", ""},
        {KEY_DESTROYED, DAY("22"), "", DAY("24"), DAY("22")},
        {KEY_DESTROYED, "", "", DAY("24"), DAY("24")},
        {KEY_REVOKED, DAY("24"), DAY("22"), "", DAY("22")},
        {KEY_REVOKED, DAY("22"), DAY("24"), "", DAY("22")},
        {KEY_REVOKED, "", DAY("24"), DAY("22"), DAY("22")},
        {KEY_REVOKED, DAY("22"), "", "", ""},
};

static void set(char ret[KEY_TIME_SIZE], const char *time)
{
        (void)snprintf(ret, KEY_TIME_SIZE, "%s", time);
}

static void test_rows(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct keyring_key key = {.created = DAY("20"), .state = rows[i].state};
                struct key_moment moment = {};
                struct problem problem = {};

                test_label = rows[i].label;
                set(key.ended, rows[i].ended);
                set(key.revoked, rows[i].revoked);
                set(key.destroyed, rows[i].destroyed);
                if (rows[i].at)
                        key_moment_recorded(rows[i].at, &moment);
                expect_integer(key_window_check(&key, &moment, &problem),
                               rows[i].problem ? -EKEYREJECTED : 0);
                expect_text(view_string(problem.text), rows[i].problem ? rows[i].problem : "");
        }
        test_label = "";
}

#define PAST   "2001-01-01T00:00:00.000000Z"
#define FUTURE "9999-01-01T00:00:00.000000Z"

/* Who sees it while the overlap lasts knows that it was signed in it; the ring may be an old one.
 */
static void test_overlap(void)
{
        static const struct {
                const char *label, *until, *at, *problem;
        } cases[] = {
                {"lasts, not proved", FUTURE, NULL, NULL},
                {"lasts, in time", FUTURE, DAY("21"), NULL},
                {"over, in time", DAY("22"), DAY("21"), NULL},
                {"over, at its last moment", DAY("22"), DAY("22"), NULL},
                {"over, after", DAY("22"), DAY("23"),
                 "which was active until " DAY("22") ", and it was recorded at " DAY("23")},
                {"over, not proved", PAST, NULL,
                 "which was active until " PAST ", and nothing proves that it was signed before"},
                {"lasts, before it was made", FUTURE, DAY("19"),
                 "which was made at " DAY("20") ", and it was recorded at " DAY("19")},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct keyring_key key = {.created = DAY("20")};
                struct key_moment moment = {};
                struct problem problem = {};

                test_label = cases[i].label;
                set(key.overlap, cases[i].until);
                if (cases[i].at)
                        key_moment_recorded(cases[i].at, &moment);
                expect_integer(key_window_check(&key, &moment, &problem),
                               cases[i].problem ? -EKEYREJECTED : 0);
                expect_text(view_string(problem.text), cases[i].problem ? cases[i].problem : "");
                expect_text(view_string(key_window_end(&key)), cases[i].until);
        }
        test_label = "";
}

/* A clock of seconds may have shown that second up to its end. */
static void test_seen(void)
{
        struct keyring_key key = {.created = DAY("20"), .state = KEY_REVOKED};
        struct key_moment moment = {};
        struct problem problem = {};

        key_moment_seen(1795514400, &moment);
        expect_text(view_string(moment.at), "2026-11-24T10:00:00.999999Z");
        set(key.revoked, "2026-11-24T10:00:01.000000Z");
        expect_integer(key_window_check(&key, &moment, &problem), 0);
        set(key.revoked, "2026-11-24T10:00:00.999999Z");
        expect_integer(key_window_check(&key, &moment, &problem), -EKEYREJECTED);
        expect_text(view_string(problem.text),
                    "which is revoked since 2026-11-24T10:00:00.999999Z, and it was seen first at "
                    "2026-11-24T10:00:00.999999Z");
        key_moment_seen(UINT64_MAX, &moment);
        expect_text(view_string(moment.at), "9999-12-31T23:59:59.999999Z");
}

static void test_last(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(lasts); i++) {
                struct keyring_key key = {.state = lasts[i].state};

                set(key.ended, lasts[i].ended);
                set(key.revoked, lasts[i].revoked);
                set(key.destroyed, lasts[i].destroyed);
                expect_text(view_string(key_window_last(&key)), lasts[i].last);
        }
}

int main(void)
{
        test_last();
        test_rows();
        test_overlap();
        test_seen();
        return test_result();
}
