/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ask.h"

#include <errno.h>
#include <stdio.h>

#include "lib/json-text.h"

#define INPUT_MAX                                                                                  \
        ((size_t)1 << 20) /* bytes; a call has an eighth of that, and may grow by escapes */

int agent_set_up_decisions(struct agent *agent, const struct config *config,
                           struct problem *problem)
{
        int r;

        if (agent->decisions || !config_has_decisions(config))
                return 0;
        r = decisions_new(agent->event, &agent->decisions, problem);
        return r < 0 ? problem_prefix(problem, r, "Decision=") : 0;
}

void asked_free(struct asked *asked)
{
        while (asked) {
                struct asked *next = asked->next;

                free(asked);
                asked = next;
        }
}

/* What is known of that request of the call, or NULL. */
static struct asked *find(const struct call *call, const struct grant_request *request)
{
        struct asked *asked = call->asked;

        while (asked && (!string_equal(asked->method, request->method) ||
                         !string_equal(asked->key, request->key ? request->key : "")))
                asked = asked->next;
        return asked;
}

void charges_free(struct charge *charges)
{
        while (charges) {
                struct charge *next = charges->next;

                free(charges);
                charges = next;
        }
}

int agent_was_charged(const struct call *call, const struct config_grant *grant)
{
        const struct charge *charge = call->charges;

        while (charge && !string_equal(charge->grant, grant->name))
                charge = charge->next;
        return charge != NULL;
}

void agent_note_charge(struct call *call, const struct config_grant *grant)
{
        struct charge *charge;

        if (!grant_counts(grant))
                return;
        charge = calloc(1, sizeof(*charge));
        if (!charge)
                return;
        (void)snprintf(charge->grant, sizeof(charge->grant), "%s", grant->name);
        charge->next = call->charges;
        call->charges = charge;
}

/* Those that have a place of their own in the document. */
static int is_elsewhere(const char *name)
{
        static const char *const names[] = {"claims", "digest", "digests", "key"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (string_equal(name, names[i]))
                        return 1;
        return 0;
}

static void put_digests(struct json_text *text, const json_t *parameters)
{
        const json_t *digests = json_object_get(parameters, "digests");
        const json_t *digest = json_object_get(parameters, "digest");

        json_text_name(text, "digests");
        if (json_is_array(digests)) {
                json_put(text->buf, digests);
                return;
        }
        buf_put_u8(text->buf, '[');
        if (json_is_string(digest))
                json_text_put_string(
                        text->buf, view_of(json_string_value(digest), json_string_length(digest)));
        buf_put_u8(text->buf, ']');
}

static int put_parameters(struct json_text *text, const json_t *parameters)
{
        _cleanup_(json_decrefp) json_t *others = json_object();
        const char *name;
        json_t *value;

        json_object_foreach ((json_t *)(uintptr_t)parameters, name, value)
                if (!is_elsewhere(name) && json_object_set(others, name, value) < 0)
                        return -ENOMEM;
        json_text_name(text, "parameters");
        json_put(text->buf, others);
        return 0;
}

/* {"input":{"caller":{…},"claims":{…},"digests":[…],"grant":"…","key":"…","method":"…",
 * "origin":"…","parameters":{…}}}: hallmark-protocol(7) */
static int put_input(struct buf *ret, const struct agent *agent, const struct call *call,
                     const struct grant_request *request, const char *grant)
{
        const json_t *parameters = call->message.parameters;
        struct view caller = call_caller_text(call);
        struct json_text text;
        int r;

        if (caller.size == 0)
                return -ENOMEM;
        buf_put_string(ret, "{\"input\":");
        text = json_text_begin(ret);
        json_text_value(&text, "caller", caller);
        json_text_name(&text, "claims");
        if (json_is_object(request->claims))
                json_put(ret, request->claims);
        else
                buf_put_string(ret, "{}");
        put_digests(&text, parameters);
        json_text_string(&text, "grant", view_string(grant));
        if (request->key)
                json_text_string(&text, "key", view_string(request->key));
        json_text_string(&text, "method", view_string(request->method));
        json_text_string(&text, "origin", view_string(agent->config->origin));
        r = put_parameters(&text, parameters);
        json_text_end(&text);
        buf_put_u8(ret, '}');
        return r < 0 ? r : buf_error(ret);
}

static void refuse(struct asked *asked, const char *reason)
{
        struct call *call = asked->call;
        const struct refusal refusal = {
                .caller = call_caller(call),
                .method = asked->method,
                .key = asked->key[0] ? asked->key : NULL,
                .error = "NotGranted",
                .reason = reason,
        };

        refusals_note(asked->agent->refusals, &refusal);
        call_fail(call, "NotGranted", "%s", reason);
}

/* Whoever asked may have gone meanwhile, and somebody else may hold the connection. */
static void on_decided(void *context, int error, const char *id, const struct problem *problem)
{
        struct asked *asked = context;
        struct call *call = asked->call;
        struct problem reason = {};

        if (!call->connection || error == -ECANCELED) {
                call_fail(call, "Busy", "nobody waits for it any more");
        } else if (!caller_is_alive(call_caller(call))) {
                (void)problem_set(&reason, -EPERM,
                                  "the process that opened this connection (pid %d) is gone",
                                  (int)call_caller(call)->pid);
                refuse(asked, reason.text);
        } else if (error < 0) {
                (void)problem_set(&reason, error, "grant \"%s\": OPA at %s:%s: %s%s%s%s",
                                  asked->grant, asked->socket, asked->path,
                                  problem_text(problem, error), id[0] ? " (decision " : "", id,
                                  id[0] ? ")" : "");
                refuse(asked, reason.text);
        } else {
                (void)snprintf(asked->decision, sizeof(asked->decision), "opa%s%s",
                               id[0] ? ":" : "", id);
                call->method->handle(asked->agent, call);
        }
}

static int was_allowed(const struct asked *asked, const struct config_grant *grant)
{
        return asked && asked->decision[0] && string_equal(asked->grant, grant->name) &&
               string_equal(asked->socket, grant->decision.socket) &&
               string_equal(asked->path, grant->decision.path);
}

/* The call's, until it is answered. */
static struct asked *begin(struct agent *agent, struct call *call,
                           const struct grant_request *request, const struct config_grant *grant)
{
        struct asked *asked = find(call, request);

        if (!asked) {
                asked = calloc(1, sizeof(*asked));
                if (!asked)
                        return NULL;
                asked->next = call->asked;
                call->asked = asked;
        }
        *asked = (struct asked){.next = asked->next, .agent = agent, .call = call};
        (void)snprintf(asked->method, sizeof(asked->method), "%s", request->method);
        (void)snprintf(asked->key, sizeof(asked->key), "%s", request->key ? request->key : "");
        (void)snprintf(asked->grant, sizeof(asked->grant), "%s", grant->name);
        (void)snprintf(asked->socket, sizeof(asked->socket), "%s", grant->decision.socket);
        (void)snprintf(asked->path, sizeof(asked->path), "%s", grant->decision.path);
        return asked;
}

static void ask(struct agent *agent, struct call *call, const struct grant_request *request,
                const struct config_grant *grant)
{
        _cleanup_(buf_done) struct buf input = BUF_INIT(INPUT_MAX);
        struct asked *asked = begin(agent, call, request, grant);
        struct problem problem = {};
        int r = asked ? put_input(&input, agent, call, request, grant->name) : -ENOMEM;

        if (r == 0)
                r = decisions_ask(agent->decisions,
                                  &(struct decision_question){.where = &grant->decision,
                                                              .uid = request->caller->uid,
                                                              .input = buf_view(&input),
                                                              .done = on_decided,
                                                              .context = asked},
                                  &problem);
        if (r < 0)
                call_fail(call, "Busy", "OPA is not asked: %s", problem_text(&problem, r));
}

int agent_is_same_rule(const struct grant_decision *a, const struct grant_decision *b)
{
        const struct config_decision *x = &a->rule->decision, *y = &b->rule->decision;

        if (!string_equal(a->rule->name, b->rule->name) || !x->path != !y->path)
                return 0;
        return !x->path || (string_equal(x->socket, y->socket) && string_equal(x->path, y->path));
}

int agent_ask(struct agent *agent, struct call *call, const struct grant_request *request,
              struct grant_decision *decision)
{
        const struct config_grant *grant = decision->rule;
        const struct asked *asked;

        if (!grant_asks(grant, request))
                return 1;
        asked = find(call, request);
        if (!was_allowed(asked, grant)) {
                ask(agent, call, request, grant);
                return 0;
        }
        (void)snprintf(decision->decision, sizeof(decision->decision), "%s", asked->decision);
        return 1;
}
