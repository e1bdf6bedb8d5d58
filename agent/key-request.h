/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What all requests of operators about a key have in common: its name, the grant, and the id by
 * which the same request is known when it comes again, also after a restart. Private to
 * agent/key-*.c.
 */

#include "agent/agent.h"

#define KEY_ID_SIZE (KEY_NAME_MAX + 1)

/* Whether @call may go on. If not, it has been answered: refused, or with what came of it the first
 * time. */
int key_request_begin(struct agent *agent, struct call *call, const char *name,
                      struct grant_decision *ret_decision);

/* The id of the request, or "". */
void key_request_id(const struct call *call, char ret[KEY_ID_SIZE]);

/* Notes what came of it, so that it is answered again. A failure is no reason to take back what has
 * happened: it is logged. @call is the request, whose parameters have to be the same then; NULL: it
 * is not there any more. */
void key_request_note(struct agent *agent, const struct call *call, const char *method,
                      const char *id, const struct key *key);

/* The answer of all of them. */
void key_request_reply(struct call *call, const struct key *key);

/* Sets `fingerprint key version` of a record, and with @caller who asked for it. */
void key_request_put_key(json_t *record, const struct keyring_key *info);

/* Whether something is being done with a key of that name. */
int key_is_changing(const struct agent *agent, const char *name);

/* After a change, which may have held a version whose overlap is over. */
void agent_look_at_overlaps(struct agent *agent);

/* Whether a key of that name is being attested. key-attest.c. */
int attesting_has_name(const struct agent *agent, const char *name);

/* The token, if it is ready: what waits for one would come as a surprise. If not, @call has been
 * answered. */
struct token *key_request_find_token(struct agent *agent, struct call *call, const char *name);
