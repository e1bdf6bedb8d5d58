/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "agent/clock.h"
#include "agent/worker-state.h"

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

/* Of a token that refuses its secret the first thing to know is how many tries are left. What is
 * malformed says nothing. */
static void take_health(struct worker *worker, struct reader *reader)
{
        _cleanup_(facts_done) struct facts facts = {};

        if (reader->left > 0 && frame_read_facts(reader, &facts) == 0)
                worker->events.learned(worker, &facts, worker->events.context);
}

static int read_reason(struct worker *worker, const struct frame *frame, struct problem *ret)
{
        int error = frame_error_of(frame->status);
        struct reader reader = reader_init(frame->fields);
        struct view text;

        if (error == 0)
                return 0;
        text = reader_sized(&reader);
        take_health(worker, &reader);
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

static void take_load(struct worker *worker, const struct flight *flight, struct view fields,
                      int error, const struct problem *problem)
{
        struct load *load = load_table_find(&worker->loads, flight->key);

        load_take_answer(load, fields, error, problem);
        if (load->state == LOAD_DONE) {
                worker->renewals = 0;
                worker->renew_usec = 0;
        }
}

int worker_take_answer(struct worker *worker, struct view bytes, struct problem *problem)
{
        struct flight flight = worker->flights[0];
        struct frame frame;
        int error, r = 0;

        if (frame_decode(bytes, &frame) < 0)
                return problem_set(problem, -EIO, "malformed frame of %zu bytes", bytes.size);
        if (worker->flight_count == 0 || frame.id != flight.id || frame.operation != flight.kind)
                return problem_set(problem, -EIO, "answer to a request that was not made");
        error = read_reason(worker, &frame, problem);
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
                take_load(worker, &flight, frame.fields, error, problem);
        return r;
}
