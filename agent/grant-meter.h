/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is used up: a token bucket and a count of the day for each grant and caller, in a table of
 * fixed size. A caller is a user, and in a unit where the grant asks for units.
 *
 * A bucket that is full again says nothing and may be forgotten; one that is not is kept, so that
 * nobody gets a fresh one by filling the table. A caller who finds no room waits.
 */

#include "agent/grant.h"

#define GRANT_BUCKETS_MAX 4096

/* Counts one request, unless the grant has no limit. -EAGAIN: none is left, or the table is full;
 * then
 * @ret_retry_usec is the time until there is room. -ENOMEM. */
int grant_meter_charge(struct grant_meter *meter, const struct config_grant *grant,
                       const struct caller *caller, uint64_t now_usec,
                       uint64_t *ret_retry_usec) _must_use_;

/* Whether there is one left, without taking it: 0 or -EAGAIN. */
int grant_meter_look(const struct grant_meter *meter, const struct config_grant *grant,
                     const struct caller *caller, uint64_t now_usec,
                     uint64_t *ret_retry_usec) _must_use_;
