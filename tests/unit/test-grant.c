/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/grant-meter.h"
#include "agent/grant.h"
#include "tests/test.h"

#include <errno.h>

#define HEAD                                                                                       \
        "[Agent]\nOrigin=x\n[Token t]\nDriver=tpm\nTCTI=x\n"                                       \
        "[Key log]\nToken=t\nAlgorithm=ecdsa-p256\nPurpose=log\n"
#define SECOND UINT64_C(1000000)

static struct config *parse(const char *grants)
{
        _cleanup_(buf_done) struct buf text = {};
        struct config *config = NULL;
        struct problem problem = {};

        buf_put_string(&text, HEAD);
        buf_put_string(&text, grants);
        if (config_parse("f", buf_view(&text), &config, &problem) < 0) {
                (void)fprintf(stderr, "%s\n", problem.text);
                abort();
        }
        return config;
}

static struct grant_meter *new_meter(void)
{
        struct grant_meter *meter;

        if (grant_meter_new(&meter) < 0)
                abort();
        return meter;
}

static struct caller caller_of(uid_t uid, const char *unit)
{
        struct caller caller = {.uid = uid, .gid = 100, .groups = {7, 8}, .group_count = 2};

        (void)snprintf(caller.place.unit, sizeof(caller.place.unit), "%s", unit);
        return caller;
}

static const char decision_grants[] = "[Grant train]\nKey=train-* model\nUnit=train-*.service\n"
                                      "Methods=Sign\n"
                                      "[Grant operator]\nKey=*\nUser=1000 1001\nMethods=CreateKey "
                                      "Reload\n"
                                      "[Grant team]\nKey=release\nUser=1000\nGroup=8 100\n"
                                      "Methods=Sign\n"
                                      "[Grant outside]\nKey=release\nUser=1002\nGroup=9\n"
                                      "Methods=Sign\n"
                                      "[Grant escaped]\nKey=e\nUnit=a\\x2db.service\nMethods=Sign\n"
                                      "[Grant any-unit]\nKey=u\nUnit=*\nMethods=Sign\n"
                                      "[Grant everybody]\nKey=open\nMethods=Sign\n";
static const struct {
        uid_t uid;
        const char *unit, *method, *key;
        const char *grant;   /* that allows it */
        const char *message; /* that refuses it */
} decision_rows[] = {
        {5, "train-1.service", "Sign", "model", "train", NULL},
        {5, "train-1.service", "Sign", "train-x", "train", NULL},
        {5, "", "Sign", "model", NULL,
         "grant \"train\" is for unit train-*.service, caller is in none"},
        {5, "train-1.scope", "Sign", "model", NULL,
         "grant \"train\" is for unit train-*.service, caller is in train-1.scope"},
        {0, "xtrain-1.service", "Sign", "model", NULL,
         "grant \"train\" is for unit train-*.service, caller is in xtrain-1.service"},
        {5, "train-1.service", "Sign", "other", NULL,
         "grant \"train\" is for key train-* model, asked was other"},
        {5, "train-1.service", "CreateKey", "model", NULL,
         "grant \"operator\" is for uid 1000 1001, caller is uid 5"},
        {1001, "", "CreateKey", "model", "operator", NULL},
        {1001, "", "Reload", NULL, "operator", NULL},
        {0, "", "Reload", NULL, NULL, "grant \"operator\" is for uid 1000 1001, caller is uid 0"},
        {1000, "", "Sign", "release", "team", NULL},
        {1001, "", "Sign", "release", NULL, "grant \"team\" is for uid 1000, caller is uid 1001"},
        {1002, "", "Sign", "release", NULL,
         "grant \"outside\" is for gid 9, caller is in none of them"},
        {5, "a\\x2db.service", "Sign", "e", "escaped", NULL},
        {5, "a-b.service", "Sign", "e", NULL,
         "grant \"escaped\" is for unit a\\x2db.service, caller is in a-b.service"},
        {5, "x.scope", "Sign", "u", "any-unit", NULL},
        {5, "", "Sign", "u", NULL, "grant \"any-unit\" is for unit *, caller is in none"},
        {5, "", "Sign", "open", "everybody", NULL},
        {5, "", "DestroyKey", "open", NULL, "no grant allows anybody to DestroyKey"},
};

static void test_decisions(void)
{
        _cleanup_(grant_meter_freep) struct grant_meter *meter = new_meter();
        _cleanup_(config_freep) struct config *config = parse(decision_grants);

        for (size_t i = 0; i < ARRAY_SIZE(decision_rows); i++) {
                struct caller caller = caller_of(decision_rows[i].uid, decision_rows[i].unit);
                struct grant_request request = {&caller, decision_rows[i].method,
                                                decision_rows[i].key, 0, NULL};
                struct grant_decision decision = {};
                struct problem problem = {};
                char label[32];

                (void)snprintf(label, sizeof(label), "row %zu", i);
                test_label = label;
                expect_integer(grant_decide(config, meter, &request, &decision, &problem),
                               decision_rows[i].grant ? 0 : -EPERM);
                expect_text(view_string(decision.grant),
                            decision_rows[i].grant ? decision_rows[i].grant : "");
                expect_text(view_string(problem.text),
                            decision_rows[i].message ? decision_rows[i].message : "");
        }
        test_label = "";
}

/* One request at a time; returns what grant_decide() does. */
static int ask(const struct config *config, struct grant_meter *meter, const struct caller *caller,
               uint64_t now_usec, uint64_t *ret_retry_usec)
{
        struct grant_request request = {caller, "Sign", "k", now_usec, NULL};
        struct grant_decision decision = {};
        int r;

        r = grant_decide(config, meter, &request, &decision, NULL);
        *ret_retry_usec = decision.retry_usec;
        return r;
}

static void test_no_grants(void)
{
        _cleanup_(grant_meter_freep) struct grant_meter *meter = new_meter();
        _cleanup_(config_freep) struct config *config = parse("");
        struct caller root = caller_of(0, "init.scope");
        uint64_t retry;

        expect_integer(ask(config, meter, &root, 0, &retry), -EPERM);
}

static void test_rate(void)
{
        _cleanup_(grant_meter_freep) struct grant_meter *meter = new_meter();
        _cleanup_(config_freep) struct config *config =
                parse("[Grant g]\nKey=k\nUnit=*.service\nMethods=Sign\nRate=2/s\nBurst=3\n");
        struct caller a = caller_of(1, "a.service"), b = caller_of(1, "b.service");
        struct caller c = caller_of(2, "a.service");
        uint64_t now = 5 * SECOND, retry;

        for (int i = 0; i < 3; i++)
                expect_integer(ask(config, meter, &a, now, &retry), 0);
        expect_integer(ask(config, meter, &a, now, &retry), -EAGAIN);
        expect_integer(retry, 500000);
        /* Others have buckets of their own. */
        expect_integer(ask(config, meter, &b, now, &retry), 0);
        expect_integer(ask(config, meter, &c, now, &retry), 0);
        /* Refusals cost nothing; the time said is exact. */
        expect_integer(ask(config, meter, &a, now + 499999, &retry), -EAGAIN);
        expect_integer(retry, 1);
        expect_integer(ask(config, meter, &a, now + 500000, &retry), 0);
        expect_integer(ask(config, meter, &a, now + 500000, &retry), -EAGAIN);
        /* A clock that stands still or goes back gives nothing. */
        expect_integer(ask(config, meter, &a, now, &retry), -EAGAIN);
        /* After any pause no more than the burst. */
        now = 1000000 * SECOND;
        for (int i = 0; i < 3; i++)
                expect_integer(ask(config, meter, &a, now, &retry), 0);
        expect_integer(ask(config, meter, &a, now, &retry), -EAGAIN);
}

/* Asking all the time must not stop a slow bucket from filling. */
static void test_slow_rate(void)
{
        _cleanup_(grant_meter_freep) struct grant_meter *meter = new_meter();
        _cleanup_(config_freep) struct config *config =
                parse("[Grant g]\nKey=k\nMethods=Sign\nRate=7/d\nBurst=1\n");
        struct caller a = caller_of(1, "a.service");
        uint64_t retry, allowed = 0;

        for (uint64_t now = 0; now < 86400 * SECOND; now += SECOND)
                allowed += ask(config, meter, &a, now, &retry) == 0;
        expect_integer(allowed, 7);
}

/* A day is any 24 hours, and what was used comes back a quarter of an hour later at most. */
static void test_per_day(void)
{
        _cleanup_(grant_meter_freep) struct grant_meter *meter = new_meter();
        _cleanup_(config_freep) struct config *config =
                parse("[Grant g]\nKey=k\nMethods=Sign\nPerDay=3\n");
        const uint64_t quarter = 900 * SECOND, day = 86400 * SECOND;
        struct caller a = caller_of(1, ""), b = caller_of(2, "");
        uint64_t now = 7 * day + 100 * SECOND, retry = 0;

        expect_integer(ask(config, meter, &a, now, &retry), 0);
        expect_integer(ask(config, meter, &a, now + quarter, &retry), 0);
        expect_integer(ask(config, meter, &a, now + quarter, &retry), 0);
        expect_integer(ask(config, meter, &a, now + quarter, &retry), -EAGAIN);
        expect_integer(retry, day - 100 * SECOND);
        expect_integer(ask(config, meter, &b, now + quarter, &retry), 0);
        expect_integer(ask(config, meter, &a, now + day, &retry), -EAGAIN);
        expect_integer(ask(config, meter, &a, now + day + quarter - 100 * SECOND - 1, &retry),
                       -EAGAIN);
        expect_integer(retry, 1);
        expect_integer(ask(config, meter, &a, now + day + quarter - 100 * SECOND, &retry), 0);
        expect_integer(ask(config, meter, &a, now + day + quarter - 100 * SECOND, &retry), -EAGAIN);
        expect_integer(retry, quarter);
        /* Two days of silence. */
        now += 4 * day;
        for (int i = 0; i < 3; i++)
                expect_integer(ask(config, meter, &a, now, &retry), 0);
        expect_integer(ask(config, meter, &a, now, &retry), -EAGAIN);
}

/* Never more than the limit in any day, however the requests fall. */
static void test_per_day_any(void)
{
        _cleanup_(grant_meter_freep) struct grant_meter *meter = new_meter();
        _cleanup_(config_freep) struct config *config =
                parse("[Grant g]\nKey=k\nMethods=Sign\nRate=5/h\nPerDay=50\n");
        const uint64_t minute = 60 * SECOND;
        static uint64_t allowed[8 * 1440];
        struct caller a = caller_of(1, "");
        size_t count = 0;
        uint64_t retry;

        for (uint64_t now = 0; now < 8 * 1440; now++)
                if (ask(config, meter, &a, now * minute, &retry) == 0)
                        allowed[count++] = now;
        expect(count >= 7 * 50);
        for (size_t i = 50; i < count; i++)
                expect(allowed[i] - allowed[i - 50] >= 1440);
}

/* A rate and a day: both have to have room, and one that has none costs the other nothing. */
static void test_rate_and_day(void)
{
        _cleanup_(grant_meter_freep) struct grant_meter *meter = new_meter();
        _cleanup_(config_freep) struct config *config =
                parse("[Grant g]\nKey=k\nMethods=Sign\nRate=1/s\nPerDay=2\n");
        _cleanup_(config_freep) struct config *more =
                parse("[Grant g]\nKey=k\nMethods=Sign\nPerDay=3\n");
        struct caller a = caller_of(1, "");
        uint64_t now = SECOND, retry;

        expect_integer(ask(config, meter, &a, now, &retry), 0);
        expect_integer(ask(config, meter, &a, now, &retry), -EAGAIN);
        expect_integer(retry, SECOND);
        expect_integer(ask(config, meter, &a, now + SECOND, &retry), 0);
        expect_integer(ask(config, meter, &a, now + 2 * SECOND, &retry), -EAGAIN);
        expect(retry > 86000 * SECOND);
        /* A reload without a rate, and with a longer day. */
        expect_integer(ask(more, meter, &a, now + 2 * SECOND, &retry), 0);
        expect_integer(ask(more, meter, &a, now + 2 * SECOND, &retry), -EAGAIN);
        expect_integer(ask(config, meter, &a, now + 3 * SECOND, &retry), -EAGAIN);
}

/* Whoever logs in again is nobody else. */
static void test_sessions(void)
{
        _cleanup_(grant_meter_freep) struct grant_meter *meter = new_meter();
        _cleanup_(config_freep) struct config *config =
                parse("[Grant g]\nKey=k\nUser=1\nMethods=Sign\nRate=1/s\n");
        struct caller one = caller_of(1, "session-1.scope"), two = caller_of(1, "session-2.scope");
        uint64_t retry;

        expect_integer(ask(config, meter, &one, SECOND, &retry), 0);
        expect_integer(ask(config, meter, &two, SECOND, &retry), -EAGAIN);
}

static void test_second_grant(void)
{
        _cleanup_(grant_meter_freep) struct grant_meter *meter = new_meter();
        _cleanup_(config_freep) struct config *config =
                parse("[Grant slow]\nKey=k\nMethods=Sign\nRate=1/h\n"
                      "[Grant fast]\nKey=k\nMethods=Sign\nRate=1/s\n");
        struct caller a = caller_of(1, "a.service");
        struct grant_request request = {&a, "Sign", "k", 0, NULL};
        struct grant_decision decision = {};
        struct problem problem = {};

        expect_integer(grant_decide(config, meter, &request, &decision, NULL), 0);
        expect_text(view_string(decision.grant), "slow");
        /* The other one would be more than either gives. */
        expect_integer(grant_decide(config, meter, &request, &decision, &problem), -EAGAIN);
        expect_text(view_string(decision.grant), "slow");
        expect_integer(decision.retry_usec, 3600 * SECOND);
        expect_text(view_string(problem.text),
                    "grant \"slow\" allows this caller no more now, again in 3600000 ms");
}

static void test_reload(void)
{
        _cleanup_(grant_meter_freep) struct grant_meter *meter = new_meter();
        _cleanup_(config_freep) struct config *config =
                parse("[Grant g]\nKey=k\nMethods=Sign\nRate=10/s\n");
        _cleanup_(config_freep) struct config *same =
                parse("[Grant other]\nKey=x\nMethods=Sign\n"
                      "[Grant g]\nKey=k\nMethods=Sign\nRate=10/s\n");
        _cleanup_(config_freep) struct config *larger =
                parse("[Grant g]\nKey=k\nMethods=Sign\nRate=60/h\nBurst=12\n");
        struct caller a = caller_of(1, "a.service");
        uint64_t retry;

        for (int i = 0; i < 10; i++)
                expect_integer(ask(config, meter, &a, 0, &retry), 0);
        config = config_free(config);
        expect_integer(ask(same, meter, &a, 0, &retry), -EAGAIN);
        expect_integer(retry, 100000);
        /* Ten of now twelve are used up. */
        expect_integer(ask(larger, meter, &a, 0, &retry), 0);
        expect_integer(ask(larger, meter, &a, 0, &retry), 0);
        expect_integer(ask(larger, meter, &a, 0, &retry), -EAGAIN);
        expect_integer(retry, 60 * SECOND);
}

static void test_full_table(void)
{
        _cleanup_(grant_meter_freep) struct grant_meter *meter = new_meter();
        _cleanup_(config_freep) struct config *config =
                parse("[Grant g]\nKey=k\nMethods=Sign\nRate=1/s\n");
        struct caller caller;
        uint64_t retry;

        for (uid_t uid = 0; uid < GRANT_BUCKETS_MAX; uid++) {
                caller = caller_of(uid, "");
                expect_integer(ask(config, meter, &caller, uid, &retry), 0);
        }
        caller = caller_of(GRANT_BUCKETS_MAX, "");
        expect_integer(ask(config, meter, &caller, GRANT_BUCKETS_MAX, &retry), -EAGAIN);
        expect_integer(retry, SECOND - GRANT_BUCKETS_MAX);
        /* Nobody got a fresh bucket. */
        caller = caller_of(0, "");
        expect_integer(ask(config, meter, &caller, GRANT_BUCKETS_MAX, &retry), -EAGAIN);
        /* The first one is full again and makes room, for one. */
        caller = caller_of(GRANT_BUCKETS_MAX, "");
        expect_integer(ask(config, meter, &caller, SECOND, &retry), 0);
        caller = caller_of(GRANT_BUCKETS_MAX + 1, "");
        expect_integer(ask(config, meter, &caller, SECOND, &retry), -EAGAIN);
        expect_integer(retry, 1);
        expect_integer(ask(config, meter, &caller, 3 * SECOND, &retry), 0);
}

int main(void)
{
        test_decisions();
        test_no_grants();
        test_rate();
        test_slow_rate();
        test_per_day();
        test_per_day_any();
        test_rate_and_day();
        test_sessions();
        test_second_grant();
        test_reload();
        test_full_table();
        return test_result();
}
