/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "agent/clock.h"
#include "agent/token-state.h"
#include "lib/file.h"
#include "lib/pin-turn.h"

void token_set_state(struct token *token, enum token_state state, const struct problem *reason)
{
        int changed = token->state != state;

        token->state = state;
        token->reason = reason ? *reason : (struct problem){};
        if (changed)
                token->events.state_changed(token, token->events.context);
}

void token_fail_all(struct token *token, struct operation_queue *queue, int error)
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
        for (uint32_t i = 0; i < token->config->workers && !token->ending; i++)
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

static int is_held(const struct token *token, const struct operation *operation)
{
        return token->held.text[0] != '\0' && operation->kind == FRAME_SIGN;
}

void token_dispatch(struct token *token)
{
        struct operation *operation = token->queue.first, *next;

        for (; operation && has_room(token); operation = next) {
                struct problem problem = {};
                struct worker *worker;
                int r;

                next = operation->next;
                if (is_held(token, operation))
                        continue;
                if (operation->is_wanted && !operation->is_wanted(operation)) {
                        operation_queue_remove(&token->queue, operation);
                        operation->done(operation, -ECANCELED, view_of(NULL, 0), &problem);
                        next = token->queue.first; /* done() may have changed the queue */
                        continue;
                }
                worker = find_worker(token, operation);
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
                token_fail_all(token, &token->queue,
                               -ENODEV); /* better refused than without a deadline */
}

static int on_expiry(sd_event_source *source, uint64_t usec, void *context)
{
        struct token *token = context;
        struct problem problem = {};

        (void)problem_set(&problem, -ENODEV, "waited %llu ms, and %s",
                          (unsigned long long)token->config->timeout_usec / 1000,
                          token->held.text[0] ? token->held.text : "no driver process was free");
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

        token_fail_all(token, &token->rejected, token->state == TOKEN_READY ? -EAGAIN : -ENODEV);
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
        token_dispatch(token);
}

void token_submit(struct token *token, struct operation *operation)
{
        submit(token, operation, operation_queue_push);
}

void token_submit_first(struct token *token, struct operation *operation)
{
        submit(token, operation, operation_queue_unshift);
}

void token_hold(struct token *token, const char *reason)
{
        token->held = (struct problem){};
        (void)problem_set(&token->held, -ENODEV, "%s", reason);
}

void token_release(struct token *token)
{
        if (!token->held.text[0])
                return;
        token->held = (struct problem){};
        token_dispatch(token);
}

const char *token_held(const struct token *token)
{
        return token->held.text;
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
        token->pin_fd = -1;
        r = find_program(drivers, config->driver, &token->program, problem);
        if (r == 0)
                r = pin_turn_new(&token->pin_fd);
        if (r == 0)
                r = token_make_seats(token);
        if (r >= 0)
                r = sd_event_add_defer(event, &token->reject, on_reject, token);
        if (r >= 0)
                r = sd_event_source_set_enabled(token->reject, SD_EVENT_OFF);
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
        token_fail_all(token, &token->queue, -ENODEV);
        token_fail_all(token, &token->rejected, -ENODEV);
        sd_event_source_disable_unref(token->reject);
        sd_event_source_disable_unref(token->expiry);
        facts_done(&token->facts);
        fd_closep(&token->pin_fd);
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
