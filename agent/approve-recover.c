/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "agent/approve.h"

int agent_open_pending(struct agent *agent, struct problem *problem)
{
        _cleanup_(freep) char *path = NULL;

        if (asprintf(&path, "%s/pending", agent->config->state_directory) < 0) {
                path = NULL; /* asprintf() leaves it undefined */
                return -ENOMEM;
        }
        return pending_open(path, &agent->pending, problem);
}

static int is_over(const json_t *record, void *context)
{
        return !agent_is_pending(context, record);
}

int agent_add_pending(struct agent *agent, const json_t *record, struct problem *problem)
{
        int r;

        pending_make_room(agent->pending, is_over, agent);
        r = pending_add(agent->pending, record);
        return r < 0 ? r : pending_save(agent->pending, problem);
}

int agent_recover_pending(struct agent *agent, struct view entry, struct problem *problem)
{
        static const char mark[] = "\"approval\":\"";
        _cleanup_(json_decrefp) json_t *record = NULL;
        const char *id;

        if (!memmem(entry.data, entry.size, mark, strlen(mark)) ||
            record_parse(entry, &record, NULL) < 0)
                return 0;
        id = json_member_string(record, "approval");
        if (!id)
                return 0;
        if (string_equal(json_member_string(record, "type"), "pending"))
                return agent_add_pending(agent, record, problem);
        pending_remove(agent->pending, id);
        return pending_save(agent->pending, problem);
}
