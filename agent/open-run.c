/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "agent/run.h"

static int set_builder(struct run *run, const struct config_builder *builder)
{
        char *id = strdup(builder->id);

        if (!id)
                return -ENOMEM;
        free(run->builder);
        run->builder = id;
        memcpy(run->key, builder->key, strlen(builder->key) + 1);
        return 0;
}

static void reply(struct run *run)
{
        const char *why = run->unobserved.text[0] ? run->unobserved.text : NULL;
        struct call *call = run->call;

        (void)record_time(recorder_now(), run->started);
        run->call = NULL;
        call_reply(call, json_pack("{s:s, s:s, s:b, s:s*, s:s, s:s}", "builder", run->builder,
                                   "key", run->key, "observed", run->unit != NULL, "reason", why,
                                   "run", run->id, "startedOn", run->started));
}

static void on_measured(void *context, json_t *measured)
{
        struct run *run = context;

        run->measuring = NULL;
        run->measured = measured;
        reply(run);
}

/* The state that the machine is in when the run begins. */
static void begin(struct run *run)
{
        run->measuring = measure(run->agent, on_measured, run);
        if (!run->measuring)
                reply(run);
}

static void fail(struct run *run, const char *error, const char *reason)
{
        struct call *call = run->call;

        run_free(run);
        call_fail(call, error, "%s", reason);
}

/* The builder of runs that nobody observes has a key of its own, which the caller needs a grant for
 * as for any other. */
static void fall_back(struct run *run, const struct problem *problem)
{
        struct agent *agent = run->agent;
        const struct config_builder *builder = config_find_builder_of_key(agent->config, run->key);
        const struct config_builder *lesser =
                builder && builder->lesser ? config_find_builder(agent->config, builder->lesser)
                                           : NULL;
        struct call *call = run->call;

        run->unobserved = *problem;
        if (!lesser) {
                fail(run, "NotObserved", problem->text);
                return;
        }
        if (!agent_granted(agent, call, lesser->key, &run->decision)) {
                run_free(run); /* and the call is answered */
                return;
        }
        if (set_builder(run, lesser) < 0)
                fail(run, "Busy", "out of memory");
        else
                begin(run);
}

static void on_observed(void *context, json_t *unit, const struct problem *problem)
{
        struct run *run = context;

        run->observer = NULL;
        run->unit = unit;
        if (unit)
                begin(run);
        else
                fall_back(run, problem);
}

/* If not, @call has been answered. */
static int has_room(struct agent *agent, struct call *call)
{
        if (run_count(agent, 0) < RUNS_MAX &&
            run_count(agent, call_connection(call)) < RUNS_CONNECTION_MAX)
                return 1;
        call_fail(call, "Busy", "%d runs are open, or %d of this connection, and no more allowed",
                  RUNS_MAX, RUNS_CONNECTION_MAX);
        return 0;
}

/* Whoever describes what a run was told by others needs a grant for that. */
static int may_describe(struct agent *agent, struct call *call, const char *key,
                        struct grant_decision *ret)
{
        const json_t *parameters = json_object_get(call->message.parameters, "parameters");

        return !json_is_object(parameters) ||
               agent_granted_as(agent, call, "DescribeRun", key, ret);
}

static void open_run(struct run *run, const struct config_builder *builder)
{
        const struct caller *caller = call_caller(run->call);
        struct problem problem = {};
        int r;

        if (!builder->observed) {
                begin(run);
                return;
        }
        r = observer_new(run->agent->event, caller, on_observed, run, &run->observer, &problem);
        if (r < 0) {
                (void)problem_set(&problem, r, "%s", problem_text(&problem, r));
                fall_back(run, &problem);
        }
}

void agent_open_run(struct agent *agent, struct call *call)
{
        const char *name = json_member_string(call->message.parameters, "key");
        json_t *parameters = json_object_get(call->message.parameters, "parameters");
        struct grant_decision decision = {}, description = {};
        const struct config_builder *builder;
        struct key *key = agent_find_signing_key(agent, call, name, &decision);
        struct run *run;

        if (!key)
                return;
        builder = config_find_builder_of_key(agent->config, name);
        if (!builder || key->info.purpose != KEY_PROVENANCE) {
                call_fail(call, "NotGranted",
                          "key \"%s\" is not that of a builder, of purpose "
                          "provenance",
                          name);
                return;
        }
        if (!may_describe(agent, call, name, &description) || !has_room(agent, call))
                return;
        run = run_new(agent, call);
        if (!run || set_builder(run, builder) < 0) {
                if (run)
                        run_free(run);
                call_fail(call, "Busy", "out of memory");
                return;
        }
        run->decision = decision;
        run->description = description;
        run->parameters = json_is_object(parameters) ? json_incref(parameters) : NULL;
        open_run(run, builder);
}
