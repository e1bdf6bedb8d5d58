/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Help, made of the verb table: for people, as JSON, and as completion for a shell.
 */

#include "cli/verb.h"
#include "lib/json.h"

/* Prints the help of @verb, or the overview when it is NULL. */
enum answer help_print(const struct verb *verb, struct problem *problem);

/* All verbs and options. NULL without memory. */
json_t *help_to_json(void) _must_use_;

/* Appends a completion function for bash. */
void completion_put_bash(struct buf *buf);
