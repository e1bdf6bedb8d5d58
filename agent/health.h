/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a token says of tries and counters, asked when somebody wants to know and never on the way
 * of a signature: token_facts() has the answer.
 */

#include <jansson.h>

#include "agent/token.h"

#define HEALTH_WAIT_USEC  ((uint64_t)500000)  /* for an answer to whoever wants to know */
#define HEALTH_FRESH_USEC ((uint64_t)1000000) /* an answer is good for so long */

struct health;

/* @answered is called after each answer, or when none will come. @token outlives nothing: it is
 * freed before. */
int health_new(struct token *token, void (*answered)(void *context), void *context,
               struct health **ret) _must_use_;
struct health *health_free(struct health *health);
DEFINE_CLEANUP(struct health *, health_free)

/* Asks a token that is ready, unless it has just answered. 1: an answer may come within
 * HEALTH_WAIT_USEC; 0: what is known is what there is. */
int health_ask(struct health *health);

/* Whether health_ask() would still say so. */
int health_is_coming(const struct health *health);

/* The facts of that kind as an object of strings, for the record; NULL without memory. */
json_t *health_to_json(const struct facts *facts) _must_use_;
