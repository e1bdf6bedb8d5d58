/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Ends of overlaps: a version that was rotated with one is retired when it is over. The time is set
 * when it is rotated, and from then on it signs nothing more, whatever the agent does; what comes
 * later is that the journal and its file say so. A crash in between begins again at the start.
 */

#include <errno.h>
#include <stdio.h>

#include "agent/event.h"
#include "agent/hold.h"
#include "agent/key-change.h"
#include "agent/key-making.h"
#include "agent/message.h"
#include "agent/ring.h"
#include "lib/utc.h"

#define USEC_PER_SEC ((uint64_t)1000000)
#define RETRY_USEC   (60 * USEC_PER_SEC) /* when the journal took no record */

int agent_overlap_is_over(const struct key *key, const char *time)
{
        return key->info.overlap[0] && strcmp(time, key->info.overlap) > 0;
}

static void finish(struct agent *agent, struct key *key)
{
        key->lapsing = 0;
        agent_release_key(agent, key);
        agent_answer_ring_calls(agent);
        agent_progress_ended(agent);
}

static void on_recorded(void *context, int error, uint64_t index)
{
        struct key *key = context;
        struct agent *agent = key->agent;
        const struct key_end end = {.state = KEY_RETIRED, .ended = key->info.overlap};
        struct problem problem = {};
        int r = error < 0 ? 0 : keystore_end(agent->store, key, &end, &problem);

        if (r < 0) {
                agent_fail_storage(agent, "key.lapse", r, &problem);
                finish(agent, key);
                return;
        }
        agent_key_settled(agent);
        if (error == 0)
                event_log(LOG_NOTICE, MESSAGE_KEY_ENDED,
                          "key %s version %u is retired now: its overlap ended at %s",
                          key->info.name, key->info.version, key->info.overlap);
        else
                key->lapse_again_usec = recorder_now() + RETRY_USEC;
        finish(agent, key);
        if (error < 0)
                agent_look_at_overlaps(agent);
}

/* What it was asked to sign in time has its record by now, or has none. */
static void on_drained(void *context)
{
        struct key *key = context;
        struct agent *agent = key->agent;
        json_t *record = recorder_begin(&agent->recorder, "key.lapse");
        int r;

        if (record && !agent_overlap_is_over(key, json_member_string(record, "time"))) {
                json_decref(record); /* the clock was set back meanwhile */
                finish(agent, key);
                agent_look_at_overlaps(agent);
                return;
        }
        if (record) {
                key_request_put_key(record, &key->info);
                recorder_set(record, "overlap", key->info.overlap);
        }
        agent_key_unsettled(agent);
        r = recorder_append(&agent->recorder, record, on_recorded, key);
        if (r < 0)
                on_recorded(key, r, 0);
}

static void lapse(struct agent *agent, struct key *key)
{
        key->lapsing = 1;
        key->agent = agent;
        agent->in_progress++;
        agent_hold_key(key, on_drained, key);
}

/* Whoever holds the key calls again when he is done. */
static int is_held(const struct agent *agent, const struct key *key)
{
        return key->lapsing || key->held || agent->stopping;
}

/* When its end is to be recorded: past its overlap, and not at once again after a failure. */
static uint64_t due_usec(const struct key *key)
{
        uint64_t seconds, usec = UINT64_MAX;

        if (utc_parse(key->info.overlap, &seconds) == 0)
                usec = (seconds + 1) * USEC_PER_SEC;
        return key->lapse_again_usec > usec ? key->lapse_again_usec : usec;
}

/* Ends those whose time has come; returns when the next one's comes, or UINT64_MAX. */
static uint64_t end_overlaps(struct agent *agent)
{
        uint64_t next = UINT64_MAX, now_usec = recorder_now();
        char now[RECORD_TIME_SIZE];
        struct key *key;

        (void)record_time(now_usec, now);
        for (size_t i = 0; (key = keystore_at(agent->store, i)); i++) {
                if (key->info.state != KEY_ACTIVE || !key->info.overlap[0] || is_held(agent, key))
                        continue;
                if (agent_overlap_is_over(key, now) && key->lapse_again_usec <= now_usec)
                        lapse(agent, key);
                else if (due_usec(key) < next)
                        next = due_usec(key);
        }
        return next;
}

static int on_time(sd_event_source *source, uint64_t usec, void *context)
{
        return agent_end_overlaps(context);
}

static int set_timer(struct agent *agent, uint64_t usec)
{
        int r = 0;

        if (!agent->lapse_timer)
                r = sd_event_add_time(agent->event, &agent->lapse_timer, CLOCK_REALTIME, usec, 0,
                                      on_time, agent);
        else
                r = sd_event_source_set_time(agent->lapse_timer, usec);
        if (r >= 0)
                r = sd_event_source_set_enabled(agent->lapse_timer, SD_EVENT_ONESHOT);
        return r < 0 ? r : 0;
}

int agent_end_overlaps(struct agent *agent)
{
        uint64_t next = end_overlaps(agent);

        return next == UINT64_MAX ? 0 : set_timer(agent, next);
}

void agent_look_at_overlaps(struct agent *agent)
{
        if (agent->store && agent_end_overlaps(agent) < 0)
                event_log(LOG_WARNING, NULL, "no timer: overlaps end at a restart");
}
