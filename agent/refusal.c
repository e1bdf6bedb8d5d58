/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/refusal.h"

#include <errno.h>

#include "agent/event.h"
#include "agent/message.h"

/* Names the kind that takes what is too much to tell apart. */
static const char others[] = "others";

struct kind {
        json_t *record; /* of the first one */
        char *name;     /* what makes it of a kind */
        uint64_t count; /* not recorded yet */
};

struct refusals {
        struct recorder *recorder;
        sd_event_source *timer;
        struct kind kinds[REFUSAL_KINDS_MAX];
        size_t count;
};

static int on_interval(sd_event_source *source, uint64_t usec, void *context)
{
        refusals_flush(context);
        return 0;
}

int refusals_new(sd_event *event, struct recorder *recorder, struct refusals **ret)
{
        _cleanup_(refusals_freep) struct refusals *refusals = calloc(1, sizeof(*refusals));
        int r;

        if (!refusals)
                return -ENOMEM;
        refusals->recorder = recorder;
        r = sd_event_add_time(event, &refusals->timer, CLOCK_MONOTONIC, 0, 1000000, on_interval,
                              refusals);
        if (r >= 0)
                r = sd_event_source_set_enabled(refusals->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(refusals);
        return 0;
}

static void kind_done(struct kind *kind)
{
        json_decref(kind->record);
        free(kind->name);
}

struct refusals *refusals_free(struct refusals *refusals)
{
        if (!refusals)
                return NULL;
        for (size_t i = 0; i < refusals->count; i++)
                kind_done(&refusals->kinds[i]);
        sd_event_source_disable_unref(refusals->timer);
        free(refusals);
        return NULL;
}

static char *name_of(const struct refusal *refusal)
{
        char *name = NULL;

        if (asprintf(&name, "%u %s %s %s %s", (unsigned)refusal->caller->uid,
                     refusal->caller->place.unit, refusal->method, refusal->key ? refusal->key : "",
                     refusal->error) < 0)
                return NULL;
        return name;
}

static json_t *record_of(struct recorder *recorder, const struct refusal *refusal)
{
        json_t *record = recorder_begin(recorder, "refuse");

        if (!record)
                return NULL;
        (void)json_object_set_new(record, "caller", caller_to_json(refusal->caller));
        recorder_set(record, "method", refusal->method);
        recorder_set(record, "key", refusal->key);
        recorder_set(record, "error", refusal->error);
        recorder_set(record, "reason", refusal->reason);
        return record;
}

/* @record is kept by the caller. A refusal that cannot be recorded was refused all the same. */
static void write_count(struct refusals *refusals, json_t *record, uint64_t count)
{
        json_t *copy = json_copy(record);
        char time[RECORD_TIME_SIZE];

        if (copy) {
                recorder_set_integer(copy, "count", count);
                recorder_set(copy, "time", record_time(recorder_now(), time));
        }
        recorder_note(refusals->recorder, copy);
}

static struct kind *find_kind(struct refusals *refusals, const char *name)
{
        for (size_t i = 0; i < refusals->count; i++)
                if (string_equal(refusals->kinds[i].name, name))
                        return &refusals->kinds[i];
        return NULL;
}

/* The first of a kind: recorded at once, and remembered. */
static void note_first(struct refusals *refusals, const struct refusal *refusal, const char *name)
{
        _cleanup_(json_decrefp) json_t *record = NULL;
        char *copy;

        event_log(LOG_NOTICE, MESSAGE_REQUEST_DENIED, "%s refused to user %u%s%s: %s",
                  refusal->method, (unsigned)refusal->caller->uid,
                  refusal->caller->place.unit[0] ? ", unit " : "", refusal->caller->place.unit,
                  refusal->reason);
        record = record_of(refusals->recorder, refusal);
        if (!record)
                return;
        write_count(refusals, record, 1);
        if (refusals->count == 0 &&
            (sd_event_source_set_time_relative(refusals->timer, REFUSAL_INTERVAL_USEC) < 0 ||
             sd_event_source_set_enabled(refusals->timer, SD_EVENT_ONESHOT) < 0))
                return; /* without a timer each one is recorded on its own */
        copy = strdup(name);
        if (copy)
                refusals->kinds[refusals->count++] = (struct kind){TAKE_PTR(record), copy, 0};
}

void refusals_note(struct refusals *refusals, const struct refusal *refusal)
{
        _cleanup_(freep) char *name = name_of(refusal);
        struct refusal first_of_others = *refusal;
        struct kind *kind;

        if (!name)
                return;
        kind = find_kind(refusals, name);
        if (!kind && refusals->count >= REFUSAL_KINDS_MAX - 1)
                kind = find_kind(refusals, others);
        if (kind) {
                kind->count++;
        } else if (refusals->count < REFUSAL_KINDS_MAX - 1) {
                note_first(refusals, refusal, name);
        } else {
                first_of_others.reason = "the first of several kinds, too many to tell apart";
                note_first(refusals, &first_of_others, others);
        }
}

void refusals_flush(struct refusals *refusals)
{
        for (size_t i = 0; i < refusals->count; i++) {
                if (refusals->kinds[i].count > 0)
                        write_count(refusals, refusals->kinds[i].record, refusals->kinds[i].count);
                kind_done(&refusals->kinds[i]);
        }
        refusals->count = 0;
}
