/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "agent/agent.h"
#include "lib/base64.h"

/* The TPM would refuse it as well; but only here is it known what was expected. */
int agent_check_authorization(const struct keyring_key *key, const char *text, struct view digest,
                              struct buf *ret, struct problem *problem)
{
        int r;

        if (!key->gate.witness && !text)
                return 0;
        if (!key->gate.witness)
                return problem_set(problem, -EPERM, "key \"%s\" has no witness", key->name);
        if (!text)
                return problem_set(problem, -EPERM,
                                   "key \"%s\" signs nothing without its witness, and there is no "
                                   "authorization",
                                   key->name);
        if (base64_decode(ret, view_string(text)) < 0)
                return problem_set(problem, -EPERM, "the authorization is no base64");
        r = gate_verify(&key->gate, key->pubkey, key->algorithm, digest, buf_view(ret));
        if (r == -ENOMEM)
                return r;
        return r < 0 ? problem_set(problem, -EPERM,
                                   "the authorization is not that of the witness of key \"%s\" for "
                                   "this digest",
                                   key->name)
                     : 0;
}
