/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reading a command line by the tables of cli/verb.h.
 *
 * Options may stand anywhere; `--` ends them. Long names are not abbreviated. An option that does
 * not repeat may be given once.
 */

#include "cli/verb.h"

/* -EINVAL with the reason; -ENOMEM. @ret is to be freed with invocation_done() in any case. */
int invocation_parse(int argc, char **argv, struct invocation *ret,
                     struct problem *problem) _must_use_;
void invocation_done(struct invocation *invocation);

/* The value of an option of the verb, by its place in the verb's table; NULL when it is not there.
 */
const char *option_value(const struct invocation *invocation, size_t option);

/* Value number @n of an option that repeats; NULL past the last. */
const char *option_value_at(const struct invocation *invocation, size_t option, size_t n);
