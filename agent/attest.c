/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "agent/signing.h"

void agent_attest(struct agent *agent, struct call *call)
{
        const json_t *parameters = call->message.parameters;
        const json_t *text = json_object_get(parameters, "statement");
        _cleanup_(attestation_freep) struct attestation *attestation = NULL;
        struct grant_decision decision = {};
        struct problem problem = {};
        struct key *key;
        int r;

        key = agent_find_signing_key(agent, call, json_member_string(parameters, "key"), &decision);
        if (!key)
                return;
        r = attestation_new(view_of(json_string_value(text), json_string_length(text)),
                            &attestation, &problem);
        if (r < 0) {
                call_fail(call, r == -ENOMEM ? "Busy" : "BadStatement", "%s",
                          problem_text(&problem, r));
                return;
        }
        agent_sign_attestation(agent, call, key, &decision, TAKE_PTR(attestation));
}
