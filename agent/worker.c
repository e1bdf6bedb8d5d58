/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "agent/clock.h"
#include "agent/load.h"
#include "agent/process.h"

#define FLIGHTS_MAX (WORKER_IN_FLIGHT_MAX + 2) /* a LOAD may join the operations */
#define DRAIN_MAX   16                         /* frames read before others get a turn */

/* A frame that was sent and is not answered yet. */
struct flight {
        enum frame_operation kind;
        uint64_t id;
        struct operation *operation; /* NULL for OPEN and LOAD */
        const struct token_key *key; /* LOAD */
};

struct worker {
        sd_event *event;
        const struct config_token *config;
        struct worker_events events;
        enum worker_state state;
        struct facts facts;
        int fd;
        sd_event_source *io, *child, *timer;
        uint64_t next_id;
        uint64_t busy_since_usec; /* when the process began with the oldest flight */
        uint64_t timer_usec;      /* what the timer is set to */
        struct flight flights[FLIGHTS_MAX];
        size_t flight_count;
        struct load_table loads;
        struct buf frame;
        uint8_t *received;
};

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

/* Kills the process and leaves it to the event loop to reap, however long the kernel takes. */
static void abandon_process(struct worker *worker)
{
        if (!worker->child)
                return;
        (void)sd_event_source_send_child_signal(worker->child, SIGKILL, NULL, 0); /* may be dead */
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

/* The channel to the process is over, for whatever reason. */
static void worker_down(struct worker *worker, int error, const struct problem *problem)
{
        if (worker->state == WORKER_DOWN)
                return;
        worker->state = WORKER_DOWN;
        worker->io = sd_event_source_disable_unref(worker->io);
        worker->timer = sd_event_source_disable_unref(worker->timer);
        fd_closep(&worker->fd);
        worker->fd = -1;
        abandon_process(worker);
        load_table_done(&worker->loads);
        fail_flights(worker, error == -ETIME ? -ETIME : -ECONNRESET, problem);
        worker->events.lost(worker, error, problem, worker->events.context);
}

struct worker *worker_free(struct worker *worker)
{
        if (!worker)
                return NULL;
        worker->state = WORKER_DOWN;
        sd_event_source_disable_unref(worker->io);
        sd_event_source_disable_unref(worker->timer);
        fd_closep(&worker->fd);
        abandon_process(worker);
        load_table_done(&worker->loads);
        fail_flights(worker, -ECONNRESET, NULL);
        facts_done(&worker->facts);
        buf_done(&worker->frame);
        free(worker->received);
        free(worker);
        return NULL;
}

static int on_late(sd_event_source *source, uint64_t usec, void *context);

/* When the oldest flight is late. A token may take its time over a key pair: primes are found by
 * chance. */
static uint64_t late_usec(const struct worker *worker)
{
        uint64_t timeout = worker->config->timeout_usec;

        if (worker->flights[0].kind == FRAME_GENERATE && timeout < WORKER_GENERATE_USEC)
                timeout = WORKER_GENERATE_USEC;
        return worker->busy_since_usec + timeout;
}

/* The timer is left alone while it is early enough: it looks again when it fires, and costs nothing
 * per signature. */
static int arm_timer(struct worker *worker)
{
        uint64_t late = late_usec(worker);
        int r = 0;

        if (!worker->timer)
                r = sd_event_add_time(worker->event, &worker->timer, CLOCK_MONOTONIC, late, 1000,
                                      on_late, worker);
        else if (sd_event_source_get_enabled(worker->timer, NULL) > 0 && worker->timer_usec <= late)
                return 0;
        else
                r = sd_event_source_set_time(worker->timer, late);
        if (r >= 0)
                r = sd_event_source_set_enabled(worker->timer, SD_EVENT_ONESHOT);
        worker->timer_usec = late;
        return r < 0 ? r : 0;
}

static int on_late(sd_event_source *source, uint64_t usec, void *context)
{
        struct worker *worker = context;
        struct problem problem = {};

        if (worker->flight_count == 0)
                return 0;
        if (clock_now() < late_usec(worker))
                return arm_timer(worker);
        (void)problem_set(&problem, -ETIME, "no answer to %s within %llu ms: process killed",
                          frame_operation_name(worker->flights[0].kind),
                          (unsigned long long)(late_usec(worker) - worker->busy_since_usec) / 1000);
        worker_down(worker, -ETIME, &problem);
        return 0;
}

/* Sends the frame that has been put together, and notes that its answer is owed. */
static int send_flight(struct worker *worker, struct flight flight)
{
        ssize_t sent;
        int r = buf_error(&worker->frame);

        if (r < 0)
                return r;
        if (worker->flight_count == FLIGHTS_MAX)
                return -EBUSY;
        sent = send(worker->fd, worker->frame.data, worker->frame.size,
                    MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0)
                return errno == EAGAIN ? -EBUSY : -errno;
        if (worker->flight_count == 0)
                worker->busy_since_usec = clock_now();
        worker->flights[worker->flight_count++] = flight;
        return arm_timer(worker);
}

static struct buf *begin_frame(struct worker *worker, enum frame_operation kind)
{
        buf_clear(&worker->frame);
        frame_put_head(&worker->frame, kind, ++worker->next_id, FRAME_OK);
        return &worker->frame;
}

/* The next key that is wanted, one at a time, between operations. */
static int send_load(struct worker *worker)
{
        struct load *load = load_table_next(&worker->loads);
        struct buf *frame;
        int r;

        if (!load || worker->flight_count == FLIGHTS_MAX)
                return 0;
        frame = begin_frame(worker, FRAME_LOAD);
        buf_put_sized(frame, view_string(load->key->algorithm->name));
        buf_put_sized(frame, view_string(load->key->handle));
        r = send_flight(
                worker,
                (struct flight){.kind = FRAME_LOAD, .id = worker->next_id, .key = load->key});
        if (r < 0)
                return r == -EBUSY ? 0 : r;
        load->state = LOAD_SENT;
        worker->loads.sent++;
        return 0;
}

void worker_add_key(struct worker *worker, const struct token_key *key)
{
        struct problem problem = {};
        int r;

        if (worker->state == WORKER_DOWN || load_table_find(&worker->loads, key))
                return;
        r = load_table_add(&worker->loads, key);
        if (r == 0)
                r = send_load(worker);
        if (r < 0)
                worker_down(worker, r, &problem);
}

/* After OPEN: the keys. After the last key: ready. */
static int go_on_opening(struct worker *worker)
{
        if (worker->state != WORKER_OPENING || worker->flight_count > 0)
                return 0;
        if (load_table_next(&worker->loads))
                return send_load(worker);
        worker->state = WORKER_READY;
        worker->events.ready(worker, &worker->facts, worker->events.context);
        return 0;
}

static int answer_open(struct worker *worker, const struct frame *frame)
{
        struct reader reader = reader_init(frame->fields);
        const struct token_key *key;
        int r;

        facts_done(&worker->facts);
        r = frame_read_facts(&reader, &worker->facts);
        for (size_t i = 0; r == 0; i++) {
                key = worker->events.key_at(worker, i, worker->events.context);
                if (!key)
                        break;
                r = load_table_add(&worker->loads, key);
        }
        return r;
}

/* After these the process cannot be trusted to know its device any more. */
static int is_fatal(int error)
{
        return error == -ENODEV;
}

/* What was refused once is refused again, and tokens count it: the process ends, whatever the
 * request was, and the token waits for somebody to correct its secret. */
static int is_refused_secret(int error)
{
        return error == -EACCES;
}

static int read_reason(const struct frame *frame, struct problem *ret)
{
        int error = frame_error_of(frame->status);
        struct reader reader = reader_init(frame->fields);
        struct view text;

        if (error == 0)
                return 0;
        text = reader_sized(&reader);
        return problem_set(ret, error, "%.*s", (int)(text.size < 400 ? text.size : 400),
                           (const char *)text.data);
}

/* Hands on what an audit needs, and leaves the fields that every token answers. What is malformed
 * stays in, and fails. */
static struct view take_evidence(struct worker *worker, struct operation *operation,
                                 struct view fields)
{
        struct reader reader = reader_init(fields);
        struct operation_evidence evidence = {.signature = reader_sized(&reader)};
        size_t size = fields.size - reader.left;

        if (reader.bad || reader.left == 0)
                return fields;
        evidence.name = reader_sized(&reader);
        evidence.response = reader_sized(&reader);
        if (reader_end(&reader) < 0)
                return fields;
        worker->events.evidence(worker, operation, &evidence, worker->events.context);
        return view_of(fields.data, size);
}

/* An answer out of order or malformed ends the process: nothing it says is to be relied on. */
static int take_answer(struct worker *worker, struct view bytes, struct problem *problem)
{
        struct flight flight = worker->flights[0];
        struct frame frame;
        int error, r = 0;

        if (frame_decode(bytes, &frame) < 0)
                return problem_set(problem, -EIO, "malformed frame of %zu bytes", bytes.size);
        if (worker->flight_count == 0 || frame.id != flight.id || frame.operation != flight.kind)
                return problem_set(problem, -EIO, "answer to a request that was not made");
        error = read_reason(&frame, problem);
        if (is_fatal(error) && flight.operation)
                return error; /* the flight fails with the process: the token may have acted */
        worker->flight_count--;
        memmove(worker->flights, worker->flights + 1, worker->flight_count * sizeof(flight));
        worker->busy_since_usec = clock_now();
        if (flight.operation) {
                struct view fields = error == 0 && flight.kind == FRAME_SIGN
                                             ? take_evidence(worker, flight.operation, frame.fields)
                                             : frame.fields;

                flight.operation->done(flight.operation, error, fields, problem);
                r = is_refused_secret(error) ? error : 0;
        } else if (flight.kind == FRAME_OPEN)
                r = error < 0 ? error : answer_open(worker, &frame);
        else if (is_fatal(error) || is_refused_secret(error))
                r = error;
        else
                load_take_answer(load_table_find(&worker->loads, flight.key), frame.fields, error,
                                 problem);
        return r;
}

static int after_answer(struct worker *worker)
{
        int r = worker->flight_count > 0 ? arm_timer(worker) : 0;

        if (r == 0)
                r = go_on_opening(worker);
        if (r == 0 && worker->state == WORKER_READY)
                r = send_load(worker);
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
                        r = take_answer(worker, view_of(worker->received, (size_t)got), &problem);
                if (r == 0 && worker->state != WORKER_DOWN)
                        r = after_answer(worker);
                if (r < 0)
                        worker_down(worker, r, &problem);
        }
        return 0;
}

static int send_open(struct worker *worker)
{
        struct buf *frame = begin_frame(worker, FRAME_OPEN);

        buf_put_sized(frame, view_string(worker->config->name));
        frame_put_facts(frame, &worker->config->settings);
        return send_flight(worker, (struct flight){.kind = FRAME_OPEN, .id = worker->next_id});
}

static int connect_process(struct worker *worker, const char *program, struct problem *problem)
{
        _cleanup_(fd_closep) int theirs = -1;
        int pair[2];
        pid_t pid;
        int r;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        worker->fd = pair[0];
        theirs = pair[1];
        r = process_spawn(program, theirs, &pid);
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

int worker_start(struct worker *worker, const char *program, struct problem *problem)
{
        int r;

        assert(worker->state == WORKER_DOWN);
        r = connect_process(worker, program, problem);
        if (r >= 0)
                r = send_open(worker);
        if (r < 0) {
                worker->io = sd_event_source_disable_unref(worker->io);
                worker->timer = sd_event_source_disable_unref(worker->timer);
                fd_closep(&worker->fd);
                worker->fd = -1;
                abandon_process(worker);
                worker->flight_count = 0;
                return r;
        }
        worker->state = WORKER_OPENING;
        return 0;
}

static int needs_loaded_key(const struct operation *operation)
{
        return operation->kind == FRAME_SIGN || operation->kind == FRAME_COUNT;
}

int worker_can_take(const struct worker *worker, const struct operation *operation)
{
        const struct load *load;

        if (worker->state != WORKER_READY || worker->flight_count >= WORKER_IN_FLIGHT_MAX)
                return 0;
        if (!needs_loaded_key(operation))
                return 1;
        load = load_table_find(&worker->loads, operation->key);
        return load && load->state == LOAD_DONE;
}

int worker_key_error(const struct worker *worker, const struct operation *operation,
                     struct problem *ret)
{
        const struct load *load = needs_loaded_key(operation)
                                          ? load_table_find(&worker->loads, operation->key)
                                          : NULL;

        if (!load || load->state != LOAD_FAILED)
                return 0;
        return problem_set(ret, load->error, "%s", problem_text(&load->problem, load->error));
}

int worker_submit(struct worker *worker, struct operation *operation)
{
        const struct token_key *key = operation->key;
        struct buf *frame = begin_frame(worker, operation->kind);

        switch (operation->kind) {
        case FRAME_GENERATE:
                buf_put_sized(frame, view_string(operation->algorithm->name));
                buf_put_sized(frame, view_string(operation->label));
                frame_put_facts(frame, operation->options);
                break;
        case FRAME_SIGN:
                buf_put_u32(frame, load_table_find(&worker->loads, key)->slot);
                buf_put_sized(frame, view_of(operation->digest, key->algorithm->digest_size));
                buf_put_sized(frame, operation->authorization);
                break;
        case FRAME_COUNT:
                buf_put_u32(frame, load_table_find(&worker->loads, key)->slot);
                break;
        case FRAME_AUDIT:
                buf_put_u8(frame, operation->attest ? 1 : 0);
                buf_put_sized(frame,
                              view_of(operation->digest, operation->attest ? SHA256_SIZE : 0));
                break;
        default:
                assert(operation->kind == FRAME_DESTROY);
                buf_put_sized(frame, view_string(key->algorithm->name));
                buf_put_sized(frame, view_string(key->handle));
        }
        operation->id = worker->next_id;
        return send_flight(worker, (struct flight){.kind = operation->kind,
                                                   .id = worker->next_id,
                                                   .operation = operation});
}

enum worker_state worker_state(const struct worker *worker)
{
        return worker->state;
}

unsigned worker_in_flight(const struct worker *worker)
{
        return (unsigned)worker->flight_count;
}
