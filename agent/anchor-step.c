/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "agent/anchor-state.h"
#include "agent/event.h"
#include "agent/message.h"
#include "lib/base64.h"

/* After a step that came to nothing. Each may have cost the TPM a write: so the time doubles, and
 * is bounded by what people wait for who want a first anchor. */
#define RETRY_USEC       ((uint64_t)5 * 1000000)
#define RETRY_FIRST_MOST ((uint64_t)60 * 1000000)

static void arm_retry(struct anchor *anchor)
{
        uint64_t most = anchor->served ? anchor->interval_usec : RETRY_FIRST_MOST;

        anchor->retry_usec = anchor->retry_usec ? 2 * anchor->retry_usec : RETRY_USEC;
        if (anchor->retry_usec > most)
                anchor->retry_usec = most;
        anchor_arm(anchor, anchor->retry_usec);
}

/* Tries again, with a look first: the step may have been taken. A token that is away says when it
 * is back. */
static void fail(struct anchor *anchor, int error, const struct problem *problem)
{
        const struct token *token =
                anchor->closed ? NULL : anchor->events.find_token(anchor->events.context);
        const char *reason = problem_text(problem, error);
        enum anchor_state state = anchor->served         ? ANCHOR_FAILING
                                  : error == -EOPNOTSUPP ? ANCHOR_UNSUPPORTED
                                                         : ANCHOR_CHECKING;

        if (!anchor->closed && !string_equal(anchor->reason.text, reason))
                event_log(LOG_WARNING, MESSAGE_ANCHOR_FAILED,
                          "no anchor of the journal: token %s: %s", anchor->token, reason);
        if (token && token_state(token) == TOKEN_READY && state != ANCHOR_UNSUPPORTED)
                arm_retry(anchor);
        if (!anchor->closed)
                anchor_set_state(anchor, state, reason);
        anchor_rest(anchor);
}

/* @done reads the answer; the operation is ours alone. */
static void submit(struct anchor *anchor, enum anchor_step step, uint32_t index,
                   void (*done)(struct operation *operation, int error, struct view answer,
                                const struct problem *problem))
{
        struct token *token =
                anchor->closed ? NULL : anchor->events.find_token(anchor->events.context);
        struct problem problem = {};

        anchor->operation = (struct operation){
                .kind = FRAME_ANCHOR,
                .anchor = {step, index, anchor->origin},
                .done = done,
                .context = anchor,
        };
        if (step == ANCHOR_ADVANCE) {
                struct checkpoint head = writer_head(anchor->recorder->writer);

                anchor->tree_size = head.size;
                memcpy(anchor->operation.digest, head.root.bytes, SHA256_SIZE);
        }
        anchor->busy = 1;
        if (token) {
                token_submit_first(token, &anchor->operation);
                return;
        }
        (void)problem_set(&problem, -ENODEV, "is not there");
        fail(anchor, -ENODEV, &problem);
}

/* What a driver answers. */
struct said {
        enum anchor_kind kind;
        struct view key, attestation, signature;
        struct anchor_found found;
};

static int read_said(struct view answer, struct said *ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(ANCHOR_KEY_TEXT_MAX - 1);
        struct reader reader = reader_init(answer);
        uint8_t kind = reader_u8(&reader);

        *ret = (struct said){.found.index = reader_u32(&reader),
                             .found.counter = reader_u64(&reader)};
        ret->key = reader_sized(&reader);
        ret->attestation = reader_sized(&reader);
        ret->signature = reader_sized(&reader);
        base64_encode(&text, ret->key);
        if (reader_end(&reader) < 0 || kind > ANCHOR_KIND_LAST || buf_error(&text) ||
            ret->key.size == 0 || ret->found.counter > ANCHOR_COUNTER_MAX)
                return problem_set(problem, -EIO, "answer to anchor: malformed");
        ret->kind = (enum anchor_kind)kind;
        ret->found.counted = ret->found.index > 0 && kind == ANCHOR_COUNTER;
        memcpy(ret->found.key, text.data, text.size);
        return 0;
}

/* The answer, or why there is none, in the reason of the state. */
static int take_answer(struct anchor *anchor, int error, struct view answer,
                       const struct problem *problem, struct said *ret)
{
        struct problem reason = {};
        int r = error < 0 ? problem_set(&reason, error, "%s", problem_text(problem, error))
                          : read_said(answer, ret, &reason);

        if (r < 0)
                fail(anchor, r, &reason);
        return r;
}

static void set_bytes(json_t *record, const char *name, struct view bytes)
{
        _cleanup_(buf_done) struct buf text = {};

        base64_encode(&text, bytes);
        if (record && !buf_error(&text))
                (void)json_object_set_new(record, name,
                                          json_stringn((const char *)text.data, text.size));
}

json_t *anchor_begin_record(const struct anchor *anchor, const char *type, uint32_t index,
                            uint64_t counter)
{
        json_t *record = recorder_begin(anchor->recorder, type);
        char text[ANCHOR_INDEX_TEXT];

        if (!record)
                return NULL;
        recorder_set_integer(record, "counter", counter);
        recorder_set(record, "index", anchor_index_text(index, text));
        recorder_set(record, "token", anchor->token);
        return record;
}

static void fail_record(struct anchor *anchor, int error)
{
        struct problem problem = {};

        (void)problem_set(&problem, error, "the journal takes no records: %s", strerror(-error));
        fail(anchor, error, &problem);
}

static void on_recorded(void *context, int error, uint64_t index)
{
        struct anchor *anchor = context;
        struct problem problem = {};

        if (error < 0) {
                fail_record(anchor, error);
                return;
        }
        anchor->past.counter = anchor->found.counter;
        anchor->past.open = 0;
        anchor->covered = index + 1;
        anchor->retry_usec = 0;
        (void)record_time(recorder_now(), anchor->time);
        if (anchor_hint_write(anchor->hint, index, &problem) < 0)
                event_log(LOG_WARNING, NULL, "%s", problem_text(&problem, -EIO));
        anchor->served = 1;
        anchor_arm(anchor, anchor->interval_usec);
        anchor_set_state(anchor, ANCHOR_GOOD, NULL);
        anchor_rest(anchor);
}

/* What was attested is checked before it is recorded, as each signature is. */
static int check_said(const struct anchor *anchor, const struct said *said, struct problem *problem)
{
        const struct anchor_evidence evidence = {
                .origin = anchor->origin,
                .index = said->found.index,
                .counter = said->found.counter,
                .root = view_of(anchor->operation.digest, SHA256_SIZE),
                .key = said->key,
                .attestation = said->attestation,
                .signature = said->signature,
        };

        if (anchor->past.key[0] && !string_equal(anchor->past.key, said->found.key))
                return problem_set(problem, -EKEYREJECTED,
                                   "attests with another key than before: this is another TPM");
        return anchor_evidence_check(&evidence, problem);
}

static void record_anchor(struct anchor *anchor, const struct said *said)
{
        json_t *record =
                anchor_begin_record(anchor, "anchor", said->found.index, said->found.counter);
        int r;

        set_bytes(record, "attestation", said->attestation);
        set_bytes(record, "attestationKey", said->key);
        set_bytes(record, "signature", said->signature);
        if (record)
                recorder_set_integer(record, "size", anchor->tree_size);
        r = recorder_append(anchor->recorder, record, on_recorded, anchor);
        if (r < 0)
                fail_record(anchor, r);
}

/* Somebody else has this counter count: another program with the authorization of the keys, or
 * another agent with a copy of this journal. */
static void report_foreign(const struct anchor *anchor, uint64_t expected, uint64_t counter)
{
        event_log(LOG_CRIT, MESSAGE_ANCHOR_FOREIGN,
                  "token %s: the counter of the journal is at %llu, expected %llu: somebody else "
                  "counts",
                  anchor->token, (unsigned long long)counter, (unsigned long long)expected);
}

static void on_advanced(struct operation *operation, int error, struct view answer,
                        const struct problem *problem)
{
        struct anchor *anchor = operation->context;
        struct problem reason = {};
        struct said said;
        int r;

        if (take_answer(anchor, error, answer, problem, &said) < 0)
                return;
        r = check_said(anchor, &said, &reason);
        if (r < 0) {
                fail(anchor, r, &reason);
                return;
        }
        if (anchor->past.counter > 0 && said.found.counter != anchor->past.announced)
                report_foreign(anchor, anchor->past.announced, said.found.counter);
        anchor->found = said.found;
        memcpy(anchor->past.key, said.found.key, sizeof(anchor->past.key));
        record_anchor(anchor, &said);
}

static void on_announced(void *context, int error, uint64_t index)
{
        struct anchor *anchor = context;

        if (error < 0) {
                anchor->past = anchor->before;
                fail_record(anchor, error);
                return;
        }
        submit(anchor, ANCHOR_ADVANCE, anchor->past.index, on_advanced);
}

/* The step is in the journal before the token takes it. */
static void announce(struct anchor *anchor, uint32_t index, uint64_t counter)
{
        int r;

        anchor->busy = 1;
        anchor->before = anchor->past;
        anchor->past.known = anchor->past.open = 1;
        anchor->past.index = index;
        anchor->past.announced = counter;
        if (anchor->found.counted)
                anchor->past.counter = anchor->found.counter;
        r = recorder_append(anchor->recorder,
                            anchor_begin_record(anchor, "anchor.intent", index, counter),
                            on_announced, anchor);
        if (r < 0)
                on_announced(anchor, r, 0);
}

static void on_prepared(struct operation *operation, int error, struct view answer,
                        const struct problem *problem)
{
        struct anchor *anchor = operation->context;
        struct said said;

        if (take_answer(anchor, error, answer, problem, &said) == 0)
                announce(anchor, said.found.index, said.found.counter);
}

/* From where the token has said that the counter is. */
void anchor_advance(struct anchor *anchor)
{
        const struct anchor_past *past = &anchor->past;

        if (anchor->found.counted)
                announce(anchor, anchor->found.index, anchor->found.counter + 1);
        else if (anchor->found.index > 0 && past->open && past->index == anchor->found.index)
                announce(anchor, past->index, past->announced); /* the first step, once more */
        else
                submit(anchor, ANCHOR_PREPARE, 0, on_prepared);
}

static void refuse(struct anchor *anchor, const struct problem *problem)
{
        event_log(LOG_CRIT, MESSAGE_JOURNAL_ROLLED_BACK,
                  "nothing is signed until an operator acknowledges: %s", problem->text);
        anchor_set_state(anchor, ANCHOR_ROLLED_BACK, problem->text);
        anchor_rest(anchor);
}

/* Later than at the start it is no older journal: this one was in our hands all the time. */
static void take_difference(struct anchor *anchor, const struct said *said,
                            const struct problem *problem)
{
        if (!anchor->served) {
                refuse(anchor, problem);
        } else if (!said->found.counted || !string_equal(anchor->past.key, said->found.key)) {
                fail(anchor, -EKEYREJECTED, problem);
        } else {
                report_foreign(anchor, anchor_past_counter(&anchor->past), said->found.counter);
                anchor_advance(anchor);
        }
}

static void on_looked(struct operation *operation, int error, struct view answer,
                      const struct problem *problem)
{
        struct anchor *anchor = operation->context;
        struct problem difference = {};
        struct said said;
        int r;

        if (take_answer(anchor, error, answer, problem, &said) < 0)
                return;
        anchor->found = said.found;
        r = anchor_past_compare(&anchor->past, &said.found, anchor->token, &difference);
        if (r < 0)
                take_difference(anchor, &said, &difference);
        else
                anchor_advance(anchor);
}

void anchor_look(struct anchor *anchor)
{
        submit(anchor, ANCHOR_LOOK, anchor->past.counter > 0 ? anchor->past.index : 0, on_looked);
}
