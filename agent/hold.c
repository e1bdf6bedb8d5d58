/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/hold.h"

static void tell_drained(struct key *key)
{
        void (*drained)(void *context) = key->drained;

        if (!drained || key->signing > 0)
                return;
        key->drained = NULL;
        drained(key->drained_context);
}

void agent_hold_key(struct key *key, void (*drained)(void *context), void *context)
{
        key->held = 1;
        key->drained = drained;
        key->drained_context = context;
        tell_drained(key);
}

static struct call *take_parked(struct key *key)
{
        struct call *call = key->parked, *first = NULL;

        /* The last that came is the first in the list. */
        while (call) {
                struct call *next = call->parked;

                call->parked = first;
                first = call;
                call = next;
        }
        key->parked = NULL;
        key->parked_count = 0;
        return first;
}

void agent_release_key(struct agent *agent, struct key *key)
{
        struct call *call, *next;

        key->held = 0;
        key->drained = NULL;
        for (call = take_parked(key); call; call = next) {
                next = call->parked;
                call->parked = NULL;
                if (call->connection)
                        call->method->handle(agent, call);
                else
                        call_fail(call, "Busy", "the connection is gone");
        }
}

void agent_release_keys(struct agent *agent)
{
        struct key *key;

        for (size_t i = 0; agent->store && (key = keystore_at(agent->store, i)); i++)
                agent_release_key(agent, key);
}

int agent_wait_for_key(struct key *key, struct call *call)
{
        if (!key->held)
                return 0;
        if (key->parked_count >= HELD_CALLS_MAX) {
                call_fail(call, "Busy", "%zu calls wait for key \"%s\" already", key->parked_count,
                          key->info.name);
                return 1;
        }
        call->parked = key->parked;
        key->parked = call;
        key->parked_count++;
        return 1;
}

void key_signing_begins(struct key *key)
{
        key->signing++;
}

void key_signing_ended(struct key *key)
{
        key->signing--;
        tell_drained(key);
}
