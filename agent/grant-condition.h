/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The conditions of a grant, in the order in which they are looked at: what is asked, who asks, and
 * what is claimed. Private to agent/grant*.c.
 */

#include "agent/grant.h"

#define GRANT_CONDITIONS 9

struct grant_condition {
        int (*holds)(const struct config_grant *grant, const struct grant_request *request);

        /* Says why it does not: goes on from "grant "x" is for ". */
        void (*explain)(struct buf *buf, const struct config_grant *grant,
                        const struct grant_request *request);
};

extern const struct grant_condition grant_conditions[GRANT_CONDITIONS];

/* How many hold before the first that does not: the grant applies when all do. */
size_t grant_count_holding(const struct config_grant *grant, const struct grant_request *request);
