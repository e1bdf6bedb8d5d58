/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/token.h"
#include "lib/file.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/folder.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

/*
 * A token over the fake driver, whose faults a script orders. Every process reads the script when
 * it is opened, so that what is written when the token becomes ready is for all processes but the
 * first.
 *
 * usage: test-token HALLMARK_FAKE
 */

#define OPERATIONS_MAX 5000
#define PATIENCE_USEC  ((uint64_t)60 * 1000000)
#define SHORT_USEC     ((uint64_t)300000)
#define LONG_USEC      ((uint64_t)30 * 1000000)

struct request {
        struct operation operation;
        struct rig *rig;
        unsigned answers;
        int error;
        struct problem problem;
};

struct rig {
        struct folder folder;
        char drivers[80], script[80];
        sd_event *event;
        struct config_token config;
        struct token *token;
        const char *later; /* script for all processes but the first */
        unsigned readies;  /* times that the token became ready */

        struct token_key key;
        int has_key;
        struct request requests[OPERATIONS_MAX];
        size_t count, answered;
        int submits_again;
};

static const char *fake;
static struct rig rig;

static uint64_t now_usec(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void set_script(const char *text)
{
        folder_write(&rig.folder, "script", view_string(text));
}

/* How often a driver process was started. */
static size_t starts(void)
{
        _cleanup_(buf_done) struct buf log = {};
        int r = file_read(rig.folder.fd, "starts", &log, NULL);

        return r == -ENOENT ? 0 : log.size;
}

static void on_state(struct token *token, void *context)
{
        if (token_state(token) != TOKEN_READY)
                return;
        rig.readies++;
        if (rig.later)
                set_script(rig.later);
}

static const struct token_key *key_at(struct token *token, size_t index, void *context)
{
        return rig.has_key && index == 0 ? &rig.key : NULL;
}

static void start(uint32_t workers, uint64_t timeout_usec, const char *script, const char *later)
{
        static const struct token_events events = {.state_changed = on_state, .key_at = key_at};
        struct problem problem = {};

        rig.config.workers = workers;
        rig.config.timeout_usec = timeout_usec;
        rig.later = later;
        rig.readies = 0;
        rig.count = rig.answered = 0;
        rig.submits_again = 0;
        set_script(script);
        (void)unlinkat(rig.folder.fd, "starts", 0);
        expect_integer(
                token_new(rig.event, &rig.config, rig.drivers, &events, &rig.token, &problem), 0);
        expect_text(view_string(problem.text), "");
        assert(rig.token);
        expect_integer(token_state(rig.token), TOKEN_STARTING);
}

/* Turns the loop until @holds, and says so if that takes too long. */
static void run_until(int (*holds)(void), const char *what)
{
        uint64_t end = now_usec() + PATIENCE_USEC;
        int r = 0;

        while (r >= 0 && !holds() && now_usec() < end)
                r = sd_event_run(rig.event, 100000);
        expect_at(holds(), what, __FILE__, __LINE__);
}

#define RUN_UNTIL(holds) run_until(holds, #holds)

static int all_ready(void)
{
        return token_figures(rig.token).ready == rig.config.workers;
}

static int all_answered(void)
{
        return rig.answered == rig.count;
}

static int is_backing_off(void)
{
        return token_state(rig.token) == TOKEN_BACKING_OFF;
}

static uint64_t quiet_until;

static int quiet_is_over(void)
{
        return now_usec() >= quiet_until;
}

/* For what must not happen: the time in which it would. */
static void run_for(uint64_t usec)
{
        quiet_until = now_usec() + usec;
        run_until(quiet_is_over, "the time to pass");
}

static struct request *submit(void);

static void on_done(struct operation *operation, int error, struct view answer,
                    const struct problem *problem)
{
        struct request *request = operation->context;
        struct reader reader = reader_init(answer);

        request->answers++;
        request->error = error;
        request->problem = problem ? *problem : (struct problem){};
        rig.answered++;
        if (error == 0 && operation->kind == FRAME_SIGN) {
                struct view signature = reader_sized(&reader);

                expect_integer(reader_end(&reader), 0);
                expect_integer(pubkey_verify(rig.key.pubkey, rig.key.algorithm,
                                             view_of(operation->digest, 32), signature),
                               0);
        }
        if (error < 0 && rig.submits_again) {
                rig.submits_again--;
                (void)submit();
        }
}

static struct request *submit(void)
{
        struct request *request = &rig.requests[rig.count++];

        assert(rig.count <= OPERATIONS_MAX);
        *request = (struct request){
                .operation = {.kind = FRAME_SIGN,
                              .key = &rig.key,
                              .done = on_done,
                              .context = request},
        };
        request->operation.digest[0] = (uint8_t)rig.count;
        token_submit(rig.token, &request->operation);
        return request;
}

static void submit_many(size_t count)
{
        while (count-- > 0)
                (void)submit();
}

/* How many of the requests were answered so. Each is answered once. */
static size_t answers(int error)
{
        size_t found = 0;

        for (size_t i = 0; i < rig.count; i++) {
                expect_integer(rig.requests[i].answers, 1);
                found += rig.requests[i].error == error;
        }
        return found;
}

static void stop(void)
{
        rig.token = token_free(rig.token);
        RUN_UNTIL(all_answered);
        test_label = "";
}

static void on_generated(struct operation *operation, int error, struct view answer,
                         const struct problem *problem)
{
        struct reader reader = reader_init(answer);
        int r;

        expect_integer(error, 0);
        rig.key.algorithm = operation->algorithm;
        rig.key.handle = view_dup(reader_sized(&reader));
        r = pubkey_from_spki(reader_sized(&reader), &rig.key.pubkey);
        expect_integer(r, 0);
        expect_integer(reader_end(&reader), 0);
        rig.answered++;
}

/* The key of all other tests; it comes into being while the token runs. */
static void test_generate(void)
{
        struct operation generate = {.kind = FRAME_GENERATE,
                                     .algorithm = algorithm_find("ecdsa-p256"),
                                     .label = "model-1",
                                     .done = on_generated};

        test_label = "generate";
        start(3, LONG_USEC, "", NULL);
        RUN_UNTIL(all_ready);
        expect_integer(starts(), 3);
        expect_integer(rig.readies, 1);
        expect_text(view_string(facts_get(token_facts(rig.token), "model")), "fake");
        token_submit(rig.token, &generate);
        expect_integer(rig.answered, 0); /* never from within */
        rig.count = 1;
        RUN_UNTIL(all_answered);
        assert(rig.key.pubkey);
        rig.has_key = 1;
        rig.count = rig.answered = 0;
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
                {"sign 1 hang", SHORT_USEC, -ETIME, "no answer to sign within 300 ms"},
                {"sign 3 hang", SHORT_USEC, -ETIME, "no answer to sign within 300 ms"},
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
                {"sign 2 error LOCKED_OUT", -EBUSY},    {"sign 2 error WRONG_PIN", -EACCES},
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
                token_retry(rig.token);
                expect_integer(token_state(rig.token), TOKEN_STARTING);
                run_until(rows[i].holds, "the token to refuse again");
                run_for(300000);
                expect_integer(starts(), 2);
                set_script("");
                token_retry(rig.token);
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
        token_retry(rig.token);
        RUN_UNTIL(all_ready);
        expect_integer(starts(), 9);
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
        token_retry(rig.token); /* now, not in 800 ms */
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
        expect_contains(token_reason(rig.token), "no answer to open within 300 ms");
        stop();
}

/* An operation that no process was free for is not waited for without end. */
static void test_waiting_ends(void)
{
        test_label = "waiting ends";
        start(1, SHORT_USEC, "sign * delay 250", NULL);
        RUN_UNTIL(all_ready);
        submit_many(12);
        RUN_UNTIL(all_answered);
        expect(answers(0) >= 4);
        expect(answers(-ENODEV) >= 4);
        expect_integer(answers(0) + answers(-ENODEV), 12);
        expect_contains(rig.requests[11].problem.text, "waited 300 ms");
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
                const char *script;
                int error;
                const char *reason;
        } rows[] = {
                {"load 1 error TOKEN_FAILED", -EIO, "the script said so"},
                {"load 1 error NO_KEY", -ENOKEY, "the script said so"},
                {"load 1 truncate", -EIO, "answer to load: malformed"},
                {"load 1 wrong-key", -EKEYREJECTED,
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
                start(3, LONG_USEC, rows[i].script, NULL);
                RUN_UNTIL(all_ready);
                submit_many(5);
                RUN_UNTIL(all_answered);
                expect_integer(answers(rows[i].error), 5);
                expect_text(view_string(rig.requests[4].problem.text), rows[i].reason);
                stop();
        }
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

/* A program that counts its starts and becomes the driver. */
static void make_program(void)
{
        char text[512];
        int length = snprintf(text, sizeof(text), "#!/bin/sh\nprintf x >>%s/starts\nexec %s\n",
                              rig.folder.path, fake);

        assert(length > 0 && length < (int)sizeof(text));
        folder_write(&rig.folder, "bin/hallmark-fake", view_string(text));
        expect_integer(fchmodat(rig.folder.fd, "bin/hallmark-fake", 0700, 0), 0);
}

static void rig_init(void)
{
        sigset_t mask;
        int r;

        rig.folder = folder_new();
        (void)snprintf(rig.drivers, sizeof(rig.drivers), "%s/bin", rig.folder.path);
        (void)snprintf(rig.script, sizeof(rig.script), "%s/script", rig.folder.path);
        make_program();
        (void)sigemptyset(&mask);
        (void)sigaddset(&mask, SIGCHLD); /* as sd-event wants it */
        r = sigprocmask(SIG_BLOCK, &mask, NULL);
        if (r == 0)
                r = sd_event_new(&rig.event);
        assert(r == 0);
        rig.config.name = (char *)(uintptr_t) "card";
        rig.config.driver = (char *)(uintptr_t) "fake";
        r = facts_add(&rig.config.settings, "Script", rig.script);
        assert(r == 0);
}

int main(int argc, char **argv)
{
        assert(argc == 2);
        fake = argv[1];
        rig_init();
        test_generate();
        test_errors();
        test_loss();
        test_requeue();
        test_wrong_pin();
        test_pin_changed();
        test_backoff();
        test_open_hangs();
        test_waiting_ends();
        test_queue_limit();
        test_load_fails();
        test_free();
        test_no_program();
        free(rig.key.handle);
        pubkey_free(rig.key.pubkey);
        facts_done(&rig.config.settings);
        sd_event_unref(rig.event);
        folder_done(&rig.folder);
        return test_result();
}
