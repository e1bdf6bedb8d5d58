/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sealer-parts.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "agent/recorder.h"

#define ACCURACY_USEC ((uint64_t)1000)

static int on_time(sd_event_source *source, uint64_t usec, void *context);
static int on_soon(sd_event_source *source, void *context);

static int add_sources(struct sealer *sealer, sd_event *event)
{
        int r = sd_event_add_time(event, &sealer->timer, CLOCK_MONOTONIC, 0, ACCURACY_USEC, on_time,
                                  sealer);

        if (r >= 0)
                r = sd_event_source_set_enabled(sealer->timer, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_defer(event, &sealer->soon, on_soon, sealer);
        return r < 0 ? r : sd_event_source_set_enabled(sealer->soon, SD_EVENT_OFF);
}

int sealer_new(sd_event *event, struct writer *writer, const char *origin, uint64_t sealed,
               const struct sealer_events *events, struct sealer **ret)
{
        _cleanup_(sealer_freep) struct sealer *sealer = calloc(1, sizeof(*sealer));
        int r;

        if (!sealer)
                return -ENOMEM;
        sealer->writer = writer;
        sealer->events = *events;
        sealer->size = sealed;
        sealer->waiters_end = &sealer->waiters;
        sealer->note.limit = NOTE_SIZE_MAX;
        sealer->origin = strdup(origin);
        if (!sealer->origin)
                return -ENOMEM;
        r = add_sources(sealer, event);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(sealer);
        return 0;
}

struct sealer *sealer_free(struct sealer *sealer)
{
        if (!sealer)
                return NULL;
        assert(!sealer->pending); /* tokens go first, and answer */
        if (sealer->soon) {
                struct problem problem = {};

                (void)problem_set(&problem, -ENODEV, "the agent is stopping");
                sealer_answer(sealer, sealer_take_waiters(sealer, UINT64_MAX), -ENODEV, &problem);
        }
        sd_event_source_disable_unref(sealer->timer);
        sd_event_source_disable_unref(sealer->soon);
        buf_done(&sealer->primary.value);
        buf_done(&sealer->second.value);
        buf_done(&sealer->text);
        buf_done(&sealer->note);
        free(sealer->origin);
        free(sealer);
        return NULL;
}

void sealer_set_interval(struct sealer *sealer, uint64_t usec)
{
        sealer->interval_usec = usec;
}

static void set_reason(struct sealer *sealer, const char *reason)
{
        int changed = !string_equal(sealer->reason.text, reason ? reason : "");

        sealer->reason = (struct problem){};
        if (reason)
                (void)problem_set(&sealer->reason, 0, "%s", reason);
        if (changed)
                sealer->events.changed(reason, sealer->events.context);
}

static void tell_finished(struct sealer *sealer)
{
        void (*finished)(void *context) = sealer->finished;

        sealer->finished = NULL;
        if (finished)
                finished(sealer->finished_context);
}

static int is_new(const struct sealer *sealer)
{
        uint64_t head = writer_head(sealer->writer).size;
        int overlooked = sealer->overlooked <= sealer->size && sealer->overlooked_end >= head;

        return head > sealer->size && !overlooked;
}

void sealer_overlook(struct sealer *sealer, uint64_t index)
{
        if (index != sealer->overlooked_end)
                sealer->overlooked = index;
        sealer->overlooked_end = index + 1;
}

static int publish(struct sealer *sealer, struct problem *problem)
{
        int r = writer_publish(sealer->writer, buf_view(&sealer->note), problem);

        if (r < 0)
                return r;
        sealer->size = sealer->newest.size;
        (void)record_time(recorder_now(), sealer->time);
        if (sealer->events.published)
                sealer->events.published(buf_view(&sealer->note), sealer->events.context);
        return 0;
}

static void proceed(struct sealer *sealer);

void sealer_take_checkpoint(struct sealer *sealer, int error, const struct problem *problem)
{
        struct sealer_waiter *covered = sealer_take_waiters(sealer, sealer->checkpoint.size);
        struct problem reason = *problem;
        int published = 0, publishing = sealer->publishing;

        sealer->publishing = 0;
        if (error == 0 && publishing)
                published = publish(sealer, &reason);
        set_reason(sealer, error < 0       ? problem_text(&reason, error)
                           : published < 0 ? problem_text(&reason, published)
                                           : NULL);
        if (publishing && (error < 0 || published < 0 || !is_new(sealer)))
                tell_finished(sealer);
        sealer->due |= sealer->finished != NULL;
        if (error == 0)
                proceed(sealer); /* the token first, so that it works while we answer */
        else                     /* not now: the token may be on its way out */
                (void)sd_event_source_set_enabled(sealer->soon, SD_EVENT_ONESHOT);
        sealer_answer(sealer, covered, error, &reason);
        sealer_notice(sealer);
}

int sealer_check(struct sealer *sealer, struct problem *problem)
{
        struct token *token = NULL;
        int r = sealer_find_key(sealer, &token, problem);

        if (r < 0 || token_state(token) == TOKEN_READY || token_state(token) == TOKEN_STARTING)
                return r;
        return sealer_refuse_token(token, problem);
}

/* Nothing will be published now. No room: again after the interval; the others announce themselves.
 */
static void give_up_publishing(struct sealer *sealer, int error, const struct problem *problem)
{
        sealer->publishing = 0;
        set_reason(sealer, problem_text(problem, error));
        tell_finished(sealer);
        if (error != -EROFS && error != -ENOKEY && error != -ENODEV)
                sealer_notice(sealer);
}

static int is_signed(const struct sealer *sealer)
{
        return sealer->count > 0 && writer_head(sealer->writer).size == sealer->newest.size;
}

/* Makes the files of the head, and publishes its checkpoint if those who waited have made it
 * already. */
static void prepare_publishing(struct sealer *sealer)
{
        struct token *token = NULL;
        struct problem problem = {};
        int r = 0;

        sealer->due = 0;
        if (!is_signed(sealer)) {
                r = sealer_find_key(sealer, &token, &problem);
                if (r == 0 && token_state(token) != TOKEN_READY)
                        r = sealer_refuse_token(token, &problem);
        }
        if (r == 0)
                r = writer_prepare(sealer->writer, &problem);
        if (r == 0 && is_signed(sealer))
                r = publish(sealer, &problem);
        else
                sealer->publishing = r == 0;
        if (r < 0) {
                give_up_publishing(sealer, r, &problem);
        } else if (!sealer->publishing) {
                set_reason(sealer, NULL);
                tell_finished(sealer);
        }
}

static int sign_head(struct sealer *sealer, struct problem *problem)
{
        struct token *token = NULL;
        int r = sealer_find_key(sealer, &token, problem);

        if (r == 0 && !sealer->publishing)
                r = writer_reread(sealer->writer, problem);
        return r < 0 ? r : sealer_submit(sealer, token);
}

/* Begins what is to be done next, unless a signature is under way. */
static void proceed(struct sealer *sealer)
{
        struct problem problem = {};
        int r;

        if (sealer->pending)
                return;
        if (sealer->due)
                prepare_publishing(sealer);
        if (!sealer->publishing && !sealer->waiters)
                return;
        r = sign_head(sealer, &problem);
        if (r == 0)
                return;
        give_up_publishing(sealer, r, &problem);
        sealer_answer(sealer, sealer_take_waiters(sealer, UINT64_MAX), r, &problem);
}

static int on_time(sd_event_source *source, uint64_t usec, void *context)
{
        struct sealer *sealer = context;

        if (sealer->held.text[0])
                return 0; /* sealer_release() sees to it */
        sealer->due = is_new(sealer);
        proceed(sealer);
        return 0;
}

/* Whom the newest checkpoint covers need not wait for another one. */
static int on_soon(sd_event_source *source, void *context)
{
        struct sealer *sealer = context;

        if (sealer->count > 0)
                sealer_answer(sealer, sealer_take_waiters(sealer, sealer->newest.size), 0, NULL);
        proceed(sealer);
        return 0;
}

void sealer_notice(struct sealer *sealer)
{
        if (sealer->due || sealer->publishing || sealer->held.text[0] || !is_new(sealer) ||
            sd_event_source_get_enabled(sealer->timer, NULL) != 0)
                return;
        if (sd_event_source_set_time_relative(sealer->timer, sealer->interval_usec) < 0 ||
            sd_event_source_set_enabled(sealer->timer, SD_EVENT_ONESHOT) < 0)
                set_reason(sealer, "no timer");
}

void sealer_hold(struct sealer *sealer, const char *reason)
{
        sealer->held = (struct problem){};
        (void)problem_set(&sealer->held, -ENODEV, "%s", reason);
}

void sealer_release(struct sealer *sealer)
{
        sealer->held = (struct problem){};
        sealer_notice(sealer);
}

void sealer_finish(struct sealer *sealer, void (*done)(void *context), void *context)
{
        sealer->finished = done;
        sealer->finished_context = context;
        if (is_new(sealer))
                sealer->due = !sealer->publishing;
        else if (!sealer->publishing)
                tell_finished(sealer);
        proceed(sealer);
}

uint64_t sealer_size(const struct sealer *sealer)
{
        return sealer->size;
}

const char *sealer_time(const struct sealer *sealer)
{
        return sealer->time;
}

const char *sealer_reason(const struct sealer *sealer)
{
        if (sealer->held.text[0])
                return sealer->held.text;
        return sealer->reason.text[0] ? sealer->reason.text : sealer->second_reason.text;
}

uint64_t sealer_count(const struct sealer *sealer)
{
        return sealer->count;
}
