/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "agent/event.h"
#include "agent/message.h"
#include "agent/witness-state.h"

#define USEC_PER_SEC ((uint64_t)1000000)

void witnesses_stop(struct witnesses *witnesses)
{
        for (size_t i = 0; i < witnesses->count; i++) {
                struct witness *witness = &witnesses->list[i];

                witness->request = http_cancel(witness->request);
                (void)sd_event_source_set_enabled(witness->retry, SD_EVENT_OFF);
        }
        if (witnesses->flush)
                (void)sd_event_source_set_enabled(witnesses->flush, SD_EVENT_OFF);
        if (!witnesses->stopped)
                witnesses_flush(witnesses);
        witnesses->stopped = 1;
}

static void tell_missing(const struct witnesses *witnesses)
{
        for (size_t i = 0; i < witnesses->count; i++) {
                const struct witness *witness = &witnesses->list[i];

                if (cosigned_has(&witnesses->published, i))
                        continue;
                if (witness->request)
                        event_log(LOG_WARNING, MESSAGE_WITNESS_FAILED,
                                  "witness %s has not cosigned the last checkpoint: no answer yet",
                                  witness->config->name);
                else
                        event_log(LOG_WARNING, MESSAGE_WITNESS_FAILED,
                                  "witness %s has not cosigned the last checkpoint: %s",
                                  witness->config->name, witness->problem.text);
        }
}

static void end(struct witnesses *witnesses)
{
        void (*finished)(void *context) = witnesses->finished;

        witnesses->finished = NULL;
        tell_missing(witnesses);
        witnesses_stop(witnesses);
        finished(witnesses->finished_context);
}

void witnesses_end_if_answered(struct witnesses *witnesses)
{
        if (!witnesses->finished)
                return;
        for (size_t i = 0; i < witnesses->count; i++)
                if (witnesses->list[i].request)
                        return;
        end(witnesses);
}

void witnesses_expire(struct witnesses *witnesses)
{
        if (witnesses->finished)
                end(witnesses);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *context)
{
        witnesses_expire(context);
        return 0;
}

int witnesses_add_deadline(struct witnesses *witnesses, sd_event *event)
{
        int r = sd_event_add_time(event, &witnesses->deadline, CLOCK_MONOTONIC, 0, 0, on_deadline,
                                  witnesses);

        return r < 0 ? r : sd_event_source_set_enabled(witnesses->deadline, SD_EVENT_OFF);
}

static int arm_deadline(struct witnesses *witnesses)
{
        int r = sd_event_source_set_time_relative(witnesses->deadline, WITNESSES_FINISH_USEC);

        return r < 0 ? r : sd_event_source_set_enabled(witnesses->deadline, SD_EVENT_ONESHOT);
}

void witnesses_finish(struct witnesses *witnesses, void (*done)(void *context), void *context)
{
        witnesses->finished = done;
        witnesses->finished_context = context;
        witnesses->stopped = 0;
        if (witnesses->published.note.size == 0) {
                witnesses_stop(witnesses);
                witnesses->finished = NULL;
                done(context);
                return;
        }
        if (arm_deadline(witnesses) < 0) { /* not without one */
                end(witnesses);
                return;
        }
        witnesses_begin_round(witnesses);
        witnesses_end_if_answered(witnesses);
}
