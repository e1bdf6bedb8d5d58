/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/opa.h"

#include <errno.h>

/* In the place of opa.c when this was built without libcurl. */

int opa_decide(const char *address, json_t *input, struct problem *problem)
{
        (void)input;
        return problem_set(problem, -EOPNOTSUPP, "%.200s: built without libcurl", address);
}
