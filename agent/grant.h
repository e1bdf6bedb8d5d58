/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Who may do what with which key: the grants of the configuration, deny by default.
 *
 * A grant applies to a request when every condition that it states holds: method, key, user, group,
 * unit, slice, job, claims. The first that applies, in the order of the files, decides, and no
 * other one is looked at when its rate is used up: so two grants never give more than either. Rates
 * are counted per grant and caller, and what is used up survives a reload. A caller is a user; for
 * a grant with Unit=, a user in a unit.
 */

#include "agent/caller.h"
#include "agent/config.h"

struct grant_request {
        const struct caller *caller;
        const char *method;   /* without interface: "Sign" */
        const char *key;      /* NULL for methods that name none */
        uint64_t now_usec;    /* CLOCK_MONOTONIC */
        const json_t *claims; /* what is claimed, an object; or NULL */
};

#define GRANT_DECISION_SIZE 72

struct grant_decision {
        const struct config_grant *rule; /* that allowed it: of the configuration that was asked */
        char grant[KEY_NAME_MAX + 1];    /* that allowed it */
        char decision[GRANT_DECISION_SIZE]; /* of somebody else who was asked, as in records; or ""
                                             */
        uint64_t retry_usec;                /* with -EAGAIN: until there is room again */
};

/* As member of a record: NULL when nobody else was asked. */
static inline const char *grant_decision_text(const struct grant_decision *decision)
{
        return decision->decision[0] ? decision->decision : NULL;
}

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

/* Whether somebody else is asked as well. Not for the kill switch: it allows nothing. */
int grant_asks(const struct config_grant *grant, const struct grant_request *request);

/* Whether the grant has a limit of requests. */
int grant_counts(const struct config_grant *grant);

/* The grant that decides about the request, or NULL. */
const struct config_grant *grant_find(const struct config *config,
                                      const struct grant_request *request);

/* Notes why a grant that does not apply does not, and returns -EPERM. */
int grant_refuse(const struct config_grant *grant, const struct grant_request *request,
                 struct problem *problem);

/* The same without a charge. @meter may be NULL: then nothing is used up. */
int grant_try(const struct config *config, const struct grant_meter *meter,
              const struct grant_request *request, struct grant_decision *ret,
              struct problem *problem) _must_use_;

/* What grant_decide() would say, and of each grant what it is for, as the reply of ExplainGrant:
 * nothing is charged. @meter may be NULL. NULL without memory. */
json_t *grant_explain(const struct config *config, const struct grant_meter *meter,
                      const struct grant_request *request) _must_use_;
