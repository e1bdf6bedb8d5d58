/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A key that is about to end: those who want it to sign wait a moment, and what it signs already
 * comes to its record. So the record of its end is after all records of its signatures, and nobody
 * who asks meanwhile is refused: they go on with whatever is active then.
 */

#include "agent/agent.h"

#define HELD_CALLS_MAX ((size_t)4096) /* that wait for one key: they outlive their connections */

/* From now on no signature with @key begins. Calls @drained once none is under way, perhaps from
 * within; not after agent_release_key(). */
void agent_hold_key(struct key *key, void (*drained)(void *context), void *context);

/* Those who waited are served by what is active now. */
void agent_release_key(struct agent *agent, struct key *key);

/* Whether @call waits now for the key; or it has been answered, since too many do. */
int agent_wait_for_key(struct key *key, struct call *call);

/* Around each signature, up to its record. */
void key_signing_begins(struct key *key);
void key_signing_ended(struct key *key);
