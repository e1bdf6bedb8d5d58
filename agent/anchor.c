/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/anchor-state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/event.h"

#define ACCURACY_USEC ((uint64_t)10000)

static int on_time(sd_event_source *source, uint64_t usec, void *context);

int anchor_new(sd_event *event, const struct anchor_options *options, struct anchor **ret,
               struct problem *problem)
{
        _cleanup_(anchor_freep) struct anchor *anchor = calloc(1, sizeof(*anchor));
        int r;

        if (!anchor)
                return -ENOMEM;
        anchor->recorder = options->recorder;
        anchor->interval_usec = options->interval_usec;
        anchor->events = options->events;
        anchor->origin = strdup(options->origin);
        anchor->token = strdup(options->token);
        anchor->hint = strdup(options->hint);
        if (!anchor->origin || !anchor->token || !anchor->hint)
                return -ENOMEM;
        r = anchor_past_read(options->path, anchor_hint_read(options->hint), &anchor->past,
                             problem);
        if (r < 0)
                return problem_prefix(problem, r, "anchors");
        r = sd_event_add_time(event, &anchor->timer, CLOCK_MONOTONIC, 0, ACCURACY_USEC, on_time,
                              anchor);
        if (r >= 0)
                r = sd_event_source_set_enabled(anchor->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(anchor);
        return 0;
}

void anchor_close(struct anchor *anchor)
{
        if (anchor)
                anchor->closed = 1;
}

struct anchor *anchor_free(struct anchor *anchor)
{
        if (!anchor)
                return NULL;
        sd_event_source_disable_unref(anchor->timer);
        free(anchor->origin);
        free(anchor->token);
        free(anchor->hint);
        free(anchor);
        return NULL;
}

void anchor_set_interval(struct anchor *anchor, uint64_t usec)
{
        anchor->interval_usec = usec;
}

void anchor_arm(struct anchor *anchor, uint64_t usec)
{
        if (anchor->closed || anchor->finished)
                return;
        if (sd_event_source_set_time_relative(anchor->timer, usec) < 0 ||
            sd_event_source_set_enabled(anchor->timer, SD_EVENT_ONESHOT) < 0)
                event_log(LOG_WARNING, NULL, "no timer for the anchors of the journal");
}

void anchor_set_state(struct anchor *anchor, enum anchor_state state, const char *reason)
{
        anchor->state = state;
        anchor->reason = (struct problem){};
        if (reason)
                (void)problem_set(&anchor->reason, 0, "%s", reason);
        if (state != ANCHOR_CHECKING || reason)
                anchor->events.changed(anchor->events.context);
}

void anchor_overlook(struct anchor *anchor, uint64_t index)
{
        if (index == anchor->covered)
                anchor->covered++;
}

void anchor_begin(struct anchor *anchor)
{
        if (anchor->busy || anchor->finished)
                return;
        if (anchor->state == ANCHOR_CHECKING)
                anchor_set_state(anchor, ANCHOR_CHECKING, NULL); /* whoever asks now waits */
        if (anchor->state == ANCHOR_CHECKING || anchor->state == ANCHOR_FAILING)
                anchor_look(anchor);
}

static int is_new(const struct anchor *anchor)
{
        return writer_head(anchor->recorder->writer).size > anchor->covered;
}

/* A step costs the TPM a little of its life: none for nothing. */
static int on_time(sd_event_source *source, uint64_t usec, void *context)
{
        struct anchor *anchor = context;

        if (anchor->busy || anchor->state == ANCHOR_ROLLED_BACK)
                return 0;
        if (anchor->state != ANCHOR_GOOD)
                anchor_look(anchor);
        else if (is_new(anchor))
                anchor_advance(anchor);
        else
                anchor_arm(anchor, anchor->interval_usec);
        return 0;
}

static int can_advance(const struct anchor *anchor)
{
        const struct token *token =
                anchor->closed ? NULL : anchor->events.find_token(anchor->events.context);

        return anchor->state == ANCHOR_GOOD && is_new(anchor) && token &&
               token_state(token) == TOKEN_READY;
}

void anchor_rest(struct anchor *anchor)
{
        void (*finished)(void *context) = anchor->finished;

        anchor->busy = 0;
        if (!finished)
                return;
        if (!anchor->last && can_advance(anchor)) {
                anchor->last = 1;
                anchor_advance(anchor);
                return;
        }
        anchor->finished = NULL;
        finished(anchor->finished_context);
}

void anchor_finish(struct anchor *anchor, void (*done)(void *context), void *context)
{
        anchor->finished = done;
        anchor->finished_context = context;
        if (!anchor->busy)
                anchor_rest(anchor);
}

static void on_acknowledged(void *context, int error, uint64_t index)
{
        struct anchor *anchor = context;
        struct anchor_acknowledgement said = anchor->acknowledgement;
        struct anchor_past *past = &anchor->past;

        anchor->acknowledgement = (struct anchor_acknowledgement){};
        anchor->busy = 0;
        if (error == 0) {
                past->known = 1;
                past->open = 0;
                past->counter = anchor->found.counted ? anchor->found.counter : 0;
                past->index = anchor->found.index ? anchor->found.index : past->index;
                memcpy(past->key, anchor->found.key, sizeof(past->key));
                anchor_set_state(anchor, ANCHOR_CHECKING, NULL);
                anchor_look(anchor);
        }
        said.done(said.context, error);
}

int anchor_acknowledge(struct anchor *anchor, const struct anchor_acknowledgement *said)
{
        const struct anchor_found *found = &anchor->found;
        uint32_t index = found->index         ? found->index
                         : anchor->past.known ? anchor->past.index
                                              : ANCHOR_INDEX_FIRST;
        json_t *record;
        int r;

        if (anchor->state != ANCHOR_ROLLED_BACK || anchor->busy)
                return -EINVAL;
        record = anchor_begin_record(anchor, "anchor.acknowledge", index,
                                     found->counted ? found->counter : 0);
        if (record) {
                recorder_set(record, "attestationKey", found->key);
                (void)json_object_set(record, "caller", said->caller);
                recorder_set_integer(record, "expected", anchor_past_counter(&anchor->past));
                recorder_set(record, "grant", said->grant);
                recorder_set(record, "reason", said->reason);
                recorder_set(record, "request", said->request);
        }
        r = recorder_append(anchor->recorder, record, on_acknowledged, anchor);
        if (r < 0)
                return r;
        anchor->acknowledgement = *said;
        anchor->busy = 1;
        return 0;
}

int anchor_is_served(const struct anchor *anchor)
{
        return anchor->served;
}

enum anchor_state anchor_state(const struct anchor *anchor)
{
        return anchor->state;
}

const char *anchor_state_name(enum anchor_state state)
{
        static const char *const names[] = {"checking", "unsupported", "good", "failing",
                                            "rolled-back"};

        return names[state];
}

const char *anchor_reason(const struct anchor *anchor)
{
        return anchor->reason.text;
}

json_t *anchor_to_json(const struct anchor *anchor)
{
        char index[ANCHOR_INDEX_TEXT];

        return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s}", "token", anchor->token, "state",
                         anchor_state_name(anchor->state), "reason", anchor->reason.text, "index",
                         anchor->past.known ? anchor_index_text(anchor->past.index, index) : "",
                         "expected", (json_int_t)anchor_past_counter(&anchor->past), "counter",
                         (json_int_t)(anchor->found.counted ? anchor->found.counter : 0), "time",
                         anchor->time);
}
