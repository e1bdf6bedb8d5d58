/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/token.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "agent/clock.h"
#include "agent/worker.h"

#define BACKOFF_FIRST_USEC ((uint64_t)100000)
#define BACKOFF_LAST_USEC  ((uint64_t)5000000)
#define STABLE_USEC        ((uint64_t)1000000) /* a process that lived this long is restarted at once */

/* A place for a process, and when the next one may be started in it. */
struct seat {
        struct token *token;
        struct worker *worker;
        sd_event_source *restart;
        uint64_t ready_usec; /* when the last process became ready; 0: it never did */
        uint64_t backoff_usec;
};

struct token {
        sd_event *event;
        const struct config_token *config;
        char *program;
        struct token_events events;
        enum token_state state;
        struct problem reason;
        int refused; /* why no process may be started before somebody says so: -EACCES, -EBUSY */
        struct problem refusal;
        struct facts facts;
        struct seat *seats;
        unsigned restarts;
        struct operation_queue queue;
        struct operation_queue rejected; /* to be failed from the loop */
        sd_event_source *reject, *expiry;
};

static void set_state(struct token *token, enum token_state state, const struct problem *reason)
{
        int changed = token->state != state;

        token->state = state;
        token->reason = reason ? *reason : (struct problem){};
        if (changed)
                token->events.state_changed(token, token->events.context);
}

static void fail_all(struct token *token, struct operation_queue *queue, int error)
{
        struct operation *operation;

        while ((operation = operation_queue_pop(queue)))
                operation->done(operation, error, view_of(NULL, 0), &token->reason);
}

static struct worker *find_worker(const struct token *token, const struct operation *operation)
{
        struct worker *best = NULL;

        for (uint32_t i = 0; i < token->config->workers; i++) {
                struct worker *worker = token->seats[i].worker;

                if (worker_can_take(worker, operation) &&
                    (!best || worker_in_flight(worker) < worker_in_flight(best)))
                        best = worker;
        }
        return best;
}

static int has_room(const struct token *token)
{
        for (uint32_t i = 0; i < token->config->workers; i++)
                if (worker_state(token->seats[i].worker) == WORKER_READY &&
                    worker_in_flight(token->seats[i].worker) < WORKER_IN_FLIGHT_MAX)
                        return 1;
        return 0;
}

/* The reason why no process will ever be able to take it: all that are ready failed to load its
 * key. */
static int hopeless(const struct token *token, const struct operation *operation,
                    struct problem *ret)
{
        int error = 0;

        for (uint32_t i = 0; i < token->config->workers; i++) {
                if (worker_state(token->seats[i].worker) != WORKER_READY)
                        continue;
                error = worker_key_error(token->seats[i].worker, operation, ret);
                if (error == 0)
                        return 0;
        }
        return error;
}

/* Gives waiting operations to processes, oldest first; one whose key is still being loaded lets
 * others pass. */
static void dispatch(struct token *token)
{
        struct operation *operation = token->queue.first, *next;

        for (; operation && has_room(token); operation = next) {
                struct worker *worker = find_worker(token, operation);
                struct problem problem = {};
                int r;

                next = operation->next;
                r = worker ? 0 : hopeless(token, operation, &problem);
                if (!worker && r == 0)
                        continue;
                operation_queue_remove(&token->queue, operation);
                if (worker && worker_submit(worker, operation) == 0)
                        continue;
                if (worker) {
                        operation_queue_unshift(&token->queue, operation);
                        return; /* its socket is full: the next answer makes room */
                }
                operation->done(operation, r, view_of(NULL, 0), &problem);
                next = token->queue.first; /* done() may have changed the queue */
        }
}

static int on_expiry(sd_event_source *source, uint64_t usec, void *context);

/* Like the timer of a worker, it is left alone until it fires. */
static void arm_expiry(struct token *token)
{
        int r = 0;

        if (!token->queue.first)
                return;
        if (!token->expiry)
                r = sd_event_add_time(token->event, &token->expiry, CLOCK_MONOTONIC,
                                      token->queue.first->deadline_usec, 1000, on_expiry, token);
        else if (sd_event_source_get_enabled(token->expiry, NULL) == 0) {
                r = sd_event_source_set_time(token->expiry, token->queue.first->deadline_usec);
                if (r >= 0)
                        r = sd_event_source_set_enabled(token->expiry, SD_EVENT_ONESHOT);
        }
        if (r < 0)
                fail_all(token, &token->queue,
                         -ENODEV); /* better refused than without a deadline */
}

static int on_expiry(sd_event_source *source, uint64_t usec, void *context)
{
        struct token *token = context;
        struct problem problem = {};

        (void)problem_set(&problem, -ENODEV, "waited %llu ms, and no driver process was free",
                          (unsigned long long)token->config->timeout_usec / 1000);
        while (token->queue.first && token->queue.first->deadline_usec <= clock_now()) {
                struct operation *operation = operation_queue_pop(&token->queue);

                operation->done(operation, -ENODEV, view_of(NULL, 0), &problem);
        }
        arm_expiry(token);
        return 0;
}

static int on_reject(sd_event_source *source, void *context)
{
        struct token *token = context;

        fail_all(token, &token->rejected, token->state == TOKEN_READY ? -EAGAIN : -ENODEV);
        return 0;
}

static void submit(struct token *token, struct operation *operation,
                   void (*add)(struct operation_queue *queue, struct operation *operation))
{
        int hopeful = token->state == TOKEN_READY || token->state == TOKEN_STARTING;

        operation->deadline_usec = clock_now() + token->config->timeout_usec;
        if (!hopeful || token->queue.count >= TOKEN_QUEUE_MAX) {
                operation_queue_push(&token->rejected, operation);
                (void)sd_event_source_set_enabled(token->reject, SD_EVENT_ONESHOT);
                return;
        }
        add(&token->queue, operation);
        arm_expiry(token);
        dispatch(token);
}

void token_submit(struct token *token, struct operation *operation)
{
        submit(token, operation, operation_queue_push);
}

void token_submit_first(struct token *token, struct operation *operation)
{
        submit(token, operation, operation_queue_unshift);
}

static void start_process(struct seat *seat);

static void start_others(struct token *token)
{
        for (uint32_t i = 0; i < token->config->workers && !token->refused; i++)
                if (worker_state(token->seats[i].worker) == WORKER_DOWN &&
                    sd_event_source_get_enabled(token->seats[i].restart, NULL) == 0)
                        start_process(&token->seats[i]);
}

static void on_worker_ready(struct worker *worker, const struct facts *facts, void *context)
{
        struct seat *seat = context;
        struct token *token = seat->token;

        seat->ready_usec = clock_now();
        seat->backoff_usec = 0;
        facts_done(&token->facts);
        for (size_t i = 0; i < facts->count; i++)
                if (facts_add(&token->facts, facts->pair[i].name, facts->pair[i].value) < 0)
                        break; /* facts are for people; without memory there are fewer of them */
        set_state(token, TOKEN_READY, NULL);
        start_others(token);
        dispatch(token);
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

        dispatch(seat->token);
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
                set_state(token, TOKEN_WRONG_PIN, problem);
        else if (error == -EBUSY)
                set_state(token, TOKEN_LOCKED_OUT, problem);
        else
                set_state(token, at_once ? TOKEN_STARTING : TOKEN_BACKING_OFF, problem);
        if (token->state != TOKEN_STARTING)
                fail_all(token, &token->queue, -ENODEV);
}

static void on_worker_lost(struct worker *worker, int error, const struct problem *problem,
                           void *context)
{
        struct seat *seat = context;
        struct token *token = seat->token;
        int at_once = seat->ready_usec > 0 && clock_now() - seat->ready_usec >= STABLE_USEC;
        struct problem reason = {};

        (void)problem_set(&reason, error, "%s", problem_text(problem, error));
        if (error == -EACCES || error == -EBUSY) {
                token->refused = error;
                token->refusal = reason;
        }
        if (token->events.process_lost && (seat->ready_usec > 0 || error == -ETIME))
                token->events.process_lost(token, error, &reason, token->events.context);
        token->restarts++;
        seat->ready_usec = 0;
        if (!at_once)
                seat->backoff_usec =
                        seat->backoff_usec == 0 ? BACKOFF_FIRST_USEC : 2 * seat->backoff_usec;
        if (seat->backoff_usec > BACKOFF_LAST_USEC)
                seat->backoff_usec = BACKOFF_LAST_USEC;
        if (!token->refused &&
            restart_at(seat, clock_now() + (at_once ? 0 : seat->backoff_usec)) < 0)
                at_once = 0;
        if (is_any(token, WORKER_READY))
                dispatch(token);
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
        int r = worker_start(seat->worker, seat->token->program, &problem);

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

void token_retry(struct token *token)
{
        token->refused = 0;
        if (is_any(token, WORKER_READY))
                start_others(token);
        if (is_any(token, WORKER_READY) || is_any(token, WORKER_OPENING))
                return;
        set_state(token, TOKEN_STARTING, NULL);
        start_process(&token->seats[0]);
}

void token_add_key(struct token *token, const struct token_key *key)
{
        for (uint32_t i = 0; i < token->config->workers; i++)
                worker_add_key(token->seats[i].worker, key);
}

/* The first "hallmark-<driver>" in the folders of the list that can be executed. */
static int find_program(const char *drivers, const char *driver, char **ret,
                        struct problem *problem)
{
        char path[PATH_MAX];

        for (const char *folder = drivers; *folder;) {
                size_t length = strcspn(folder, ":");

                if (snprintf(path, sizeof(path), "%.*s/hallmark-%s", (int)length, folder, driver) <
                            (int)sizeof(path) &&
                    access(path, X_OK) == 0) {
                        *ret = strdup(path);
                        return *ret ? 0 : -ENOMEM;
                }
                folder += length + (folder[length] == ':');
        }
        return problem_set(problem, -ENOENT, "no program hallmark-%s in %s", driver, drivers);
}

static int make_seats(struct token *token)
{
        int r = 0;

        token->seats = calloc(token->config->workers, sizeof(*token->seats));
        if (!token->seats)
                return -ENOMEM;
        for (uint32_t i = 0; i < token->config->workers && r >= 0; i++) {
                struct seat *seat = &token->seats[i];
                const struct worker_events events = {on_key_at,          on_worker_ready,
                                                     on_worker_idle,     on_worker_lost,
                                                     on_worker_evidence, seat};

                seat->token = token;
                r = worker_new(token->event, token->config, &events, &seat->worker);
                if (r == 0)
                        r = sd_event_add_time(token->event, &seat->restart, CLOCK_MONOTONIC, 0,
                                              1000, on_restart, seat);
                if (r >= 0)
                        r = sd_event_source_set_enabled(seat->restart, SD_EVENT_OFF);
        }
        return r;
}

int token_new(sd_event *event, const struct config_token *config, const char *drivers,
              const struct token_events *events, struct token **ret, struct problem *problem)
{
        _cleanup_(token_freep) struct token *token = calloc(1, sizeof(*token));
        int r;

        if (!token)
                return -ENOMEM;
        token->event = event;
        token->config = config;
        token->events = *events;
        operation_queue_init(&token->queue);
        operation_queue_init(&token->rejected);
        r = find_program(drivers, config->driver, &token->program, problem);
        if (r == 0)
                r = make_seats(token);
        if (r >= 0)
                r = sd_event_add_defer(event, &token->reject, on_reject, token);
        if (r >= 0)
                r = sd_event_source_set_enabled(token->reject, SD_EVENT_OFF);
        if (r >= 0)
                r = restart_at(&token->seats[0],
                               0); /* from the loop, once the caller knows the token */
        if (r < 0)
                return problem_prefix(problem, r, "token %s", config->name);
        *ret = TAKE_PTR(token);
        return 0;
}

struct token *token_free(struct token *token)
{
        if (!token)
                return NULL;
        token->state = TOKEN_BACKING_OFF; /* whoever is answered now and asks again is refused */
        for (uint32_t i = 0; token->seats && i < token->config->workers; i++) {
                sd_event_source_disable_unref(token->seats[i].restart);
                worker_free(token->seats[i].worker);
        }
        free(token->seats);
        fail_all(token, &token->queue, -ENODEV);
        fail_all(token, &token->rejected, -ENODEV);
        sd_event_source_disable_unref(token->reject);
        sd_event_source_disable_unref(token->expiry);
        facts_done(&token->facts);
        free(token->program);
        free(token);
        return NULL;
}

const char *token_name(const struct token *token)
{
        return token->config->name;
}

const char *token_driver(const struct token *token)
{
        return token->config->driver;
}

enum token_state token_state(const struct token *token)
{
        return token->state;
}

const char *token_state_name(enum token_state state)
{
        static const char *const names[] = {"starting", "ready", "backing-off", "wrong-pin",
                                            "locked-out"};

        return names[state];
}

const char *token_reason(const struct token *token)
{
        return token->reason.text;
}

struct token_figures token_figures(const struct token *token)
{
        struct token_figures figures = {
                .workers = token->config->workers,
                .queued = (unsigned)token->queue.count,
                .restarts = token->restarts,
        };

        for (uint32_t i = 0; i < token->config->workers; i++) {
                figures.ready += worker_state(token->seats[i].worker) == WORKER_READY;
                figures.in_flight += worker_in_flight(token->seats[i].worker);
        }
        return figures;
}

const struct facts *token_facts(const struct token *token)
{
        return &token->facts;
}
