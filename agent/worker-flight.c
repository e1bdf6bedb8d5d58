/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/socket.h>

#include "agent/clock.h"
#include "agent/worker-state.h"
#include "lib/evidence.h"

/* Whether the token may take its time: primes are found by chance, for a key pair and for the
 * endorsement key that answers a challenge. */
static int makes_key(enum frame_operation kind)
{
        return kind == FRAME_GENERATE || kind == FRAME_ATTEST;
}

/* When the oldest flight is late. */
static uint64_t late_usec(const struct worker *worker)
{
        uint64_t timeout = worker->config->timeout_usec;

        if (makes_key(worker->flights[0].kind) && timeout < WORKER_GENERATE_USEC)
                timeout = WORKER_GENERATE_USEC;
        return worker->busy_since_usec + timeout;
}

static int on_late(sd_event_source *source, uint64_t usec, void *context);

int worker_arm_timer(struct worker *worker)
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
        struct problem problem = worker->renew_reason;
        int renew = worker->renew;

        worker->renew = 0;
        worker->renew_reason = (struct problem){};
        if (worker->flight_count == 0) {
                if (renew)
                        worker_down(worker, -ENODEV, &problem);
                return 0;
        }
        problem = (struct problem){};
        if (clock_now() < late_usec(worker))
                return worker_arm_timer(worker);
        (void)problem_set(&problem, -ETIME, "no answer to %s within %llu ms: process killed",
                          frame_operation_name(worker->flights[0].kind),
                          (unsigned long long)(late_usec(worker) - worker->busy_since_usec) / 1000);
        worker_down(worker, -ETIME, &problem);
        return 0;
}

void worker_renew(struct worker *worker, const struct problem *reason)
{
        uint64_t now = clock_now();

        worker->renew = 1;
        worker->renew_reason = *reason;
        worker->renew_usec = now + (LOAD_AGAIN_USEC << worker->renewals);
        if (worker->renewals < RENEWALS_MAX)
                worker->renewals++;
        if (!worker->timer || sd_event_source_set_time(worker->timer, now) < 0 ||
            sd_event_source_set_enabled(worker->timer, SD_EVENT_ONESHOT) < 0)
                worker->renew = 0;
        worker->timer_usec = now;
}

int worker_send_flight(struct worker *worker, struct flight flight)
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
        return worker_arm_timer(worker);
}

struct buf *worker_begin_frame(struct worker *worker, enum frame_operation kind)
{
        buf_clear(&worker->frame);
        frame_put_head(&worker->frame, kind, ++worker->next_id, FRAME_OK);
        return &worker->frame;
}

int worker_send_load(struct worker *worker)
{
        struct load *load = load_table_next(&worker->loads);
        struct buf *frame;
        int r;

        if (!load || worker->flight_count == FLIGHTS_MAX)
                return 0;
        frame = worker_begin_frame(worker, FRAME_LOAD);
        buf_put_sized(frame, view_string(load->key->algorithm->name));
        buf_put_sized(frame, view_string(load->key->handle));
        r = worker_send_flight(
                worker,
                (struct flight){.kind = FRAME_LOAD, .id = worker->next_id, .key = load->key});
        if (r < 0)
                return r == -EBUSY ? 0 : r;
        load_table_sent(&worker->loads, load);
        return 0;
}

int operation_needs_key(const struct operation *operation)
{
        return operation->kind == FRAME_SIGN || operation->kind == FRAME_COUNT ||
               operation->kind == FRAME_ATTEST;
}

static void put_question(struct buf *frame, const struct evidence_question *question)
{
        buf_put_sized(frame, question->nonce);
        buf_put_sized(frame, view_string(question->endorsement ? question->endorsement : ""));
        buf_put_sized(frame, question->blob);
        buf_put_sized(frame, question->encrypted);
        buf_put_sized(frame, question->creation);
}

int worker_submit(struct worker *worker, struct operation *operation)
{
        const struct token_key *key = operation->key;
        struct buf *frame = worker_begin_frame(worker, operation->kind);

        switch (operation->kind) {
        case FRAME_GENERATE:
                buf_put_sized(frame, view_string(operation->algorithm->name));
                buf_put_sized(frame, view_string(operation->label));
                buf_put_sized(frame, operation->outside);
                frame_put_facts(frame, operation->options);
                break;
        case FRAME_SIGN:
                buf_put_u32(frame, load_table_find(&worker->loads, key)->slot);
                buf_put_sized(frame, operation_signed(operation));
                buf_put_sized(frame, operation->authorization);
                break;
        case FRAME_COUNT:
                buf_put_u32(frame, load_table_find(&worker->loads, key)->slot);
                buf_put_sized(frame, view_of(operation->digest, SHA256_SIZE));
                break;
        case FRAME_ATTEST:
                buf_put_u32(frame, load_table_find(&worker->loads, key)->slot);
                put_question(frame, operation->question);
                break;
        case FRAME_PROBE:
                break;
        case FRAME_AUDIT:
                buf_put_u8(frame, operation->attest ? 1 : 0);
                buf_put_sized(frame,
                              view_of(operation->digest, operation->attest ? SHA256_SIZE : 0));
                break;
        case FRAME_ANCHOR:
                buf_put_u8(frame, (uint8_t)operation->anchor.step);
                buf_put_u32(frame, operation->anchor.index);
                buf_put_sized(frame, view_string(operation->anchor.origin));
                buf_put_sized(frame,
                              view_of(operation->digest,
                                      operation->anchor.step == ANCHOR_ADVANCE ? SHA256_SIZE : 0));
                break;
        case FRAME_MEASURE:
                break;
        default:
                assert(operation->kind == FRAME_DESTROY);
                buf_put_sized(frame, view_string(key->algorithm->name));
                buf_put_sized(frame, view_string(key->handle));
        }
        operation->id = worker->next_id;
        return worker_send_flight(worker, (struct flight){.kind = operation->kind,
                                                          .id = worker->next_id,
                                                          .operation = operation});
}
