/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/recorder.h"

#include <errno.h>
#include <stdio.h>
#include <systemd/sd-id128.h>
#include <time.h>

#include "agent/event.h"
#include "lib/tile.h"

int recorder_init(struct recorder *recorder, struct writer *writer)
{
        sd_id128_t boot;
        int r = sd_id128_get_boot(&boot);

        if (r < 0)
                return r;
        recorder->writer = writer;
        (void)sd_id128_to_uuid_string(boot, recorder->boot);
        return 0;
}

uint64_t recorder_now(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with this clock */
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

json_t *recorder_begin(const struct recorder *recorder, const char *type)
{
        char time[RECORD_TIME_SIZE];
        json_t *record = json_object();

        if (!record)
                return NULL;
        recorder_set(record, "boot", recorder->boot);
        recorder_set(record, "time", record_time(recorder_now(), time));
        recorder_set(record, "type", type);
        recorder_set_integer(record, "v", RECORD_VERSION);
        return record;
}

/* A member that cannot be set for lack of memory is missing, and record_check() in
 * recorder_append() says so. */
void recorder_set(json_t *record, const char *name, const char *value)
{
        if (value)
                (void)json_object_set_new(record, name, json_string(value));
}

void recorder_set_integer(json_t *record, const char *name, uint64_t value)
{
        (void)json_object_set_new(record, name, json_integer((json_int_t)value));
}

static void ignore(void *context, int error, uint64_t index)
{
}

/* Says in the journal that the clock was set back, if it was since the record before. */
static int append_clock(struct recorder *recorder, const char *time)
{
        _cleanup_(json_decrefp) json_t *record = NULL;
        _cleanup_(buf_done) struct buf text = BUF_INIT(ENTRY_SIZE_MAX);

        if (strcmp(time, recorder->last) >= 0)
                return 0;
        record = recorder_begin(recorder, "clock");
        if (record) {
                recorder_set(record, "before", recorder->last);
                recorder_set(record, "time", time);
        }
        if (!record || record_check(record, NULL) < 0)
                return -ENOMEM;
        json_put(&text, record);
        return buf_error(&text) ? buf_error(&text)
                                : writer_append(recorder->writer, buf_view(&text), ignore, NULL);
}

static void note_time(struct recorder *recorder, const char *time)
{
        (void)snprintf(recorder->last, sizeof(recorder->last), "%s", time);
}

int recorder_append_texts(struct recorder *recorder, struct view record, struct view entry,
                          const char *time, writer_function done, void *context)
{
        int r = recorder->closed ? -EROFS : append_clock(recorder, time);

        if (r == 0)
                r = writer_append_run(recorder->writer, (struct view[]){record, entry},
                                      entry.size > 0 ? 2 : 1, done ? done : ignore, context);
        if (r == 0)
                note_time(recorder, time);
        return r;
}

int recorder_append(struct recorder *recorder, json_t *record, writer_function done, void *context)
{
        _cleanup_(json_decrefp) json_t *owned = record;
        _cleanup_(buf_done) struct buf text = BUF_INIT(ENTRY_SIZE_MAX);

        /* What a verifier would refuse must not get in: one such record is in there for ever. */
        if (!owned || record_check(owned, NULL) < 0)
                return -ENOMEM;
        json_put(&text, owned);
        if (buf_error(&text))
                return buf_error(&text);
        return recorder_append_texts(recorder, buf_view(&text), view_of(NULL, 0),
                                     json_member_string(owned, "time"), done, context);
}

void recorder_note(struct recorder *recorder, json_t *record)
{
        int r = recorder_append(recorder, record, NULL, NULL);

        if (r < 0 && !recorder->closed)
                event_log(LOG_WARNING, NULL, "a record was not written: %s", strerror(-r));
}

void recorder_close(struct recorder *recorder)
{
        recorder->closed = 1;
}
