/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The key ring that is handed out, with what signs it: a record of its digest, and the proof that
 * this is in the journal (lib/keyring-seal.h).
 *
 * A ring that is the same as the one before is handed out again as it is, so that asking for it,
 * which anybody may, makes records only when keys have changed, and once after each start.
 */

#include "agent/agent.h"

/* Around each record about a key that is or becomes one of the ring, from its being appended to the
 * folder of keys being so. Meanwhile the ring would not be what the records before it say. */
void agent_key_unsettled(struct agent *agent);
void agent_key_settled(struct agent *agent);

struct sealing *sealing_free(struct sealing *sealing);
