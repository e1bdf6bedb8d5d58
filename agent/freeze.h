/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The kill switch: Freeze and Thaw. A freeze holds from the moment in which it is asked for, before
 * its record is durable; a thaw from the moment in which its record is.
 */

#include "agent/agent.h"
#include "agent/frozen.h"

/* Reads what is frozen. freeze-recover.c, as the next two. */
int agent_open_frozen(struct agent *agent, struct problem *problem) _must_use_;

/* Makes true what that record of the journal says, if it is one of a freeze or a thaw: at the
 * start, in order, for those after the last checkpoint. What is frozen without a record stays so,
 * whatever older records say. */
int agent_recover_frozen(struct agent *agent, struct view entry,
                         struct problem *problem) _must_use_;

/* What is durable in the journal is so in the file as well, with the reply (to be released) that
 * the request gets whenever it comes again; NULL: there is none. Errors as frozen_save(). */
int agent_apply_freeze(struct agent *agent, const json_t *record, json_t **ret_reply,
                       struct problem *problem) _must_use_;

/* Records each freeze that the journal did not take. */
void agent_record_freezes(struct agent *agent);

/* Why the key signs nothing now; NULL: it may. @ret has its text. */
const char *agent_frozen_reason(const struct agent *agent, const char *key, struct problem *ret);

/* Whether the key may sign as far as that goes. If not, @call has been answered, and the refusal
 * recorded. */
int agent_may_sign(struct agent *agent, struct call *call, const char *key);

/* What is frozen, for Status. NULL without memory. */
json_t *agent_frozen_to_json(const struct agent *agent) _must_use_;

void agent_freeze(struct agent *agent, struct call *call);
void agent_thaw(struct agent *agent, struct call *call);
