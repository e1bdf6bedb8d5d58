/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/explain.h"

#include <errno.h>
#include <stdio.h>

#include "agent/agent.h"
#include "agent/clock.h"

/* (uid_t)-1 is nobody's. */
static int read_id(const json_t *value, const char *what, uint32_t *ret, struct problem *problem)
{
        json_int_t id = json_is_integer(value) ? json_integer_value(value) : -1;

        if (id < 0 || id >= UINT32_MAX)
                return problem_set(problem, -EBADMSG, "%s: expected a number from 0 to %u", what,
                                   UINT32_MAX - 1);
        *ret = (uint32_t)id;
        return 0;
}

static int read_groups(const json_t *groups, struct caller *caller, struct problem *problem)
{
        const json_t *group;
        size_t i;

        if (json_array_size(groups) > CALLER_GROUPS_MAX)
                return problem_set(problem, -EBADMSG, "groups: expected at most %d, found %zu",
                                   CALLER_GROUPS_MAX, json_array_size(groups));
        json_array_foreach (groups, i, group) {
                int r = read_id(group, "groups", &caller->groups[i], problem);

                if (r < 0)
                        return r;
                caller->group_count++;
        }
        return 0;
}

static int read_text(const json_t *question, const char *name, char *ret, size_t size,
                     struct problem *problem)
{
        const char *text = json_member_string(question, name);

        if (text && strlen(text) >= size)
                return problem_set(problem, -EBADMSG, "%s: expected at most %zu bytes, found %zu",
                                   name, size - 1, strlen(text));
        if (text)
                (void)snprintf(ret, size, "%s", text);
        return 0;
}

static int read_caller(const json_t *question, struct caller *ret, struct problem *problem)
{
        const json_t *gid = json_object_get(question, "gid");
        struct caller *caller = ret;
        int r;

        *caller = (struct caller){.pidfd = -1, .gid = (gid_t)-1};
        r = read_id(json_object_get(question, "uid"), "uid", &caller->uid, problem);
        if (r == 0 && json_is_integer(gid))
                r = read_id(gid, "gid", &caller->gid, problem);
        if (r == 0)
                r = read_groups(json_object_get(question, "groups"), caller, problem);
        if (r == 0)
                r = read_text(question, "unit", caller->place.unit, CALLER_NAME_MAX, problem);
        if (r == 0)
                r = read_text(question, "slice", caller->place.slice, CALLER_NAME_MAX, problem);
        if (r == 0)
                r = read_text(question, "job", caller->place.job, CALLER_ID_SIZE, problem);
        return r;
}

int explain_answer(const struct config *config, const struct grant_meter *meter,
                   const json_t *question, json_t **ret, struct problem *problem)
{
        struct caller caller;
        const struct grant_request request = {
                .caller = &caller,
                .method = json_member_string(question, "method"),
                .key = json_member_string(question, "key"),
                .now_usec = clock_now(),
                .claims = json_object_get(question, "claims"),
        };
        json_t *reply;
        int r = read_caller(question, &caller, problem);

        if (r < 0)
                return r;
        reply = grant_explain(config, meter, &request);
        if (!reply)
                return -ENOMEM;
        *ret = reply;
        return 0;
}

void agent_explain_grant(struct agent *agent, struct call *call)
{
        struct problem problem = {};
        json_t *reply = NULL;
        int r = explain_answer(agent->config, agent->meter, call->message.parameters, &reply,
                               &problem);

        if (r == -EBADMSG)
                call_fail(call, "BadName", "%s", problem_text(&problem, r));
        else if (r < 0)
                call_fail(call, "Busy", "%s", problem_text(&problem, r));
        else
                call_reply(call, reply);
}
