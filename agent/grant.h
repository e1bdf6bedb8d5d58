/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Who may do what with which key: the grants of the configuration, deny by default.
 *
 * A grant allows a request when every condition that it states holds: user, group, unit, key,
 * method. The first that does, in the order of the files, and still has room in its rate, decides;
 * two grants never add up. Rates are token buckets per grant and caller (uid and unit), which
 * survive a reload.
 */

#include "agent/caller.h"
#include "agent/config.h"

struct grant_request {
        const struct caller *caller;
        const char *method; /* without interface: "Sign" */
        const char *key;    /* NULL for methods that name none */
        uint64_t now_usec;  /* CLOCK_MONOTONIC */
};

struct grant_decision {
        char grant[KEY_NAME_MAX + 1]; /* that allowed it */
        uint64_t retry_usec;          /* with -EAGAIN: until there is room again */
};

struct grant_meter; /* the buckets */

int grant_meter_new(struct grant_meter **ret) _must_use_;
struct grant_meter *grant_meter_free(struct grant_meter *meter);
DEFINE_CLEANUP(struct grant_meter *, grant_meter_free)

/* 0: allowed, and the bucket has been charged. -EPERM: no grant allows it; @problem says how near
 * the nearest came ("grant \"x\" is for unit train-*.service, caller is in none"). -EAGAIN:
 * allowed, but the rate is used up. -ENOMEM. */
int grant_decide(const struct config *config, struct grant_meter *meter,
                 const struct grant_request *request, struct grant_decision *ret,
                 struct problem *problem) _must_use_;
