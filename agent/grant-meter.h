/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Token buckets, one for each grant and caller (uid and unit), in a table of fixed size.
 *
 * A bucket that is full again says nothing and may be forgotten; one that is not is kept, so that
 * nobody gets a fresh one by filling the table. A caller who finds no room waits.
 */

#include "agent/grant.h"

#define GRANT_BUCKETS_MAX 4096

/* Takes one request out of the bucket. -EAGAIN: none is left, or the table is full; then
 * @ret_retry_usec is the time until there is room. -ENOMEM. */
int grant_meter_charge(struct grant_meter *meter, const struct config_grant *grant,
                       const struct caller *caller, uint64_t now_usec,
                       uint64_t *ret_retry_usec) _must_use_;
