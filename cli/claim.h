/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the caller says of itself: NAME=VALUE, once or more often.
 */

#include "cli/verb.h"
#include "lib/json.h"

/* The claims of an option that repeats, as the agent takes them; NULL when there are none. -EINVAL
 * with the reason; -ENOMEM. */
int claims_read(const struct invocation *invocation, size_t option, json_t **ret,
                struct problem *problem) _must_use_;
