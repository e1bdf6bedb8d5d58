/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/run.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#define RANDOM_SIZE 16

/* Unique, whatever else is lost: nobody can guess it, and no two agents make the same. */
static int make_id(const char *origin, char ret[RUN_ID_SIZE])
{
        uint8_t bytes[RANDOM_SIZE];
        char hex[HEX_SIZE(RANDOM_SIZE)];

        if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
                return -EIO;
        (void)snprintf(ret, RUN_ID_SIZE, "%.255s/run/%s", origin,
                       hex_encode(view_of(bytes, sizeof(bytes)), hex));
        return 0;
}

struct run *run_new(struct agent *agent, struct call *call)
{
        struct run *run = calloc(1, sizeof(*run));

        if (!run)
                return NULL;
        run->caller = caller_to_json(call_caller(call));
        if (!run->caller || make_id(agent->config->origin, run->id) < 0) {
                json_decref(run->caller);
                free(run);
                return NULL;
        }
        run->agent = agent;
        run->call = call;
        run->connection = call_connection(call);
        run->next = agent->runs;
        agent->runs = run;
        return run;
}

void run_free(struct run *run)
{
        struct run **link = &run->agent->runs;

        while (*link != run)
                link = &(*link)->next;
        *link = run->next;
        (void)observer_free(run->observer);
        measuring_forget(run->measuring);
        free(run->builder);
        json_decref(run->caller);
        json_decref(run->parameters);
        json_decref(run->unit);
        json_decref(run->measured);
        free(run);
}

size_t run_count(const struct agent *agent, uint64_t connection)
{
        size_t count = 0;

        for (const struct run *run = agent->runs; run; run = run->next)
                count += connection == 0 || run->connection == connection;
        return count;
}

struct run *run_find(const struct agent *agent, uint64_t connection, const char *id)
{
        for (struct run *run = agent->runs; run; run = run->next)
                if (run->connection == connection && !run->call && string_equal(run->id, id))
                        return run;
        return NULL;
}

static struct run *find(const struct agent *agent, const char *id)
{
        struct run *run = agent->runs;

        while (run && !string_equal(run->id, id))
                run = run->next;
        return run;
}

void run_signing(struct agent *agent, const char *id)
{
        struct run *run = find(agent, id);

        if (run)
                run->closing = 1;
}

void run_signed(struct agent *agent, const char *id, int recorded)
{
        struct run *run = find(agent, id);

        if (run && recorded)
                run_free(run);
        else if (run)
                run->closing = 0;
}

/* A call that was not answered yet is answered all the same, to nobody. */
void agent_end_runs(struct agent *agent, uint64_t connection)
{
        for (struct run *run = agent->runs, *next; run; run = next) {
                struct call *call = run->call;

                next = run->next;
                if (run->connection != connection)
                        continue;
                run_free(run);
                if (call)
                        call_fail(call, "Busy", "the connection is closed");
        }
}

void agent_free_runs(struct agent *agent)
{
        while (agent->runs) {
                struct call *call = agent->runs->call;

                run_free(agent->runs);
                if (call)
                        call_fail(call, "Busy", "the agent is stopping");
        }
}
