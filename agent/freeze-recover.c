/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "agent/freeze.h"

int agent_apply_freeze(struct agent *agent, const json_t *record, json_t **ret_reply,
                       struct problem *problem)
{
        const char *target = frozen_target(record), *id = json_member_string(record, "id");
        int is_thaw = string_equal(json_member_string(record, "type"), "thaw");
        const json_t *freeze = is_thaw ? frozen_get(agent->frozen, target) : record;
        _cleanup_(json_decrefp) json_t *reply = NULL;
        int r = 0;

        if (freeze)
                reply = json_pack("{s:o, s:s*}", "frozen", frozen_describe(freeze), "thawed",
                                  is_thaw ? json_member_string(record, "time") : NULL);
        if (freeze && !reply)
                return -ENOMEM;
        if (is_thaw)
                frozen_unset(agent->frozen, target);
        else
                r = frozen_set(agent->frozen, record, 1);
        if (r == 0 && id && reply)
                r = frozen_note(agent->frozen, id, is_thaw ? "Thaw" : "Freeze", target, reply);
        if (r == 0)
                r = frozen_save(agent->frozen, problem);
        if (r == 0)
                *ret_reply = TAKE_PTR(reply);
        return r;
}

int agent_open_frozen(struct agent *agent, struct problem *problem)
{
        _cleanup_(freep) char *path = NULL;

        if (asprintf(&path, "%s/frozen", agent->config->state_directory) < 0) {
                path = NULL; /* asprintf() leaves it undefined */
                return -ENOMEM;
        }
        return frozen_open(path, &agent->frozen, problem);
}

/* Whether @record is that of the freeze: one that is recorded later has the time and the boot of
 * that (record_late()). Without memory it is not, and recorded once more. */
static int is_record_of(const json_t *record, const json_t *freeze)
{
        _cleanup_(json_decrefp) json_t *copy = json_copy((json_t *)(uintptr_t)record);
        const char *time = json_member_string(freeze, "time");

        if (!copy || strcmp(json_member_string(record, "time"), time) < 0)
                return 0;
        recorder_set(copy, "boot", json_member_string(freeze, "boot"));
        recorder_set(copy, "time", time);
        return json_equal(copy, freeze);
}

/* A freeze that the journal did not take is later than all that it has of its target. */
static int is_outdated(const struct agent *agent, const json_t *record)
{
        const char *target = frozen_target(record);
        const json_t *freeze = frozen_get(agent->frozen, target);

        return freeze && !frozen_is_recorded(agent->frozen, target) &&
               !is_record_of(record, freeze);
}

int agent_recover_frozen(struct agent *agent, struct view entry, struct problem *problem)
{
        static const char *const marks[] = {"\"type\":\"freeze\"", "\"type\":\"thaw\""};
        _cleanup_(json_decrefp) json_t *parsed = NULL, *reply = NULL;
        const char *type;

        if (!memmem(entry.data, entry.size, marks[0], strlen(marks[0])) &&
            !memmem(entry.data, entry.size, marks[1], strlen(marks[1])))
                return 0;
        if (record_parse(entry, &parsed, NULL) < 0)
                return 0;
        type = json_member_string(parsed, "type");
        if (!string_equal(type, "freeze") && !string_equal(type, "thaw"))
                return 0;
        if (is_outdated(agent, parsed))
                return 0;
        return agent_apply_freeze(agent, parsed, &reply, problem);
}
