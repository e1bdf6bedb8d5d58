/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Tokens as the agent tells of them.
 */

#include "cli/output.h"

/* That @tokens is a list of what `hallmark-protocol(7)` calls Token. -EBADMSG. */
int token_check_list(const json_t *tokens, struct problem *problem) _must_use_;

/* One of them. */
int token_check(const json_t *token, struct problem *problem) _must_use_;

/* Makes a table with a row for each. */
void token_put_rows(struct table *table, const json_t *tokens);

/* Appends what the token says of its tries and counters, in words: nothing if it says nothing. */
void token_put_health(struct buf *buf, const json_t *token);
