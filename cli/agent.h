/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Asking the agent, with its errors turned into answers.
 */

#include "cli/verb.h"
#include "lib/keyring.h"
#include "lib/varlink.h"

#define SIGNER "io.hallmark.Signer"
#define ADMIN  "io.hallmark.Admin"

/* Calls @method at the socket @path over a connection of its own. Takes @parameters over; NULL
 * stands for out of memory. On ANSWER_YES @ret holds a result, never an error. */
enum answer agent_call(const char *path, const char *method, json_t *parameters,
                       struct varlink_reply *ret, struct problem *problem);

/* The same over a connection that is there. */
enum answer agent_call_on(struct varlink_client *client, const char *method, json_t *parameters,
                          struct varlink_reply *ret, struct problem *problem);

/* The key that a reply `(key: Key)` holds. -EBADMSG: none, or not of that name. */
int agent_read_key(const struct varlink_reply *reply, const char *name, struct keyring_key *ret,
                   struct problem *problem) _must_use_;

/* The active version of a key, or another one, as the agent has it: its name and version are those
 * asked for. */
enum answer agent_get_key(const char *path, const char *name, uint32_t version,
                          struct keyring_key *ret, struct problem *problem);
