/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reminders that a key is to be rotated: a message and a record when the time has come, once for
 * each version and run of the agent. Nothing else happens: a rotation is an operator's deed.
 */

#include <errno.h>
#include <time.h>

#include "agent/event.h"
#include "agent/key-request.h"
#include "agent/message.h"
#include "lib/utc.h"

#define USEC_PER_SEC ((uint64_t)1000000)

/* When the key is to be rotated; 0: nobody wants to be reminded. */
static uint64_t due_of(const struct agent *agent, const struct key *key)
{
        const struct config_key *section = config_find_key(agent->config, key->info.name);
        uint64_t created;

        if (!keyring_key_is_current(&key->info) || !section || section->rotate_usec == 0 ||
            utc_parse(key->info.created, &created) < 0)
                return 0;
        return created * USEC_PER_SEC + section->rotate_usec;
}

static void remind(struct agent *agent, struct key *key, uint64_t due)
{
        json_t *record = recorder_begin(&agent->recorder, "key.due");
        char time[RECORD_TIME_SIZE];

        key->reminded = 1;
        (void)record_time(due, time);
        event_log(LOG_NOTICE, MESSAGE_KEY_DUE,
                  "key %s version %u is to be rotated since %s: it is in use since %s",
                  key->info.name, key->info.version, time, key->info.created);
        if (record) {
                key_request_put_key(record, &key->info);
                recorder_set(record, "due", time);
        }
        recorder_note(&agent->recorder, record);
}

/* Tells of those whose time has come; returns when the next one's comes, or UINT64_MAX. */
static uint64_t remind_of_those_due(struct agent *agent)
{
        uint64_t now = recorder_now(), next = UINT64_MAX;
        struct key *key;

        for (size_t i = 0; (key = keystore_at(agent->store, i)); i++) {
                uint64_t due = key->reminded ? 0 : due_of(agent, key);

                if (due > 0 && due <= now)
                        remind(agent, key, due);
                else if (due > 0 && due < next)
                        next = due;
        }
        return next;
}

static int on_due(sd_event_source *source, uint64_t usec, void *context)
{
        return agent_remind_rotations(context);
}

int agent_remind_rotations(struct agent *agent)
{
        uint64_t next = remind_of_those_due(agent);
        int r = 0;

        if (next == UINT64_MAX)
                return agent->due_timer
                               ? sd_event_source_set_enabled(agent->due_timer, SD_EVENT_OFF)
                               : 0;
        if (!agent->due_timer)
                r = sd_event_add_time(agent->event, &agent->due_timer, CLOCK_REALTIME, next, 0,
                                      on_due, agent);
        else
                r = sd_event_source_set_time(agent->due_timer, next);
        if (r >= 0)
                r = sd_event_source_set_enabled(agent->due_timer, SD_EVENT_ONESHOT);
        return r < 0 ? r : 0;
}

json_t *agent_rotations_to_json(const struct agent *agent)
{
        json_t *list = json_array();
        char time[RECORD_TIME_SIZE];
        const struct key *key;

        for (size_t i = 0; (key = keystore_at(agent->store, i)); i++) {
                uint64_t due = due_of(agent, key);

                if (due > 0)
                        (void)json_array_append_new(
                                list,
                                json_pack("{s:s, s:s, s:b, s:I}", "name", key->info.name, "due",
                                          record_time(due, time), "isDue", due <= recorder_now(),
                                          "version", (json_int_t)key->info.version));
        }
        return list;
}
