/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "agent/clock.h"
#include "agent/process.h"
#include "agent/worker-state.h"
#include "lib/driver.h"

#define DRAIN_MAX 16 /* frames read before others get a turn */

int worker_new(sd_event *event, const struct config_token *config,
               const struct worker_events *events, struct worker **ret)
{
        _cleanup_(worker_freep) struct worker *worker = calloc(1, sizeof(*worker));

        if (!worker)
                return -ENOMEM;
        worker->event = event;
        worker->config = config;
        worker->events = *events;
        worker->fd = -1;
        worker->frame.limit = FRAME_SIZE_MAX;
        worker->received = malloc(FRAME_SIZE_MAX);
        if (!worker->received)
                return -ENOMEM;
        *ret = TAKE_PTR(worker);
        return 0;
}

/* sd-event reaps the process. The end of its socket, not this, says that it is lost. */
static int on_reaped(sd_event_source *source, const siginfo_t *status, void *context)
{
        struct worker *worker = context;

        if (!worker)
                return sd_event_source_set_floating(source, 0);
        worker->child = sd_event_source_unref(source);
        return 0;
}

/* Ends the process and leaves it to the event loop to reap, however long the kernel takes. While it
 * opens its token it may be logging in, and SoftHSM must not be killed in that: then the end of its
 * socket ends it, as soon as it looks. */
static void abandon_process(struct worker *worker, int opening)
{
        if (!worker->child)
                return;
        if (!opening) /* may be dead */
                (void)sd_event_source_send_child_signal(worker->child, SIGKILL, NULL, 0);
        (void)sd_event_source_set_userdata(worker->child, NULL);
        if (sd_event_source_set_floating(worker->child, 1) >= 0)
                sd_event_source_unref(worker->child);
        worker->child = NULL;
}

static void fail_flights(struct worker *worker, int error, const struct problem *problem)
{
        struct flight flights[FLIGHTS_MAX];
        size_t count = worker->flight_count;

        memcpy(flights, worker->flights, sizeof(flights));
        worker->flight_count = 0;
        for (size_t i = 0; i < count; i++)
                if (flights[i].operation)
                        flights[i].operation->done(flights[i].operation, error, view_of(NULL, 0),
                                                   problem);
}

void worker_down(struct worker *worker, int error, const struct problem *problem)
{
        int opening = worker->state == WORKER_OPENING && error == -ECANCELED;

        if (worker->state == WORKER_DOWN)
                return;
        worker->state = WORKER_DOWN;
        worker->io = sd_event_source_disable_unref(worker->io);
        worker->timer = sd_event_source_disable_unref(worker->timer);
        fd_closep(&worker->fd);
        worker->fd = -1;
        abandon_process(worker, opening);
        worker->renew = 0;
        load_table_done(&worker->loads);
        fail_flights(worker, error == -ETIME ? -ETIME : -ECONNRESET, problem);
        worker->events.lost(worker, error, problem, worker->events.context);
}

void worker_end(struct worker *worker, const struct problem *reason)
{
        worker_down(worker, -ECANCELED, reason);
}

struct worker *worker_free(struct worker *worker)
{
        int opening = worker && worker->state == WORKER_OPENING;

        if (!worker)
                return NULL;
        worker->state = WORKER_DOWN;
        sd_event_source_disable_unref(worker->io);
        sd_event_source_disable_unref(worker->timer);
        fd_closep(&worker->fd);
        abandon_process(worker, opening);
        load_table_done(&worker->loads);
        fail_flights(worker, -ECONNRESET, NULL);
        facts_done(&worker->facts);
        buf_done(&worker->frame);
        free(worker->received);
        free(worker);
        return NULL;
}

void worker_add_key(struct worker *worker, const struct token_key *key)
{
        struct problem problem = {};
        int r;

        if (worker->state == WORKER_DOWN || load_table_find(&worker->loads, key))
                return;
        r = load_table_add(&worker->loads, key);
        if (r == 0)
                r = worker_send_load(worker);
        if (r < 0)
                worker_down(worker, r, &problem);
}

/* After OPEN: the keys. After the last key: ready. */
static int go_on_opening(struct worker *worker)
{
        if (worker->state != WORKER_OPENING || worker->flight_count > 0)
                return 0;
        if (load_table_next(&worker->loads))
                return worker_send_load(worker);
        worker->state = WORKER_READY;
        worker->events.ready(worker, &worker->facts, worker->events.context);
        return 0;
}

static int after_answer(struct worker *worker)
{
        int r = worker->flight_count > 0 ? worker_arm_timer(worker) : 0;

        if (r == 0)
                r = go_on_opening(worker);
        if (r == 0 && worker->state == WORKER_READY)
                r = worker_send_load(worker);
        if (r == 0 && worker->state == WORKER_READY)
                worker->events.idle(worker, worker->events.context);
        return r;
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *context)
{
        struct worker *worker = context;

        for (int i = 0; i < DRAIN_MAX && worker->state != WORKER_DOWN; i++) {
                struct problem problem = {};
                ssize_t got = recv(fd, worker->received, FRAME_SIZE_MAX, MSG_DONTWAIT | MSG_TRUNC);
                int r;

                if (got < 0 && (errno == EAGAIN || errno == EINTR))
                        return 0;
                if (got <= 0)
                        r = problem_set(&problem, -ECONNRESET, "the driver process ended");
                else if ((size_t)got > FRAME_SIZE_MAX)
                        r = problem_set(&problem, -EIO, "frame of %zd bytes", got);
                else
                        r = worker_take_answer(worker, view_of(worker->received, (size_t)got),
                                               &problem);
                if (r == 0 && worker->state != WORKER_DOWN)
                        r = after_answer(worker);
                if (r < 0)
                        worker_down(worker, r, &problem);
        }
        return 0;
}

static int send_open(struct worker *worker, int final_try)
{
        struct buf *frame = worker_begin_frame(worker, FRAME_OPEN);

        buf_put_sized(frame, view_string(worker->config->name));
        frame_put_facts(frame, &worker->config->settings);
        buf_put_sized(frame, view_string(DRIVER_PIN_TURN));
        buf_put_sized(frame, view_string("yes"));
        if (final_try) {
                buf_put_sized(frame, view_string(DRIVER_FINAL_TRY));
                buf_put_sized(frame, view_string("yes"));
        }
        return worker_send_flight(worker,
                                  (struct flight){.kind = FRAME_OPEN, .id = worker->next_id});
}

static int connect_process(struct worker *worker, const char *program, int pin_fd,
                           struct problem *problem)
{
        _cleanup_(fd_closep) int theirs = -1;
        int pair[2];
        pid_t pid;
        int r;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        worker->fd = pair[0];
        theirs = pair[1];
        r = process_spawn(program, theirs, pin_fd, &pid);
        if (r < 0) /* whatever it is, it is no word of the token's */
                return problem_set(problem, -EIO, "%s: %s", program, strerror(-r));
        r = sd_event_add_child(worker->event, &worker->child, pid, WEXITED, on_reaped, worker);
        if (r < 0) {
                (void)kill(pid, SIGKILL);
                return r;
        }
        return sd_event_add_io(worker->event, &worker->io, worker->fd, EPOLLIN, on_readable,
                               worker);
}

int worker_start(struct worker *worker, const char *program, int pin_fd, int final_try,
                 struct problem *problem)
{
        int r;

        assert(worker->state == WORKER_DOWN);
        r = connect_process(worker, program, pin_fd, problem);
        if (r >= 0)
                r = send_open(worker, final_try);
        if (r < 0) {
                worker->io = sd_event_source_disable_unref(worker->io);
                worker->timer = sd_event_source_disable_unref(worker->timer);
                fd_closep(&worker->fd);
                worker->fd = -1;
                abandon_process(worker, 0);
                worker->flight_count = 0;
                return r;
        }
        worker->state = WORKER_OPENING;
        return 0;
}

int worker_can_take(const struct worker *worker, const struct operation *operation)
{
        const struct load *load;

        if (worker->state != WORKER_READY || worker->flight_count >= WORKER_IN_FLIGHT_MAX)
                return 0;
        if (!operation_needs_key(operation))
                return 1;
        load = load_table_find(&worker->loads, operation->key);
        return load && load->state == LOAD_DONE;
}

/* A token that was taken out and put in again may show its keys a moment later than itself. Some
 * modules never find them again in the same process: where it has none, and nothing to do, it goes.
 */
static void try_again(struct worker *worker, struct load *load)
{
        if (load_table_has_done(&worker->loads) || worker->flight_count > 0) {
                load_table_again(&worker->loads, load);
                /* If it cannot be sent now, the next answer has it sent, or its end ends all. */
                if (worker_send_load(worker) <= 0)
                        return;
        }
        worker_renew(worker, &load->problem);
}

int worker_key_error(struct worker *worker, const struct operation *operation, struct problem *ret)
{
        struct load *load = operation_needs_key(operation)
                                    ? load_table_find(&worker->loads, operation->key)
                                    : NULL;

        if (!load || load->state != LOAD_FAILED)
                return 0;
        if (worker->renew)
                return 0;
        if (load_may_again(&worker->loads, load) && clock_now() >= worker->renew_usec) {
                try_again(worker, load);
                return 0;
        }
        return problem_set(ret, load->error, "%s", problem_text(&load->problem, load->error));
}

enum worker_state worker_state(const struct worker *worker)
{
        return worker->state;
}

unsigned worker_in_flight(const struct worker *worker)
{
        return (unsigned)worker->flight_count;
}
