/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "agent/grant-condition.h"
#include "agent/grant-meter.h"

#define USEC_PER_MSEC ((uint64_t)1000)

/* The limits as the configuration would have them; NULL without memory. */
static json_t *limits_to_json(const struct config_grant *grant)
{
        json_t *object = json_object();

        if (object && grant->rate_usec > 0) {
                (void)json_object_set_new(object, "rate", json_integer(grant->rate_count));
                (void)json_object_set_new(
                        object, "rateTime",
                        json_integer((json_int_t)(grant->rate_usec / USEC_PER_MSEC)));
                (void)json_object_set_new(object, "burst", json_integer(grant->burst));
        }
        if (object && grant->per_day > 0)
                (void)json_object_set_new(object, "perDay", json_integer(grant->per_day));
        return object;
}

/* As the configuration would have it; NULL without memory. */
static json_t *decision_to_json(const struct config_decision *decision)
{
        return json_sprintf("opa:unix:%s:%s", decision->socket, decision->path);
}

static int add_decision(json_t *object, const struct config_grant *grant)
{
        if (!grant->decision.path)
                return 0;
        return json_object_set_new(object, "decision", decision_to_json(&grant->decision));
}

static json_t *rule_to_json(const struct config_grant *grant, const struct grant_request *request,
                            int decides)
{
        int applies = grant_count_holding(grant, request) == GRANT_CONDITIONS;
        struct problem why = {};
        json_t *rule = limits_to_json(grant);

        if (applies)
                (void)problem_set(&why, 0, "%s",
                                  decides ? "applies, and decides"
                                          : "applies, after one that decides");
        else
                (void)grant_refuse(grant, request, &why);
        if (!rule || json_object_set_new(rule, "grant", json_string(grant->name)) < 0 ||
            json_object_set_new(rule, "place", json_string(grant->place)) < 0 ||
            add_decision(rule, grant) < 0 ||
            json_object_set_new(rule, "applies", json_boolean(applies)) < 0 ||
            json_object_set_new(rule, "reason", json_string(why.text)) < 0) {
                json_decref(rule);
                return NULL;
        }
        return rule;
}

static json_t *rules_to_json(const struct config *config, const struct grant_request *request,
                             const struct config_grant *decides)
{
        json_t *rules = json_array();

        for (size_t i = 0; rules && i < config->grant_count; i++)
                if (json_array_append_new(rules, rule_to_json(&config->grants[i], request,
                                                              &config->grants[i] == decides)) < 0) {
                        json_decref(rules);
                        return NULL;
                }
        return rules;
}

static int is_checkpoint_key(const struct config *config, const struct grant_request *request)
{
        const struct config_key *key = request->key ? config_find_key(config, request->key) : NULL;

        return key && key->purpose == KEY_LOG &&
               (string_equal(request->method, "Sign") ||
                string_equal(request->method, "SignLogged") ||
                string_equal(request->method, "Attest"));
}

/* As grant_decide(), but for what the agent says of the log key and for the charge. */
static int decide(const struct config *config, const struct grant_meter *meter,
                  const struct grant_request *request, struct grant_decision *ret,
                  struct problem *problem)
{
        const struct config_grant *grant = grant_find(config, request);
        int r = grant_try(config, meter, request, ret, problem);

        if (r == 0 && is_checkpoint_key(config, request))
                return problem_set(problem, -EPERM, "key \"%s\" signs checkpoints and nothing else",
                                   request->key);
        if (r == 0)
                (void)problem_set(problem, 0, "grant \"%s\" at %s applies%s", grant->name,
                                  grant->place,
                                  grant_asks(grant, request) ? ", and OPA is asked then" : "");
        return r;
}

json_t *grant_explain(const struct config *config, const struct grant_meter *meter,
                      const struct grant_request *request)
{
        const struct config_grant *grant = grant_find(config, request);
        struct grant_decision decision = {};
        struct problem reason = {};
        int r = decide(config, meter, request, &decision, &reason);
        json_t *reply =
                json_pack("{s:b, s:s, s:o}", "allowed", r == 0, "reason", problem_text(&reason, r),
                          "rules", rules_to_json(config, request, grant));

        if (!reply)
                return NULL;
        if (grant && grant_asks(grant, request) && add_decision(reply, grant) < 0) {
                json_decref(reply);
                return NULL;
        }
        if (grant && (json_object_set_new(reply, "grant", json_string(grant->name)) < 0 ||
                      json_object_set_new(reply, "place", json_string(grant->place)) < 0)) {
                json_decref(reply);
                return NULL;
        }
        if (r == -EAGAIN)
                (void)json_object_set_new(
                        reply, "retryAfter",
                        json_integer((json_int_t)((decision.retry_usec + USEC_PER_MSEC - 1) /
                                                  USEC_PER_MSEC)));
        return reply;
}
