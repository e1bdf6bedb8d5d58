/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/grant.h"

#include <errno.h>
#include <stdio.h>

#include "agent/grant-condition.h"
#include "agent/grant-meter.h"

const struct config_grant *grant_find(const struct config *config,
                                      const struct grant_request *request)
{
        for (size_t i = 0; i < config->grant_count; i++)
                if (grant_count_holding(&config->grants[i], request) == GRANT_CONDITIONS)
                        return &config->grants[i];
        return NULL;
}

int grant_asks(const struct config_grant *grant, const struct grant_request *request)
{
        return grant->decision.path && !string_equal(request->method, "Freeze");
}

int grant_counts(const struct config_grant *grant)
{
        return grant->rate_usec > 0 || grant->per_day > 0;
}

int grant_refuse(const struct config_grant *grant, const struct grant_request *request,
                 struct problem *problem)
{
        size_t count = grant_count_holding(grant, request);
        _cleanup_(buf_done) struct buf why = {};

        grant_conditions[count].explain(&why, grant, request);
        if (buf_error(&why))
                return -EPERM; /* refused in any case, if need be without the reason */
        return problem_set(problem, -EPERM, "grant \"%s\" is for %.*s", grant->name, (int)why.size,
                           (const char *)why.data);
}

/* With the grant that came nearest: of which most conditions hold. */
static int refuse(const struct config *config, const struct grant_request *request,
                  struct problem *problem)
{
        const struct config_grant *nearest = NULL;
        size_t most = 0;

        for (size_t i = 0; i < config->grant_count; i++) {
                size_t count = grant_count_holding(&config->grants[i], request);

                if (count > most) {
                        most = count;
                        nearest = &config->grants[i];
                }
        }
        if (!nearest)
                return problem_set(problem, -EPERM, "no grant allows anybody to %s",
                                   request->method);
        return grant_refuse(nearest, request, problem);
}

/* Rounded up: whoever waits for that long is not refused again. */
static unsigned long long milliseconds(uint64_t usec)
{
        return (usec + 999) / 1000;
}

/* @r is what the meter says of the grant. */
static int conclude(const struct config_grant *grant, int r, uint64_t retry_usec,
                    struct grant_decision *ret, struct problem *problem)
{
        struct grant_decision decision = {.rule = grant, .retry_usec = retry_usec};

        (void)snprintf(decision.grant, sizeof(decision.grant), "%s", grant->name);
        if (r == 0 || r == -EAGAIN)
                *ret = decision;
        if (r == -EAGAIN)
                return problem_set(problem, r,
                                   "grant \"%s\" allows this caller no more now, again in %llu ms",
                                   grant->name, milliseconds(decision.retry_usec));
        return r;
}

int grant_decide(const struct config *config, struct grant_meter *meter,
                 const struct grant_request *request, struct grant_decision *ret,
                 struct problem *problem)
{
        const struct config_grant *grant = grant_find(config, request);
        uint64_t retry_usec = 0;
        int r;

        if (!grant)
                return refuse(config, request, problem);
        r = grant_meter_charge(meter, grant, request->caller, request->now_usec, &retry_usec);
        return conclude(grant, r, retry_usec, ret, problem);
}

int grant_try(const struct config *config, const struct grant_meter *meter,
              const struct grant_request *request, struct grant_decision *ret,
              struct problem *problem)
{
        const struct config_grant *grant = grant_find(config, request);
        uint64_t retry_usec = 0;
        int r = 0;

        if (!grant)
                return refuse(config, request, problem);
        if (meter)
                r = grant_meter_look(meter, grant, request->caller, request->now_usec, &retry_usec);
        return conclude(grant, r, retry_usec, ret, problem);
}
