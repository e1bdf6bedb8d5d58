/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "agent/freeze.h"
#include "agent/hold.h"
#include "agent/provenance.h"
#include "agent/run.h"
#include "agent/signing.h"

#define HOST_NAME_SIZE 256

static int check_step(const json_t *parameters, struct problem *problem)
{
        const json_t *subjects = json_object_get(parameters, "subjects");
        int r = resources_check(subjects, "subjects", 1, problem);

        if (r == 0 && json_array_size(subjects) == 0)
                r = problem_set(problem, -EBADMSG, "subjects: expected at least one");
        return r < 0 ? r
                     : resources_check(json_object_get(parameters, "materials"), "materials", 1,
                                       problem);
}

static json_t *member_of(const json_t *parameters, const char *name)
{
        json_t *value = json_object_get(parameters, name);

        return json_is_null(value) ? NULL : value;
}

/* The text of the statement. */
static int assemble(const struct run *run, const json_t *parameters, struct buf *ret,
                    struct problem *problem)
{
        char host[HOST_NAME_SIZE] = "";
        const struct provenance provenance = {
                .builder = run->builder,
                .run = run->id,
                .started = run->started,
                .finished = run->finished,
                .origin = run->agent->config->origin,
                .boot = run->agent->recorder.boot,
                .host = host,
                .grant = run->decision.grant,
                .caller = run->caller,
                .unit = run->unit,
                .measured = run->measured,
                .parameters = run->parameters,
                .described_by = run->parameters ? run->description.grant : NULL,
                .materials = member_of(parameters, "materials"),
                .claims = member_of(parameters, "said"),
        };
        _cleanup_(json_decrefp) json_t *predicate = NULL;

        if (gethostname(host, sizeof(host) - 1) < 0)
                host[0] = '\0';
        predicate = provenance_predicate(&provenance);
        return predicate ? statement_put(ret, member_of(parameters, "subjects"),
                                         PREDICATE_PROVENANCE, predicate, problem)
                         : -ENOMEM;
}

static int make_attestation(const struct run *run, const json_t *parameters,
                            struct attestation **ret, struct problem *problem)
{
        _cleanup_(attestation_freep) struct attestation *attestation = NULL;
        _cleanup_(buf_done) struct buf text = BUF_INIT(STATEMENT_SIZE_MAX);
        int r = check_step(parameters, problem);

        if (r == 0)
                r = assemble(run, parameters, &text, problem);
        if (r == 0)
                r = attestation_new(buf_view(&text), &attestation, problem);
        if (r < 0)
                return r;
        attestation->builder = strdup(run->builder);
        attestation->run = strdup(run->id);
        if (!attestation->builder || !attestation->run)
                return -ENOMEM;
        *ret = TAKE_PTR(attestation);
        return 0;
}

/* The run that the call is about, if it can end now; else NULL, and @call has been answered. */
static struct run *find_run(struct agent *agent, struct call *call)
{
        const char *id = json_member_string(call->message.parameters, "run");
        struct run *run = run_find(agent, call_connection(call), id);

        if (!run)
                call_fail(call, "NoSuchRun",
                          "this connection has no run \"%.100s\": a run ends with its connection "
                          "and with the agent",
                          id);
        else if (run->closing)
                call_fail(call, "Busy", "the provenance of the run is being signed");
        else if (agent_still_granted(agent, call, "OpenRun", run->key, &run->decision))
                return run;
        return NULL;
}

void agent_close_run(struct agent *agent, struct call *call)
{
        struct run *run = find_run(agent, call);
        struct attestation *attestation = NULL;
        struct problem problem = {};
        struct key *key;
        int r;

        if (!run)
                return;
        key = keystore_find(agent->store, run->key, 0);
        if (key && agent_wait_for_key(key, call))
                return; /* it comes here again */
        if (!key) {
                call_fail(call, "KeyNotActive", "no version of key \"%s\" is active", run->key);
                return;
        }
        if (!agent_may_sign(agent, call, run->key))
                return;
        if (!run->finished[0])
                (void)record_time(recorder_now(), run->finished);
        r = make_attestation(run, call->message.parameters, &attestation, &problem);
        if (r < 0)
                call_fail(call, r == -ENOMEM ? "Busy" : "BadStatement", "%s",
                          problem_text(&problem, r));
        else
                agent_sign_attestation(agent, call, key, &run->decision, attestation);
}
