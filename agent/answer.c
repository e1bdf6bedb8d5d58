/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "agent/ask.h"
#include "agent/clock.h"

/* A call counts once for each grant. */
static int decide(struct agent *agent, struct call *call, const struct grant_request *request,
                  struct grant_decision *ret, struct problem *problem)
{
        const struct config_grant *grant =
                call->charges ? grant_find(agent->config, request) : NULL;
        int r;

        if (grant && agent_was_charged(call, grant))
                return grant_try(agent->config, NULL, request, ret, problem);
        r = grant_decide(agent->config, agent->meter, request, ret, problem);
        if (r == 0)
                agent_note_charge(call, ret->rule);
        return r;
}

static struct grant_request request_of(const struct call *call, const char *method, const char *key)
{
        return (struct grant_request){call_caller(call), method, key, clock_now(),
                                      json_object_get(call->message.parameters, "claims")};
}

/* @error is that of the grants. */
static void refuse(struct agent *agent, struct call *call, const struct grant_request *request,
                   int error, uint64_t retry_usec, const struct problem *problem)
{
        const struct refusal refusal = {
                .caller = request->caller,
                .method = request->method,
                .key = request->key,
                .error = error == -EAGAIN ? "QuotaExceeded" : "NotGranted",
                .reason = problem_text(problem, error),
        };
        char quota[64];

        refusals_note(agent->refusals, &refusal);
        if (error != -EAGAIN) {
                call_fail(call, "NotGranted", "%s", refusal.reason);
                return;
        }
        (void)snprintf(quota, sizeof(quota), "%s.QuotaExceeded", call->interface->name);
        call_error(call, quota,
                   json_pack("{s:s, s:I}", "reason", refusal.reason, "retryAfter",
                             (json_int_t)((retry_usec + 999) / 1000)));
}

int agent_granted(struct agent *agent, struct call *call, const char *key,
                  struct grant_decision *ret)
{
        return agent_granted_as(agent, call, call->method->name, key, ret);
}

int agent_granted_as(struct agent *agent, struct call *call, const char *method, const char *key,
                     struct grant_decision *ret)
{
        const struct grant_request request = request_of(call, method, key);
        struct problem problem = {};
        int r = decide(agent, call, &request, ret, &problem);

        if (r == 0)
                return agent_ask(agent, call, &request, ret);
        refuse(agent, call, &request, r, ret->retry_usec, &problem);
        return 0;
}

int agent_still_granted(struct agent *agent, struct call *call, const char *method, const char *key,
                        struct grant_decision *decision)
{
        const struct grant_request request = request_of(call, method, key);
        struct grant_decision now = {};
        struct problem problem = {};
        int r = grant_try(agent->config, NULL, &request, &now, &problem);

        if (r < 0) {
                refuse(agent, call, &request, r, 0, &problem);
                return 0;
        }
        if (agent_is_same_rule(decision, &now))
                return 1;
        if (!agent_ask(agent, call, &request, &now))
                return 0;
        *decision = now;
        return 1;
}

void agent_note_refused(struct agent *agent, const struct caller *caller, const char *reason)
{
        const struct refusal refusal = {
                .caller = caller,
                .method = "Connect",
                .error = "NotGranted",
                .reason = reason,
        };

        refusals_note(agent->refusals, &refusal);
}

int agent_can_record(struct agent *agent, struct call *call)
{
        switch (writer_check(agent->writer)) {
        case WRITER_OPEN:
                return 1;
        case WRITER_FULL:
                agent_fail_journal(agent, call, -ENOSPC);
                return 0;
        default:
                agent_fail_journal(agent, call, -EROFS);
                return 0;
        }
}

void agent_fail_journal(struct agent *agent, struct call *call, int error)
{
        if (error == -ENOSPC)
                call_fail(call, "JournalFull", "no room for the record: %s",
                          writer_reason(agent->writer));
        else if (error == -EROFS)
                call_fail(call, "JournalSealed", "the journal takes no records until a restart: %s",
                          writer_reason(agent->writer));
        else
                call_fail(call, "Busy", "record not written: %s", strerror(-error));
}

void agent_fail_token(struct call *call, const char *token, int error,
                      const struct problem *problem)
{
        const char *name, *reason = problem_text(problem, error);
        struct problem text = {};
        char full[64];

        switch (error) {
        case -ETIME:
                name = "TokenTimeout";
                break;
        case -ENODEV:
        case -ECONNRESET:
        case -EACCES:
        case -EBUSY:
                name = "TokenUnavailable";
                break;
        case -EAGAIN:
                call_fail(call, "Busy", "token %s: too many requests wait", token);
                return;
        case -EPERM:
                call_fail(call, "NotAuthorized", "token %s: %s", token, reason);
                return;
        case -EOPNOTSUPP:
                call_fail(call, "UnsupportedAlgorithm", "token %s: %s", token, reason);
                return;
        default:
                name = "TokenFailed";
        }
        (void)snprintf(full, sizeof(full), "%s.%s", call->interface->name, name);
        (void)problem_set(&text, error, "token %s: %s", token, reason);
        call_error(call, full, json_pack("{s:s, s:s}", "reason", text.text, "token", token));
}

void agent_fail_log_token(struct agent *agent, struct call *call, int error,
                          const struct problem *problem)
{
        const struct config_key *log_key = agent->config->log_key;

        /* A log key that is not there yet comes with its token. */
        agent_fail_token(call, log_key ? log_key->token : "of the log key",
                         error == -ENOKEY ? -ENODEV : error, problem);
}

void agent_fail_checkpoint(struct agent *agent, struct call *call, uint64_t index, int error,
                           const struct problem *problem)
{
        struct problem reason = {};

        if (error == -EROFS) {
                agent_fail_journal(agent, call, error);
                return;
        }
        (void)problem_set(&reason, error,
                          "record %llu is in the journal, but no checkpoint came: %s",
                          (unsigned long long)index, problem_text(problem, error));
        agent_fail_log_token(agent, call, error, &reason);
}
