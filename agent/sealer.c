/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sealer.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "agent/recorder.h"
#include "lib/checkpoint.h"

#define ACCURACY_USEC ((uint64_t)1000)

struct sealer {
        struct writer *writer;
        char *origin;
        struct sealer_events events;
        uint64_t interval_usec;
        sd_event_source *timer;
        int pending; /* a signature is being made */
        struct operation operation;
        struct key *key;
        struct checkpoint checkpoint;        /* being signed */
        struct buf text;                     /* its three lines */
        uint64_t size;                       /* of the published one */
        uint64_t overlooked, overlooked_end; /* the newest run of records that call for none */
        char time[RECORD_TIME_SIZE];
        struct problem reason;
        void (*finished)(void *context);
        void *finished_context;
};

static int on_time(sd_event_source *source, uint64_t usec, void *context);

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
        sealer->origin = strdup(origin);
        if (!sealer->origin)
                return -ENOMEM;
        r = sd_event_add_time(event, &sealer->timer, CLOCK_MONOTONIC, 0, ACCURACY_USEC, on_time,
                              sealer);
        if (r >= 0)
                r = sd_event_source_set_enabled(sealer->timer, SD_EVENT_OFF);
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
        sd_event_source_disable_unref(sealer->timer);
        buf_done(&sealer->text);
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

static int publish(struct sealer *sealer, struct view signature, struct problem *problem)
{
        _cleanup_(buf_done) struct buf note = BUF_INIT(NOTE_SIZE_MAX);
        int r;

        buf_put_view(&note, buf_view(&sealer->text));
        buf_put_u8(&note, '\n');
        r = note_put_signature(&note, sealer->origin, sealer->key->info.pubkey, signature);
        if (r == 0)
                r = writer_publish(sealer->writer, buf_view(&note), problem);
        if (r == 0 && sealer->events.published)
                sealer->events.published(buf_view(&note), sealer->events.context);
        return r;
}

static void on_signed(struct operation *operation, int error, struct view answer,
                      const struct problem *problem)
{
        struct sealer *sealer = operation->context;
        struct reader reader = reader_init(answer);
        struct view signature = reader_sized(&reader);
        struct problem reason = {};
        int r = error;

        sealer->pending = 0;
        if (r < 0)
                (void)problem_set(&reason, r, "log key \"%s\": %s", sealer->key->info.name,
                                  problem_text(problem, r));
        if (r == 0 && (reader_end(&reader) < 0 ||
                       pubkey_verify(sealer->key->info.pubkey, sealer->key->info.algorithm,
                                     view_of(operation->digest, SHA256_SIZE), signature) < 0))
                r = problem_set(&reason, -EKEYREJECTED,
                                "log key \"%s\": the token's signature does not verify",
                                sealer->key->info.name);
        if (r == 0)
                r = publish(sealer, signature, &reason);
        if (r == 0) {
                sealer->size = sealer->checkpoint.size;
                (void)record_time(recorder_now(), sealer->time);
        }
        set_reason(sealer, r < 0 ? problem_text(&reason, r) : NULL);
        if (r < 0 || !is_new(sealer))
                tell_finished(sealer);
        sealer_notice(sealer);
}

static int begin(struct sealer *sealer, struct problem *problem)
{
        struct token *token = NULL;
        struct sha256 digest;
        int r;

        if (!sealer->events.find_key(&sealer->key, &token, sealer->events.context))
                return problem_set(problem, -ENOKEY, "there is no log key yet");
        if (token_state(token) != TOKEN_READY)
                return problem_set(problem, -ENODEV, "token %s is %s: %s", token_name(token),
                                   token_state_name(token_state(token)), token_reason(token));
        r = writer_prepare(sealer->writer, problem);
        if (r < 0)
                return r;
        sealer->checkpoint = writer_head(sealer->writer);
        buf_clear(&sealer->text);
        checkpoint_put_text(&sealer->text, sealer->origin, &sealer->checkpoint);
        if (buf_error(&sealer->text))
                return buf_error(&sealer->text);
        digest = note_digest(buf_view(&sealer->text));
        sealer->operation = (struct operation){
                .kind = FRAME_SIGN,
                .key = &sealer->key->token_key,
                .done = on_signed,
                .context = sealer,
        };
        memcpy(sealer->operation.digest, digest.bytes, SHA256_SIZE);
        sealer->pending = 1;
        token_submit(token, &sealer->operation);
        return 0;
}

static void seal(struct sealer *sealer)
{
        struct problem problem = {};
        int r;

        if (sealer->pending || !is_new(sealer))
                return;
        r = begin(sealer, &problem);
        if (r == 0)
                return;
        set_reason(sealer, problem_text(&problem, r));
        tell_finished(sealer);
        if (r != -EROFS && r != -ENOKEY && r != -ENODEV)
                sealer_notice(sealer); /* no room: again after the interval. The others announce
                                          themselves. */
}

static int on_time(sd_event_source *source, uint64_t usec, void *context)
{
        seal(context);
        return 0;
}

void sealer_notice(struct sealer *sealer)
{
        if (sealer->pending || !is_new(sealer) ||
            sd_event_source_get_enabled(sealer->timer, NULL) != 0)
                return;
        if (sd_event_source_set_time_relative(sealer->timer,
                                              sealer->finished ? 0 : sealer->interval_usec) < 0 ||
            sd_event_source_set_enabled(sealer->timer, SD_EVENT_ONESHOT) < 0)
                set_reason(sealer, "no timer");
}

void sealer_finish(struct sealer *sealer, void (*done)(void *context), void *context)
{
        sealer->finished = done;
        sealer->finished_context = context;
        if (sealer->pending)
                return;
        if (is_new(sealer))
                seal(sealer);
        else
                tell_finished(sealer);
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
        return sealer->reason.text;
}
