/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/grant-condition.h"

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

/* A slice is inside of those whose names its own begins with: a-b.slice of a.slice. */
static int holds_slice(const struct config_grant *grant, const struct grant_request *request)
{
        char slice[CALLER_NAME_MAX];
        char *dash = slice;

        if (grant->slices.count == 0)
                return 1;
        (void)snprintf(slice, sizeof(slice), "%s", request->caller->place.slice);
        while (slice[0] && dash) {
                if (matches_one(&grant->slices, slice))
                        return 1;
                dash = strrchr(slice, '-');
                if (dash)
                        (void)snprintf(dash, sizeof(slice) - (size_t)(dash - slice), ".slice");
        }
        return 0;
}

static void explain_slice(struct buf *buf, const struct config_grant *grant,
                          const struct grant_request *request)
{
        const char *slice = request->caller->place.slice;

        buf_put_string(buf, "slice ");
        put_words(buf, &grant->slices);
        buf_put_format(buf, ", caller is in %s", slice[0] ? slice : "none");
}

static int holds_job(const struct config_grant *grant, const struct grant_request *request)
{
        const char *job = request->caller->place.job;

        return grant->jobs.count == 0 || (job[0] && matches_one(&grant->jobs, job));
}

static void explain_job(struct buf *buf, const struct config_grant *grant,
                        const struct grant_request *request)
{
        const char *job = request->caller->place.job;

        buf_put_string(buf, "Slurm job ");
        put_words(buf, &grant->jobs);
        buf_put_format(buf, ", caller is in %s", job[0] ? job : "none");
}

/* The first required claim that the request does not make; NULL: it makes all of them. */
static const char *missing_claim(const struct config_grant *grant,
                                 const struct grant_request *request)
{
        for (size_t i = 0; i < grant->claims.count; i++) {
                const char *required = grant->claims.word[i], *pattern = strchr(required, '=');
                size_t size = pattern ? (size_t)(pattern - required) : strlen(required);
                const json_t *claim = json_object_getn(request->claims, required, size);
                const char *value = json_string_value(claim);

                if (!value || (pattern && fnmatch(pattern + 1, value, FNM_NOESCAPE) != 0))
                        return required;
        }
        return NULL;
}

static int holds_claims(const struct config_grant *grant, const struct grant_request *request)
{
        return !missing_claim(grant, request);
}

static void explain_claims(struct buf *buf, const struct config_grant *grant,
                           const struct grant_request *request)
{
        const char *missing = missing_claim(grant, request);

        buf_put_format(buf, "requests with the claim %s, which this one does not make",
                       missing ? missing : "");
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
const struct grant_condition grant_conditions[GRANT_CONDITIONS] = {
        {holds_method, explain_method}, {holds_key, explain_key},
        {holds_user, explain_user},     {holds_group, explain_group},
        {holds_unit, explain_unit},     {holds_slice, explain_slice},
        {holds_job, explain_job},       {holds_namespace, explain_namespace},
        {holds_claims, explain_claims},
};

size_t grant_count_holding(const struct config_grant *grant, const struct grant_request *request)
{
        size_t count = 0;

        while (count < GRANT_CONDITIONS && grant_conditions[count].holds(grant, request))
                count++;
        return count;
}
