/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/grant.h"
#include "agent/grant-meter.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>

/* Backslashes are part of unit names: "train\x2dgpu.service". */
static int matches_one(const struct words *patterns, const char *text)
{
        for (size_t i = 0; i < patterns->count; i++)
                if (fnmatch(patterns->word[i], text, FNM_NOESCAPE) == 0)
                        return 1;
        return 0;
}

static int holds_method(const struct config_grant *grant, const struct grant_request *request)
{
        for (size_t i = 0; i < grant->methods.count; i++)
                if (string_equal(grant->methods.word[i], request->method))
                        return 1;
        return 0;
}

static int holds_key(const struct config_grant *grant, const struct grant_request *request)
{
        return !request->key || matches_one(&grant->keys, request->key);
}

static int holds_user(const struct config_grant *grant, const struct grant_request *request)
{
        for (size_t i = 0; i < grant->uid_count; i++)
                if (grant->uids[i] == request->caller->uid)
                        return 1;
        return grant->uid_count == 0;
}

static int has_group(const struct caller *caller, gid_t gid)
{
        if (caller->gid == gid)
                return 1;
        for (size_t i = 0; i < caller->group_count; i++)
                if (caller->groups[i] == gid)
                        return 1;
        return 0;
}

static int holds_group(const struct config_grant *grant, const struct grant_request *request)
{
        for (size_t i = 0; i < grant->gid_count; i++)
                if (has_group(request->caller, grant->gids[i]))
                        return 1;
        return grant->gid_count == 0;
}

static int holds_unit(const struct config_grant *grant, const struct grant_request *request)
{
        if (grant->units.count == 0)
                return 1;
        return request->caller->place.unit[0] &&
               matches_one(&grant->units, request->caller->place.unit);
}

static void put_words(struct buf *buf, const struct words *words)
{
        for (size_t i = 0; i < words->count; i++)
                buf_put_format(buf, "%s%s", i > 0 ? " " : "", words->word[i]);
}

static void explain_method(struct buf *buf, const struct config_grant *grant,
                           const struct grant_request *request)
{
        buf_put_string(buf, "method ");
        put_words(buf, &grant->methods);
        buf_put_format(buf, ", asked was %s", request->method);
}

static void explain_key(struct buf *buf, const struct config_grant *grant,
                        const struct grant_request *request)
{
        buf_put_string(buf, "key ");
        put_words(buf, &grant->keys);
        buf_put_format(buf, ", asked was %s", request->key);
}

static void explain_user(struct buf *buf, const struct config_grant *grant,
                         const struct grant_request *request)
{
        buf_put_string(buf, "uid");
        for (size_t i = 0; i < grant->uid_count; i++)
                buf_put_format(buf, " %u", grant->uids[i]);
        buf_put_format(buf, ", caller is uid %u", request->caller->uid);
}

static void explain_group(struct buf *buf, const struct config_grant *grant,
                          const struct grant_request *request)
{
        buf_put_string(buf, "gid");
        for (size_t i = 0; i < grant->gid_count; i++)
                buf_put_format(buf, " %u", grant->gids[i]);
        buf_put_string(buf, ", caller is in none of them");
}

static void explain_unit(struct buf *buf, const struct config_grant *grant,
                         const struct grant_request *request)
{
        const char *unit = request->caller->place.unit;

        buf_put_string(buf, "unit ");
        put_words(buf, &grant->units);
        buf_put_format(buf, ", caller is in %s", unit[0] ? unit : "none");
}

static int holds_namespace(const struct config_grant *grant, const struct grant_request *request)
{
        return grant->user_namespaces || request->caller->user_namespace == CALLER_NAMESPACE_OURS;
}

static void explain_namespace(struct buf *buf, const struct config_grant *grant,
                              const struct grant_request *request)
{
        buf_put_string(buf, "callers of the agent's own user namespace, ");
        buf_put_string(buf, request->caller->user_namespace == CALLER_NAMESPACE_OTHER
                                    ? "caller is in another"
                                    : "which the caller's is cannot be told");
}

/* In this order: a grant is the nearer the later the first condition that fails. */
static const struct {
        int (*holds)(const struct config_grant *grant, const struct grant_request *request);
        void (*explain)(struct buf *buf, const struct config_grant *grant,
                        const struct grant_request *request);
} conditions[] = {
        {holds_method, explain_method}, {holds_key, explain_key},
        {holds_user, explain_user},     {holds_group, explain_group},
        {holds_unit, explain_unit},     {holds_namespace, explain_namespace},
};

/* How many conditions hold before the first that does not. */
static size_t count_holding(const struct config_grant *grant, const struct grant_request *request)
{
        size_t count = 0;

        while (count < ARRAY_SIZE(conditions) && conditions[count].holds(grant, request))
                count++;
        return count;
}

static int refuse(const struct config *config, const struct grant_request *request,
                  struct problem *problem)
{
        const struct config_grant *nearest = NULL;
        _cleanup_(buf_done) struct buf why = {};
        size_t most = 0;

        for (size_t i = 0; i < config->grant_count; i++) {
                size_t count = count_holding(&config->grants[i], request);

                if (count > most) {
                        most = count;
                        nearest = &config->grants[i];
                }
        }
        if (!nearest)
                return problem_set(problem, -EPERM, "no grant allows anybody to %s",
                                   request->method);
        conditions[most].explain(&why, nearest, request);
        if (buf_error(&why))
                return -EPERM; /* refused in any case, if need be without the reason */
        return problem_set(problem, -EPERM, "grant \"%s\" is for %.*s", nearest->name,
                           (int)why.size, (const char *)why.data);
}

/* 0, -EAGAIN or -ENOMEM. Of several grants that are used up, @ret is the one with room soonest. */
static int charge(struct grant_meter *meter, const struct config_grant *grant,
                  const struct grant_request *request, struct grant_decision *ret)
{
        uint64_t retry_usec = 0;
        int r = 0;

        if (grant->rate_usec > 0)
                r = grant_meter_charge(meter, grant, request->caller, request->now_usec,
                                       &retry_usec);
        if (r == 0 || (r == -EAGAIN && (!ret->grant[0] || retry_usec < ret->retry_usec))) {
                (void)snprintf(ret->grant, sizeof(ret->grant), "%s", grant->name);
                ret->retry_usec = retry_usec;
        }
        return r;
}

int grant_decide(const struct config *config, struct grant_meter *meter,
                 const struct grant_request *request, struct grant_decision *ret,
                 struct problem *problem)
{
        struct grant_decision decision = {};
        int r = -EPERM;

        for (size_t i = 0; i < config->grant_count; i++) {
                if (count_holding(&config->grants[i], request) < ARRAY_SIZE(conditions))
                        continue;
                r = charge(meter, &config->grants[i], request, &decision);
                if (r != -EAGAIN)
                        break;
        }
        if (r == -EPERM)
                return refuse(config, request, problem);
        if (r == 0 || r == -EAGAIN)
                *ret = decision;
        if (r == -EAGAIN)
                return problem_set(
                        problem, r, "grant \"%s\" allows this caller no more now, again in %llu ms",
                        decision.grant, (unsigned long long)(decision.retry_usec + 999) / 1000);
        return r;
}
