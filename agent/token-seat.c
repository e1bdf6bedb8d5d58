/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "agent/clock.h"
#include "agent/token-state.h"
#include "lib/pin-turn.h"

#define BACKOFF_FIRST_USEC ((uint64_t)100000)
#define BACKOFF_LAST_USEC  ((uint64_t)5000000)
#define STABLE_USEC        ((uint64_t)1000000) /* a process that lived this long is restarted at once */

static void start_process(struct seat *seat);

static void start_others(struct token *token)
{
        for (uint32_t i = 0; i < token->config->workers && !token->refused; i++)
                if (worker_state(token->seats[i].worker) == WORKER_DOWN &&
                    sd_event_source_get_enabled(token->seats[i].restart, NULL) == 0)
                        start_process(&token->seats[i]);
}

/* 1: it was not known. Facts are for people; without memory there are fewer of them. */
static int learn_one(struct facts *known, const char *name, const char *value)
{
        for (size_t i = 0; i < known->count; i++) {
                char *copy;

                if (!string_equal(known->pair[i].name, name))
                        continue;
                if (string_equal(known->pair[i].value, value))
                        return 0;
                copy = strdup(value);
                if (!copy)
                        return 0;
                free(known->pair[i].value);
                known->pair[i].value = copy;
                return 1;
        }
        return facts_add(known, name, value) == 0;
}

void token_learn(struct token *token, const struct facts *facts)
{
        int changed = 0;

        for (size_t i = 0; i < facts->count; i++)
                changed |= learn_one(&token->facts, facts->pair[i].name, facts->pair[i].value);
        if (changed && token->events.learned)
                token->events.learned(token, token->events.context);
}

static void on_worker_learned(struct worker *worker, const struct facts *facts, void *context)
{
        struct seat *seat = context;

        token_learn(seat->token, facts);
}

static void on_worker_ready(struct worker *worker, const struct facts *facts, void *context)
{
        struct seat *seat = context;
        struct token *token = seat->token;

        seat->ready_usec = clock_now();
        seat->backoff_usec = 0;
        token_learn(token, facts);
        token_set_state(token, TOKEN_READY, NULL);
        start_others(token);
        token_dispatch(token);
}

static void on_worker_evidence(struct worker *worker, struct operation *operation,
                               const struct operation_evidence *evidence, void *context)
{
        struct seat *seat = context;
        struct token *token = seat->token;

        if (token->events.evidence)
                token->events.evidence(token, operation, evidence, token->events.context);
}

static void on_worker_idle(struct worker *worker, void *context)
{
        struct seat *seat = context;

        token_dispatch(seat->token);
}

static int is_any(const struct token *token, enum worker_state state)
{
        for (uint32_t i = 0; i < token->config->workers; i++)
                if (worker_state(token->seats[i].worker) == state)
                        return 1;
        return 0;
}

static int restart_at(struct seat *seat, uint64_t usec)
{
        int r = sd_event_source_set_time(seat->restart, usec);

        return r < 0 ? r : sd_event_source_set_enabled(seat->restart, SD_EVENT_ONESHOT);
}

/* No process is ready any more, or none has been: what does that make of the token? */
static void fall_back(struct token *token, int error, int at_once, const struct problem *problem)
{
        if (error == -EACCES)
                token_set_state(token, TOKEN_WRONG_PIN, problem);
        else if (error == -EBUSY)
                token_set_state(token, TOKEN_LOCKED_OUT, problem);
        else
                token_set_state(token, at_once ? TOKEN_STARTING : TOKEN_BACKING_OFF, problem);
        if (token->state != TOKEN_STARTING)
                token_fail_all(token, &token->queue, -ENODEV);
}

/* A secret that is refused after it was good has been changed in the token: all processes have the
 * old one, and each would spend a try on it. */
static void end_others(struct token *token)
{
        struct problem problem = {};

        (void)problem_set(&problem, -ECANCELED, "the token has refused its PIN to another process");
        token->ending = 1;
        for (uint32_t i = 0; i < token->config->workers; i++)
                worker_end(token->seats[i].worker, &problem);
        token->ending = 0;
}

static void on_worker_lost(struct worker *worker, int error, const struct problem *problem,
                           void *context)
{
        struct seat *seat = context;
        struct token *token = seat->token;
        int was_ready = seat->ready_usec > 0;
        int at_once = was_ready && clock_now() - seat->ready_usec >= STABLE_USEC;
        struct problem reason = {};

        (void)problem_set(&reason, error, "%s", problem_text(problem, error));
        if (error == -EACCES || error == -EBUSY) {
                token->refused = error;
                token->refusal = reason;
        }
        if (token->events.process_lost && (was_ready || error == -ETIME || token->refused == error))
                token->events.process_lost(token, error, &reason, token->events.context);
        token->restarts++;
        seat->ready_usec = 0;
        if (error == -EACCES && was_ready)
                end_others(token);
        if (!at_once)
                seat->backoff_usec =
                        seat->backoff_usec == 0 ? BACKOFF_FIRST_USEC : 2 * seat->backoff_usec;
        if (seat->backoff_usec > BACKOFF_LAST_USEC)
                seat->backoff_usec = BACKOFF_LAST_USEC;
        if (!token->refused &&
            restart_at(seat, clock_now() + (at_once ? 0 : seat->backoff_usec)) < 0)
                at_once = 0;
        if (is_any(token, WORKER_READY))
                token_dispatch(token);
        else if (token->refused)
                fall_back(token, token->refused, 0, &token->refusal);
        else
                fall_back(token, error, at_once, &reason);
}

static const struct token_key *on_key_at(struct worker *worker, size_t index, void *context)
{
        struct seat *seat = context;

        return seat->token->events.key_at(seat->token, index, seat->token->events.context);
}

static void start_process(struct seat *seat)
{
        struct problem problem = {};
        int final_try = seat->token->final_try, r;

        seat->token->final_try = 0;
        r = worker_start(seat->worker, seat->token->program, seat->token->pin_fd, final_try,
                         &problem);
        if (r < 0)
                on_worker_lost(seat->worker, r, &problem, seat);
}

/* Until one process has shown that the PIN is right, no second one may try it. */
static int on_restart(sd_event_source *source, uint64_t usec, void *context)
{
        struct seat *seat = context;
        struct token *token = seat->token;

        if (worker_state(seat->worker) != WORKER_DOWN || token->refused)
                return 0;
        if (!is_any(token, WORKER_READY) && is_any(token, WORKER_OPENING))
                return 0; /* start_others() comes when that one is ready */
        start_process(seat);
        return 0;
}

int token_make_seats(struct token *token)
{
        int r = 0;

        token->seats = calloc(token->config->workers, sizeof(*token->seats));
        if (!token->seats)
                return -ENOMEM;
        for (uint32_t i = 0; i < token->config->workers && r >= 0; i++) {
                struct seat *seat = &token->seats[i];
                const struct worker_events events = {on_key_at,
                                                     on_worker_ready,
                                                     on_worker_idle,
                                                     on_worker_lost,
                                                     on_worker_learned,
                                                     on_worker_evidence,
                                                     seat};

                seat->token = token;
                r = worker_new(token->event, token->config, &events, &seat->worker);
                if (r == 0)
                        r = sd_event_add_time(token->event, &seat->restart, CLOCK_MONOTONIC, 0,
                                              1000, on_restart, seat);
                if (r >= 0)
                        r = sd_event_source_set_enabled(seat->restart, SD_EVENT_OFF);
        }
        return r < 0 ? r : restart_at(&token->seats[0], 0);
}

static void start_one(struct token *token)
{
        for (uint32_t i = 0; i < token->config->workers; i++)
                if (worker_state(token->seats[i].worker) == WORKER_DOWN) {
                        start_process(&token->seats[i]);
                        return;
                }
}

void token_refuse(struct token *token, int error, const struct problem *reason)
{
        token->refused = error;
        token->refusal = *reason;
        fall_back(token, error, 0, reason);
}

int token_has_refused(const struct token *token)
{
        return token->refused != 0;
}

void token_retry(struct token *token, int told)
{
        if (token->refused && !told)
                return;
        token->final_try = token->refused != 0;
        token->refused = 0;
        pin_turn_reset(token->pin_fd);
        /* One tries; on_worker_ready() starts the others. */
        if (is_any(token, WORKER_READY) && token->final_try)
                start_one(token);
        else if (is_any(token, WORKER_READY))
                start_others(token);
        if (is_any(token, WORKER_READY) || is_any(token, WORKER_OPENING))
                return;
        token_set_state(token, TOKEN_STARTING, NULL);
        start_process(&token->seats[0]);
}
