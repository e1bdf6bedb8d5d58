/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/token-rig.h"

/* A key that comes into being while processes run, and more operations than these can hold. */
static void test_serves(void)
{
        test_label = "serves";
        rig.has_key = 0;
        start(3, LONG_USEC, "", NULL);
        RUN_UNTIL(all_ready);
        expect_integer(starts(), 3);
        expect_integer(rig.readies, 1);
        expect_text(view_string(facts_get(token_facts(rig.token), "model")), "fake");
        rig.has_key = 1;
        token_add_key(rig.token, &rig.key);
        submit_many(500);
        expect(token_figures(rig.token).queued > 400);
        RUN_UNTIL(all_answered);
        expect_integer(answers(0), 500);
        expect_integer(token_figures(rig.token).in_flight, 0);
        stop();
}

/* One of two processes goes: what it was given fails, the rest goes on with the other one. */
static void test_loss(void)
{
        static const struct {
                const char *script;
                uint64_t timeout_usec;
                int error;
                const char *reason;
        } rows[] = {
                {"sign 1 hang", SHORT_USEC, -ETIME, "no answer to sign within 1500 ms"},
                {"sign 3 hang", SHORT_USEC, -ETIME, "no answer to sign within 1500 ms"},
                {"sign 1 crash", LONG_USEC, -ECONNRESET, "the driver process ended"},
                {"sign 1 exit", LONG_USEC, -ECONNRESET, "the driver process ended"},
                {"sign 1 wrong-id", LONG_USEC, -ECONNRESET, "a request that was not made"},
                {"sign 1 error GONE", LONG_USEC, -ECONNRESET, "the script said so"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                size_t lost;

                test_label = rows[i].script;
                start(2, rows[i].timeout_usec, rows[i].script, "");
                RUN_UNTIL(all_ready);
                submit_many(40);
                RUN_UNTIL(all_answered);
                lost = answers(rows[i].error);
                expect(lost >= 1 && lost <= 4); /* as many as are in flight at once */
                expect_integer(answers(0), 40 - lost);
                for (size_t j = 0; j < rig.count; j++)
                        if (rig.requests[j].error < 0)
                                expect_contains(rig.requests[j].problem.text, rows[i].reason);
                expect_integer(token_state(rig.token), TOKEN_READY);
                RUN_UNTIL(all_ready); /* and service is complete again */
                expect_integer(token_figures(rig.token).restarts, 1);
                expect_integer(starts(), 3);
                submit_many(10);
                RUN_UNTIL(all_answered);
                expect_integer(answers(0), 50 - lost);
                stop();
        }
}

/* An error that the driver can tell is of one operation, and the process goes on. */
static void test_errors(void)
{
        static const struct {
                const char *script;
                int error;
        } rows[] = {
                {"sign 2 error TOKEN_FAILED", -EIO},    {"sign 2 error NO_KEY", -ENOKEY},
                {"sign 2 error BAD_REQUEST", -EBADMSG}, {"sign 2 error UNSUPPORTED", -EOPNOTSUPP},
                {"sign 2 error LOCKED_OUT", -EBUSY},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                test_label = rows[i].script;
                start(1, LONG_USEC, rows[i].script, NULL);
                RUN_UNTIL(all_ready);
                submit_many(6);
                RUN_UNTIL(all_answered);
                expect_integer(rig.requests[1].error, rows[i].error);
                expect_text(view_string(rig.requests[1].problem.text), "the script said so");
                expect_integer(answers(0), 5);
                expect_integer(token_figures(rig.token).restarts, 0);
                stop();
        }
}

/* The only process goes after it has served for a while: the next one is started at once, and what
 * was not handed over yet waits for it. */
static void test_requeue(void)
{
        test_label = "requeue";
        start(1, LONG_USEC, "sign 1 exit", "");
        RUN_UNTIL(all_ready);
        run_for(1100000); /* long enough to count as stable */
        submit_many(20);
        RUN_UNTIL(all_answered);
        /* As many as were handed over before it was gone. */
        expect(answers(-ECONNRESET) >= 1 && answers(-ECONNRESET) <= 4);
        expect_integer(answers(0), 20 - answers(-ECONNRESET));
        expect_integer(rig.readies, 2);
        stop();
}

/* An operation that no process was free for is not waited for without end. */
static void test_waiting_ends(void)
{
        test_label = "waiting ends";
        start(1, SHORT_USEC, "sign * delay 200", NULL);
        RUN_UNTIL(all_ready);
        submit_many(60);
        RUN_UNTIL(all_answered);
        expect(answers(0) >= 4);
        expect(answers(-ENODEV) >= 4);
        expect_integer(answers(0) + answers(-ENODEV), 60);
        expect_contains(rig.requests[59].problem.text, "waited 1500 ms");
        expect_integer(token_figures(rig.token).restarts, 0);
        stop();
}

static void test_queue_limit(void)
{
        test_label = "queue limit";
        start(2, LONG_USEC, "", NULL);
        RUN_UNTIL(all_ready);
        submit_many(TOKEN_QUEUE_MAX + 8 + 5);
        RUN_UNTIL(all_answered);
        expect_integer(answers(0), TOKEN_QUEUE_MAX + 8);
        expect_integer(answers(-EAGAIN), 5);
        stop();
        test_label = "queue limit while starting";
        start(1, LONG_USEC, "open 1 delay 100", NULL);
        submit_many(TOKEN_QUEUE_MAX + 5);
        RUN_UNTIL(all_answered);
        expect_integer(answers(0), TOKEN_QUEUE_MAX);
        stop();
}

/* A key that some processes cannot load is served by the others; one that none can load is refused,
 * and says why. */
static void test_load_fails(void)
{
        static const struct {
                const char *script, *always;
                int error;
                const char *reason;
        } rows[] = {
                {"load 1 error TOKEN_FAILED", "load * error TOKEN_FAILED", -EIO,
                 "the script said so"},
                {"load 1 error NO_KEY", "load * error NO_KEY", -ENOKEY, "the script said so"},
                {"load 1 truncate", "load * truncate", -EIO, "answer to load: malformed"},
                {"load 1 wrong-key", "load * wrong-key", -EKEYREJECTED,
                 "the token holds another key under this handle"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                test_label = rows[i].script;
                start(3, LONG_USEC, "", rows[i].script);
                RUN_UNTIL(all_ready);
                submit_many(50);
                RUN_UNTIL(all_answered);
                expect_integer(answers(0), 50);
                stop();
                test_label = rows[i].script;
                start(3, LONG_USEC, rows[i].always, NULL);
                RUN_UNTIL(all_ready);
                submit_many(5);
                RUN_UNTIL(all_answered);
                expect_integer(answers(rows[i].error), 5);
                expect_text(view_string(rig.requests[4].problem.text), rows[i].reason);
                stop();
        }
}

/* Asked for again a while later, the key is there: a token that is put in may show it late. What is
 * wrong with the key itself stays wrong. */
static void test_load_again(void)
{
        test_label = "load again";
        start(1, LONG_USEC, "load 1 error NO_KEY", NULL);
        RUN_UNTIL(all_ready);
        (void)submit();
        RUN_UNTIL(all_answered);
        expect_integer(answers(-ENOKEY), 1);
        run_for(1100000);
        set_script("");
        submit_many(20);
        RUN_UNTIL(all_answered);
        expect_integer(answers(0), 20);
        expect(starts() >= 2); /* the first process had no other key */
        stop();
        start(1, LONG_USEC, "load 1 wrong-key", NULL);
        RUN_UNTIL(all_ready);
        run_for(1100000);
        submit_many(2);
        RUN_UNTIL(all_answered);
        expect_integer(answers(-EKEYREJECTED), 2);
        stop();
}

/* Whatever is under way when the token goes is answered, also what those who are answered ask for
 * then. */
static void test_free(void)
{
        static const char *const scripts[] = {"", "sign 1 hang", "open 1 hang"};

        for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
                test_label = scripts[i];
                start(2, LONG_USEC, scripts[i], NULL);
                if (i < 2)
                        RUN_UNTIL(all_ready);
                submit_many(30);
                rig.submits_again = 7;
                rig.token = token_free(rig.token);
                expect_integer(rig.answered, 37);
                expect_integer(answers(-ECONNRESET), i < 2 ? 8 : 0);
                expect_integer(answers(-ENODEV), i < 2 ? 29 : 37);
                stop();
        }
}

static void test_no_program(void)
{
        static const struct token_events events = {.state_changed = on_state, .key_at = key_at};
        struct problem problem = {};
        struct token *token = NULL;

        expect_integer(
                token_new(rig.event, &rig.config, "/absent:/nowhere", &events, &token, &problem),
                -ENOENT);
        expect(!token);
        expect_text(view_string(problem.text),
                    "token card: no program hallmark-fake in /absent:/nowhere");
}

int main(int argc, char **argv)
{
        assert(argc == 2); /* the path of hallmark-fake */
        rig_init(argv[1]);
        make_key();
        test_serves();
        test_errors();
        test_loss();
        test_requeue();
        test_waiting_ends();
        test_queue_limit();
        test_load_fails();
        test_load_again();
        test_free();
        test_no_program();
        rig_done();
        return test_result();
}
