/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/claim.h"

#include <errno.h>

#include "cli/option.h"

static int add_claim(json_t *claims, const char *claim, struct problem *problem)
{
        const char *equals = strchr(claim, '=');
        _cleanup_(freep) char *name = NULL;

        if (!equals || equals == claim)
                return problem_set(problem, -EINVAL,
                                   "--claim: expected NAME=VALUE, found \"%.80s\"", claim);
        name = strndup(claim, (size_t)(equals - claim));
        if (!name)
                return -ENOMEM;
        if (json_object_get(claims, name))
                return problem_set(problem, -EINVAL, "--claim: \"%.80s\" is given twice", name);
        if (json_object_set_new(claims, name, json_string(equals + 1)) < 0)
                return problem_set(problem, -EINVAL, "--claim: \"%.80s\" is no valid UTF-8", name);
        return 0;
}

int claims_read(const struct invocation *invocation, size_t option, json_t **ret,
                struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *claims = json_object();
        const char *claim;

        if (!claims)
                return -ENOMEM;
        for (size_t i = 0; (claim = option_value_at(invocation, option, i)); i++) {
                int r = add_claim(claims, claim, problem);

                if (r < 0)
                        return r;
        }
        *ret = json_object_size(claims) > 0 ? TAKE_PTR(claims) : NULL;
        return 0;
}
