/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "agent/ask.h"
#include "agent/clock.h"

/* What was charged before somebody else was asked is not charged again. */
static int decide(struct agent *agent, const struct call *call, const struct grant_request *request,
                  struct grant_decision *ret, struct problem *problem)
{
        if (call->asked && agent_was_charged(call, request, grant_find(agent->config, request)))
                return grant_try(agent->config, NULL, request, ret, problem);
        return grant_decide(agent->config, agent->meter, request, ret, problem);
}

int agent_granted(struct agent *agent, struct call *call, const char *key,
                  struct grant_decision *ret)
{
        return agent_granted_as(agent, call, call->method->name, key, ret);
}

int agent_granted_as(struct agent *agent, struct call *call, const char *method, const char *key,
                     struct grant_decision *ret)
{
        const struct grant_request request = {call_caller(call), method, key, clock_now(),
                                              json_object_get(call->message.parameters, "claims")};
        struct problem problem = {};
        struct refusal refusal = {
                .caller = request.caller,
                .method = request.method,
                .key = key,
                .error = "NotGranted",
        };
        char quota[64];
        int r;

        r = decide(agent, call, &request, ret, &problem);
        if (r == 0)
                return agent_ask(agent, call, &request, ret);
        refusal.reason = problem_text(&problem, r);
        if (r != -EAGAIN) {
                refusals_note(agent->refusals, &refusal);
                call_fail(call, "NotGranted", "%s", refusal.reason);
                return 0;
        }
        refusal.error = "QuotaExceeded";
        refusals_note(agent->refusals, &refusal);
        (void)snprintf(quota, sizeof(quota), "%s.QuotaExceeded", call->interface->name);
        call_error(call, quota,
                   json_pack("{s:s, s:I}", "reason", refusal.reason, "retryAfter",
                             (json_int_t)((ret->retry_usec + 999) / 1000)));
        return 0;
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
