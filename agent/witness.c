/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/witness-state.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include "agent/add-checkpoint.h"
#include "agent/event.h"
#include "agent/message.h"

#define BACKOFF_FIRST_USEC ((uint64_t)500000)
#define BACKOFF_MOST_USEC  ((uint64_t)300 * 1000000)
#define FLUSH_USEC         ((uint64_t)100000) /* that a cosignature waits for others of its round */
#define CONFLICTS_MAX      3 /* in a row: then the witness does not mean what it says */
#define USEC_PER_SEC       ((uint64_t)1000000)

static int is_waiting(const struct witness *witness)
{
        return sd_event_source_get_enabled(witness->retry, NULL) > 0;
}

static uint64_t backoff(unsigned failures)
{
        uint64_t usec = BACKOFF_FIRST_USEC, chance;

        for (unsigned i = 1; i < failures && usec < BACKOFF_MOST_USEC; i++)
                usec *= 2;
        usec = usec < BACKOFF_MOST_USEC ? usec : BACKOFF_MOST_USEC;
        /* Not all agents at once when a witness comes back. */
        if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) != (ssize_t)sizeof(chance))
                chance = usec / 2;
        return usec / 2 + chance % usec;
}

static void tell_failure(struct witness *witness, int contradicts)
{
        if (contradicts && !witness->contradicts)
                event_log(LOG_CRIT, MESSAGE_WITNESS_DISSENTS, "witness %s: %s",
                          witness->config->name, witness->problem.text);
        else if (!contradicts && witness->failures == 1 && !witness->all->finished)
                event_log(LOG_WARNING, MESSAGE_WITNESS_FAILED, "witness %s: %s",
                          witness->config->name, witness->problem.text);
        witness->contradicts = contradicts;
}

/* @error is -EKEYREJECTED when what the witness has seen and the journal exclude each other. */
static void fail(struct witness *witness, int error, const struct problem *problem)
{
        witness->failures++;
        witness->conflicts = 0;
        witness->problem = (struct problem){};
        (void)problem_set(&witness->problem, error, "%s", problem_text(problem, error));
        tell_failure(witness, error == -EKEYREJECTED);
        if (sd_event_source_set_time_relative(witness->retry, backoff(witness->failures)) < 0 ||
            sd_event_source_set_enabled(witness->retry, SD_EVENT_ONESHOT) < 0)
                event_log(LOG_ERR, MESSAGE_WITNESS_FAILED, "witness %s: no timer",
                          witness->config->name);
}

static void succeed(struct witness *witness)
{
        if (witness->failures > 0)
                event_log(LOG_NOTICE, MESSAGE_WITNESS_RECOVERED, "witness %s cosigns again",
                          witness->config->name);
        witness->failures = witness->conflicts = 0;
        witness->contradicts = 0;
        witness->problem = (struct problem){};
}

static void on_recorded(void *context, int error, uint64_t index)
{
        struct witnesses *witnesses = context;

        if (error == 0)
                witnesses->options.recorded(index, witnesses->options.context);
}

/* A journal that takes no records has said so itself. */
static void record(const struct witness *witness, struct view line)
{
        const struct witnesses_options *options = &witness->all->options;
        json_t *entry = recorder_begin(options->recorder, "checkpoint.witness");
        char root[HEX_SIZE(SHA256_SIZE)], text[8 + HEX_SIZE(SHA256_SIZE)];
        _cleanup_(freep) char *cosignature = view_dup(view_of(line.data, line.size - 1));

        (void)snprintf(text, sizeof(text), "sha256:%s",
                       hex_encode(sha256_view(&witness->target.checkpoint.root), root));
        if (entry) {
                recorder_set(entry, "cosignature", cosignature);
                recorder_set(entry, "root", text);
                recorder_set_integer(entry, "size", witness->target.checkpoint.size);
                recorder_set(entry, "witness", witness->config->name);
        }
        if (recorder_append(options->recorder, entry, on_recorded, witness->all) < 0)
                return;
}

void witnesses_flush(struct witnesses *witnesses)
{
        struct writer *writer = witnesses->options.writer;
        struct problem problem = {};
        int r = 0;

        if (witnesses->published_changed)
                r = writer_republish(writer, buf_view(&witnesses->published.note), &problem);
        if (r == 0 && witnesses->kept_changed)
                r = writer_publish_cosigned(writer, buf_view(&witnesses->kept.note), &problem);
        witnesses->published_changed = witnesses->kept_changed = 0;
        if (r < 0 && !witnesses->flush_failed)
                event_log(LOG_ERR, MESSAGE_WITNESS_FAILED, "cosignatures not kept: %s",
                          problem_text(&problem, r));
        witnesses->flush_failed = r < 0;
}

static int on_flush(sd_event_source *source, uint64_t usec, void *context)
{
        witnesses_flush(context);
        return 0;
}

static int flush_soon(struct witnesses *witnesses)
{
        int r;

        if (sd_event_source_get_enabled(witnesses->flush, NULL) > 0)
                return 0;
        r = sd_event_source_set_time_relative(witnesses->flush, FLUSH_USEC);
        return r < 0 ? r : sd_event_source_set_enabled(witnesses->flush, SD_EVENT_ONESHOT);
}

/* The rule of agent/witness.h: which of the two files gets the line. */
static int keep(struct witness *witness, struct view line)
{
        struct witnesses *witnesses = witness->all;
        struct cosigned *const places[] = {&witnesses->published, &witnesses->round,
                                           &witnesses->kept};
        uint64_t size = witness->target.checkpoint.size;
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(places) && r == 0; i++)
                if (cosigned_is_of(places[i], size))
                        r = cosigned_add(places[i], witness->number, &witness->config->key, line);
        if (r == 0 && cosigned_is_of(&witnesses->round, size) &&
            cosigned_count(&witnesses->round) >= cosigned_count(&witnesses->kept))
                r = cosigned_copy(&witnesses->round, &witnesses->kept);
        if (r < 0)
                return r;
        witnesses->published_changed |= cosigned_is_of(&witnesses->published, size);
        witnesses->kept_changed |= cosigned_is_of(&witnesses->kept, size);
        return flush_soon(witnesses);
}

static int take_cosignature(struct witness *witness, struct view body, struct problem *problem)
{
        _cleanup_(buf_done) struct buf line = BUF_INIT(NOTE_SIZE_MAX);
        uint64_t time;
        int r = add_checkpoint_read_cosignature(body, cosigned_text(&witness->target),
                                                &witness->config->key, &line, &time, problem);

        if (r < 0)
                return r == -ENOMEM ? r : -EBADMSG; /* an answer that is none */
        witness->size = witness->target.checkpoint.size;
        witness->time = time;
        r = keep(witness, buf_view(&line));
        if (r < 0)
                return problem_prefix(problem, r, "cosignature not kept");
        record(witness, buf_view(&line));
        return 0;
}

/* Where it stands is what its next request begins with: -EAGAIN, at once; 0, in the next round. */
static int take_size(struct witness *witness, struct view body, struct problem *problem)
{
        uint64_t newest = witness->all->published.checkpoint.size, size = 0;
        int r = add_checkpoint_read_size(body, &size, problem);

        if (r < 0)
                return r;
        if (size > newest)
                return problem_set(problem, -EKEYREJECTED,
                                   "it has cosigned %llu records, and the checkpoint covers %llu: "
                                   "the journal was rolled back, or the witness errs",
                                   (unsigned long long)size, (unsigned long long)newest);
        if (size == witness->size || ++witness->conflicts > CONFLICTS_MAX)
                return problem_set(problem, -EBADMSG,
                                   "answer 409 with size %llu does not help: asked from there",
                                   (unsigned long long)size);
        witness->size = size;
        return size <= witness->target.checkpoint.size ? -EAGAIN : 0;
}

static const struct {
        long status;
        int error;
        const char *text;
} refusals[] = {
        {400, -EBADMSG, "it says that the request is malformed"},
        {403, -EBADMSG, "it does not accept the signature of the log key"},
        {404, -EBADMSG, "it does not know this journal"},
        {422, -EKEYREJECTED,
         "it says that the checkpoint does not go on from what it has cosigned"},
};

static int take_answer(struct witness *witness, long status, struct view body,
                       struct problem *problem)
{
        if (status == 200)
                return take_cosignature(witness, body, problem);
        if (status == 409)
                return take_size(witness, body, problem);
        for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
                if (refusals[i].status == status)
                        return problem_set(problem, refusals[i].error, "status %ld: %s", status,
                                           refusals[i].text);
        return problem_set(problem, -EIO, "status %ld", status);
}

static int ask(struct witness *witness, struct problem *problem);

static void on_answer(void *context, int error, long status, struct view body,
                      const struct problem *problem)
{
        struct witness *witness = context;
        struct problem reason = *problem;
        int r = error;

        witness->request = NULL;
        if (r == 0)
                r = take_answer(witness, status, body, &reason);
        if (r == -EAGAIN)
                r = ask(witness, &reason);
        else if (r == 0 && status == 200)
                succeed(witness);
        if (r < 0)
                fail(witness, r, &reason);
        witnesses_begin_round(witness->all);
        witnesses_end_if_answered(witness->all);
}

/* Offers witness->target. */
static int ask(struct witness *witness, struct problem *problem)
{
        struct witnesses *witnesses = witness->all;
        struct checkpoint *target = &witness->target.checkpoint;
        _cleanup_(buf_done) struct buf body = BUF_INIT(NOTE_SIZE_MAX);
        _cleanup_(freep) char *url = NULL;
        struct merkle_proof proof = {};
        int r;

        if (witness->size > target->size)
                witness->size = 0; /* it will say itself what it has cosigned */
        r = writer_prove_consistency(witnesses->options.writer, witness->size, target->size, &proof,
                                     problem);
        if (r == 0)
                r = add_checkpoint_put(&body, witness->size, &proof,
                                       buf_view(&witness->target.note));
        if (r < 0)
                return problem_prefix(problem, r == -EKEYREJECTED ? -EBADMSG : r, "proof");
        if (asprintf(&url, "%s%s", witness->config->url, ADD_CHECKPOINT_PATH) < 0) {
                url = NULL; /* asprintf() leaves it undefined */
                return -ENOMEM;
        }
        return http_post(witnesses->http,
                         &(struct http_post){.url = url,
                                             .body = buf_view(&body),
                                             .timeout_usec = witness->config->timeout_usec,
                                             .answer_max = ADD_CHECKPOINT_ANSWER_MAX,
                                             .done = on_answer,
                                             .context = witness},
                         &witness->request);
}

/* Those who answered last time are waited for, at most until their time is up. */
static int is_round_open(const struct witnesses *witnesses)
{
        for (size_t i = 0; i < witnesses->count; i++)
                if (witnesses->list[i].request && witnesses->list[i].failures == 0)
                        return 1;
        return 0;
}

void witnesses_begin_round(struct witnesses *witnesses)
{
        struct cosigned *round = &witnesses->round;

        if (witnesses->stopped || witnesses->published.note.size == 0 || is_round_open(witnesses))
                return;
        witnesses_flush(witnesses);
        if (!cosigned_is_of(round, witnesses->published.checkpoint.size) &&
            cosigned_copy(&witnesses->published, round) < 0)
                return; /* without memory: the next checkpoint tries again */
        for (size_t i = 0; i < witnesses->count; i++) {
                struct witness *witness = &witnesses->list[i];
                struct problem problem = {};
                int r;

                if (witness->request || is_waiting(witness) || cosigned_has(round, i))
                        continue;
                r = cosigned_copy(round, &witness->target);
                if (r == 0)
                        r = ask(witness, &problem);
                if (r < 0)
                        fail(witness, r, &problem);
        }
}

static int on_retry(sd_event_source *source, uint64_t usec, void *context)
{
        struct witness *witness = context;

        witnesses_begin_round(witness->all);
        return 0;
}

void witnesses_offer(struct witnesses *witnesses, struct view note)
{
        struct problem problem = {};
        int r;

        if (witnesses->count == 0)
                return;
        witnesses->published_changed = 0; /* overtaken */
        r = cosigned_set(&witnesses->published, note, witnesses->options.config, &problem);
        if (r < 0) {
                /* The older one must not come in the place of the newer. */
                cosigned_done(&witnesses->published);
                event_log(LOG_WARNING, MESSAGE_WITNESS_FAILED, "checkpoint not offered: %s",
                          problem_text(&problem, r));
        }
        witnesses_begin_round(witnesses);
}

/* Both files are from an earlier run, or from before a reload; what ended that may have come
 * between the two. */
static int read_files(struct witnesses *witnesses)
{
        const struct witnesses_options *options = &witnesses->options;
        struct cosigned *published = &witnesses->published, *kept = &witnesses->kept;
        _cleanup_(buf_done) struct buf note = BUF_INIT(NOTE_SIZE_MAX);
        int r = writer_read_cosigned(options->writer, &note, NULL);

        if (r == 0 && cosigned_set(kept, buf_view(&note), options->config, NULL) == -ENOMEM)
                return -ENOMEM;
        buf_clear(&note);
        r = writer_read_checkpoint(options->writer, &note, NULL);
        if (r == 0 && cosigned_set(published, buf_view(&note), options->config, NULL) == -ENOMEM)
                return -ENOMEM;
        if (cosigned_count(published) == 0 || cosigned_count(published) < cosigned_count(kept) ||
            published->checkpoint.size <= kept->checkpoint.size)
                return 0;
        r = cosigned_copy(published, kept);
        witnesses->kept_changed = r == 0;
        return r;
}

/* What a witness has cosigned by them is where it is asked from; if that is wrong, it says so
 * itself. */
static int take_up(struct witnesses *witnesses)
{
        int r = read_files(witnesses);

        for (size_t i = 0; i < witnesses->count; i++)
                if (cosigned_has(&witnesses->kept, i))
                        witnesses->list[i].size = witnesses->kept.checkpoint.size;
        if (r == 0)
                witnesses_begin_round(witnesses);
        return r;
}

static int add_witness(struct witnesses *witnesses, sd_event *event, size_t number)
{
        struct witness *witness = &witnesses->list[number];
        int r;

        witness->all = witnesses;
        witness->number = number;
        witness->config = &witnesses->options.config->witnesses[number];
        r = sd_event_add_time(event, &witness->retry, CLOCK_MONOTONIC, 0, 0, on_retry, witness);
        return r < 0 ? r : sd_event_source_set_enabled(witness->retry, SD_EVENT_OFF);
}

int witnesses_new(sd_event *event, const struct witnesses_options *options, struct witnesses **ret,
                  struct problem *problem)
{
        _cleanup_(witnesses_freep) struct witnesses *witnesses = calloc(1, sizeof(*witnesses));
        size_t count = options->config->witness_count;
        int r = 0;

        if (!witnesses)
                return -ENOMEM;
        witnesses->options = *options;
        if (count > 0)
                r = http_new(event, &witnesses->http, problem);
        if (r == 0)
                r = sd_event_add_time(event, &witnesses->flush, CLOCK_MONOTONIC, 0, 0, on_flush,
                                      witnesses);
        if (r >= 0)
                r = sd_event_source_set_enabled(witnesses->flush, SD_EVENT_OFF);
        if (r >= 0)
                r = witnesses_add_deadline(witnesses, event);
        if (r < 0)
                return r;
        witnesses->list = calloc(count > 0 ? count : 1, sizeof(*witnesses->list));
        if (!witnesses->list)
                return -ENOMEM;
        for (; witnesses->count < count; witnesses->count++) {
                r = add_witness(witnesses, event, witnesses->count);
                if (r < 0)
                        return r;
        }
        r = count > 0 ? take_up(witnesses) : 0;
        if (r < 0)
                return r;
        *ret = TAKE_PTR(witnesses);
        return 0;
}

struct witnesses *witnesses_free(struct witnesses *witnesses)
{
        if (!witnesses)
                return NULL;
        witnesses_stop(witnesses);
        sd_event_source_disable_unref(witnesses->flush);
        sd_event_source_disable_unref(witnesses->deadline);
        for (size_t i = 0; witnesses->list && i < witnesses->options.config->witness_count; i++) {
                struct witness *witness = &witnesses->list[i];

                sd_event_source_disable_unref(witness->retry);
                cosigned_done(&witness->target);
        }
        free(witnesses->list);
        (void)http_free(witnesses->http);
        cosigned_done(&witnesses->published);
        cosigned_done(&witnesses->round);
        cosigned_done(&witnesses->kept);
        free(witnesses);
        return NULL;
}

static const char *state_of(const struct witness *witness)
{
        if (witness->failures > 0)
                return "failing";
        return witness->time > 0 ? "good" : "new";
}

json_t *witnesses_to_json(const struct witnesses *witnesses)
{
        json_t *list = json_array();

        for (size_t i = 0; i < witnesses->count; i++) {
                const struct witness *witness = &witnesses->list[i];
                char time[RECORD_TIME_SIZE] = "";

                if (witness->time > 0 && witness->time < UINT64_MAX / USEC_PER_SEC)
                        (void)record_time(witness->time * USEC_PER_SEC, time);
                (void)json_array_append_new(
                        list, json_pack("{s:s, s:s, s:s, s:I, s:s, s:s}", "name",
                                        witness->config->name, "url", witness->config->url, "state",
                                        state_of(witness), "size", (json_int_t)witness->size,
                                        "time", time, "problem", witness->problem.text));
        }
        return list;
}
