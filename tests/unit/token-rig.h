/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

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
 */

#define OPERATIONS_MAX 5000
#define PATIENCE_USEC  ((uint64_t)60 * 1000000)
#define SHORT_USEC     ((uint64_t)1500000) /* a busy machine does not make it late */
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

static inline uint64_t now_usec(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static inline void set_script(const char *text)
{
        folder_write(&rig.folder, "script", view_string(text));
}

/* How often a driver process was started. */
static inline size_t starts(void)
{
        _cleanup_(buf_done) struct buf log = {};
        int r = file_read(rig.folder.fd, "starts", &log, NULL);

        return r == -ENOENT ? 0 : log.size;
}

static inline void on_state(struct token *token, void *context)
{
        if (token_state(token) != TOKEN_READY)
                return;
        rig.readies++;
        if (rig.later)
                set_script(rig.later);
}

static inline const struct token_key *key_at(struct token *token, size_t index, void *context)
{
        return rig.has_key && index == 0 ? &rig.key : NULL;
}

static inline void start(uint32_t workers, uint64_t timeout_usec, const char *script,
                         const char *later)
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
static inline void run_until(int (*holds)(void), const char *what)
{
        uint64_t end = now_usec() + PATIENCE_USEC;
        int r = 0;

        while (r >= 0 && !holds() && now_usec() < end)
                r = sd_event_run(rig.event, 100000);
        expect_at(holds(), what, __FILE__, __LINE__);
}

#define RUN_UNTIL(holds) run_until(holds, #holds)

static inline int all_ready(void)
{
        return token_figures(rig.token).ready == rig.config.workers;
}

static inline int all_answered(void)
{
        return rig.answered == rig.count;
}

static inline int is_backing_off(void)
{
        return token_state(rig.token) == TOKEN_BACKING_OFF;
}

static uint64_t quiet_until;

static inline int quiet_is_over(void)
{
        return now_usec() >= quiet_until;
}

/* For what must not happen: the time in which it would. */
static inline void run_for(uint64_t usec)
{
        quiet_until = now_usec() + usec;
        run_until(quiet_is_over, "the time to pass");
}

static inline struct request *submit(void);

static inline void on_done(struct operation *operation, int error, struct view answer,
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

static inline struct request *submit(void)
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

static inline void submit_many(size_t count)
{
        while (count-- > 0)
                (void)submit();
}

/* How many of the requests were answered so. Each is answered once. */
static inline size_t answers(int error)
{
        size_t found = 0;

        for (size_t i = 0; i < rig.count; i++) {
                expect_integer(rig.requests[i].answers, 1);
                found += rig.requests[i].error == error;
        }
        return found;
}

static inline void stop(void)
{
        rig.token = token_free(rig.token);
        RUN_UNTIL(all_answered);
        test_label = "";
}

static inline void on_generated(struct operation *operation, int error, struct view answer,
                                const struct problem *problem)
{
        struct reader reader = reader_init(answer);
        int r;

        expect_integer(error, 0);
        rig.key.algorithm = operation->algorithm;
        rig.key.handle = view_dup(reader_sized(&reader));
        r = pubkey_from_spki(reader_sized(&reader), &rig.key.pubkey);
        expect_integer(r, 0);
        expect_view(reader_sized(&reader), view_string("")); /* the fake attests no creation */
        expect_integer(reader_end(&reader), 0);
        rig.answered++;
}

/* The key of all tests: made by a process of its own. */
static inline void make_key(void)
{
        static const struct facts none;
        struct operation generate = {.kind = FRAME_GENERATE,
                                     .options = &none,
                                     .algorithm = algorithm_find("ecdsa-p256"),
                                     .label = "model-1",
                                     .done = on_generated};

        start(1, LONG_USEC, "", NULL);
        RUN_UNTIL(all_ready);
        token_submit(rig.token, &generate);
        expect_integer(rig.answered, 0); /* never from within */
        rig.count = 1;
        RUN_UNTIL(all_answered);
        assert(rig.key.pubkey);
        stop();
        rig.has_key = 1;
}

/* A program that counts its starts and becomes the driver. */
static inline void make_program(void)
{
        char text[512];
        int length = snprintf(text, sizeof(text), "#!/bin/sh\nprintf x >>%s/starts\nexec %s\n",
                              rig.folder.path, fake);

        assert(length > 0 && length < (int)sizeof(text));
        folder_write(&rig.folder, "bin/hallmark-fake", view_string(text));
        expect_integer(fchmodat(rig.folder.fd, "bin/hallmark-fake", 0700, 0), 0);
}

static inline void rig_init(const char *program)
{
        sigset_t mask;
        int r;

        fake = program;
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

static inline void rig_done(void)
{
        free(rig.key.handle);
        pubkey_free(rig.key.pubkey);
        facts_done(&rig.config.settings);
        sd_event_unref(rig.event);
        folder_done(&rig.folder);
}
