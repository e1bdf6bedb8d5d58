/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/token-rig.h"

static int is_wrong_pin(void)
{
        return token_state(rig.token) == TOKEN_WRONG_PIN;
}

static int is_locked_out(void)
{
        return token_state(rig.token) == TOKEN_LOCKED_OUT;
}

/* A PIN is tried once, whatever the number of processes, until somebody says otherwise. */
static void test_wrong_pin(void)
{
        static const struct {
                const char *script;
                int (*holds)(void);
        } rows[] = {
                {"open * error WRONG_PIN", is_wrong_pin},
                {"load * error WRONG_PIN", is_wrong_pin},
                {"open * error LOCKED_OUT", is_locked_out},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                test_label = rows[i].script;
                start(4, LONG_USEC, rows[i].script, NULL);
                submit_many(3);
                run_until(rows[i].holds, "the token to refuse");
                RUN_UNTIL(all_answered);
                expect_integer(answers(-ENODEV), 3);
                expect_text(view_string(token_reason(rig.token)), "the script said so");
                run_for(500000);
                submit_many(3);
                RUN_UNTIL(all_answered);
                expect_integer(answers(-ENODEV), 6);
                expect_integer(starts(), 1);
                token_retry(rig.token, 0); /* nobody says that the PIN is right */
                run_for(300000);
                expect_integer(starts(), 1);
                expect(token_has_refused(rig.token));
                token_retry(rig.token, 1);
                expect(!token_has_refused(rig.token));
                expect_integer(token_state(rig.token), TOKEN_STARTING);
                run_until(rows[i].holds, "the token to refuse again");
                run_for(300000);
                expect_integer(starts(), 2);
                set_script("");
                token_retry(rig.token, 1);
                RUN_UNTIL(all_ready);
                expect_integer(starts(), 6);
                submit_many(20);
                RUN_UNTIL(all_answered);
                expect_integer(answers(0), 20);
                stop();
        }
}

static int two_are_lost(void)
{
        return token_figures(rig.token).restarts >= 2 && all_answered();
}

static int all_are_lost(void)
{
        if (token_figures(rig.token).ready > 0 && all_answered())
                (void)submit();
        return token_figures(rig.token).ready == 0 && all_answered();
}

/* The PIN is changed while processes run: the first new process is refused, and no other one tries,
 * however many of the old ones are lost. */
static void test_pin_changed(void)
{
        test_label = "PIN changed";
        start(4, LONG_USEC, "sign 1 exit", "sign 40 exit");
        RUN_UNTIL(all_ready);
        set_script("open * error WRONG_PIN");
        (void)submit(); /* the first process ends with it, and a new one is refused */
        submit_many(3);
        RUN_UNTIL(two_are_lost);
        expect_integer(starts(), 5);
        expect_integer(token_state(rig.token), TOKEN_READY);
        RUN_UNTIL(all_are_lost);
        run_for(500000);
        expect_integer(starts(), 5);
        expect_integer(token_state(rig.token), TOKEN_WRONG_PIN);
        set_script("");
        token_retry(rig.token, 1);
        RUN_UNTIL(all_ready);
        expect_integer(starts(), 9);
        stop();
}

static int one_more_is_lost(void)
{
        return token_figures(rig.token).restarts >= 3;
}

/* Told that the PIN is right, one process tries it, not one for each that is missing. */
static void test_told_while_ready(void)
{
        test_label = "told while ready";
        start(4, LONG_USEC, "sign 1 exit", "");
        RUN_UNTIL(all_ready);
        set_script("open * error WRONG_PIN");
        (void)submit();
        RUN_UNTIL(two_are_lost);
        expect_integer(starts(), 5);
        token_retry(rig.token, 1);
        RUN_UNTIL(one_more_is_lost);
        run_for(300000);
        expect_integer(starts(), 6);
        expect(token_has_refused(rig.token));
        expect_integer(token_state(rig.token), TOKEN_READY);
        set_script("");
        token_retry(rig.token, 1);
        RUN_UNTIL(all_ready);
        expect_integer(starts(), 7);
        stop();
}

/* What an earlier run knew. */
static void test_refused_before(void)
{
        static const struct problem reason = {"an earlier run was refused"};

        test_label = "refused before";
        start(2, LONG_USEC, "", NULL);
        token_refuse(rig.token, -EBUSY, &reason);
        expect_integer(token_state(rig.token), TOKEN_LOCKED_OUT);
        submit_many(2);
        RUN_UNTIL(all_answered);
        expect_integer(answers(-ENODEV), 2);
        expect_text(view_string(rig.requests[0].problem.text), reason.text);
        run_for(300000);
        expect_integer(starts(), 0);
        token_retry(rig.token, 1);
        RUN_UNTIL(all_ready);
        stop();
}

/* Refused for one signature, the PIN would be for the next one: no further request reaches it. */
static void test_wrong_pin_for_signature(void)
{
        test_label = "wrong PIN for a signature";
        start(1, LONG_USEC, "sign 2 error WRONG_PIN", NULL);
        RUN_UNTIL(all_ready);
        submit_many(10);
        RUN_UNTIL(all_answered);
        expect_integer(answers(0), 1);
        expect_integer(rig.requests[1].error, -EACCES);
        expect_text(view_string(rig.requests[1].problem.text), "the script said so");
        expect_integer(answers(-ECONNRESET) + answers(-ENODEV), 8);
        expect_integer(token_state(rig.token), TOKEN_WRONG_PIN);
        run_for(300000);
        expect_integer(starts(), 1);
        stop();
}

static int four_restarts(void)
{
        return token_figures(rig.token).restarts >= 4;
}

/* A process that dies at once is started again later and later; meanwhile operations are refused at
 * once. */
static void test_backoff(void)
{
        uint64_t begin = now_usec();

        test_label = "backoff";
        start(2, LONG_USEC, "open * exit", NULL);
        submit_many(2);
        RUN_UNTIL(is_backing_off);
        RUN_UNTIL(all_answered);
        expect_integer(answers(-ENODEV), 2);
        submit_many(1);
        RUN_UNTIL(all_answered);
        expect_integer(answers(-ENODEV), 3);
        expect(now_usec() - begin < LONG_USEC);
        RUN_UNTIL(four_restarts);
        expect(now_usec() - begin >= 700000); /* 100 ms, 200 ms, 400 ms */
        expect_integer(starts(), 4);
        expect(strlen(token_reason(rig.token)) > 0);
        set_script("");
        token_retry(rig.token, 1); /* now, not in 800 ms */
        RUN_UNTIL(all_ready);
        expect_text(view_string(token_reason(rig.token)), "");
        stop();
}

/* An OPEN that is never answered is late like any other request. */
static void test_open_hangs(void)
{
        test_label = "open hangs";
        start(1, SHORT_USEC, "open 1 hang", NULL);
        submit_many(2);
        RUN_UNTIL(is_backing_off);
        RUN_UNTIL(all_answered);
        expect_integer(answers(-ENODEV), 2);
        expect_contains(token_reason(rig.token), "no answer to open within 1500 ms");
        stop();
}

int main(int argc, char **argv)
{
        assert(argc == 2); /* the path of hallmark-fake */
        rig_init(argv[1]);
        make_key();
        test_wrong_pin();
        test_pin_changed();
        test_told_while_ready();
        test_refused_before();
        test_wrong_pin_for_signature();
        test_backoff();
        test_open_hangs();
        rig_done();
        return test_result();
}
