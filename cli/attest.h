/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What `hallmark attest` says about its subjects.
 */

#include "cli/attesting.h"

/* Places in the verb's table of options. */
enum attest_option {
        ATTEST_KEY,
        ATTEST_SUBJECT,
        ATTEST_PREDICATE_TYPE,
        ATTEST_PREDICATE,
        ATTEST_TYPE,
        ATTEST_SET,
        ATTEST_OUTPUT,
        ATTEST_FORMAT,
        ATTEST_CLAIM,
        ATTEST_WITH_PROOF,
};

/* The predicate that the command line describes, and its type. -EINVAL and others. */
int attest_read_predicate(const struct invocation *invocation, json_t **ret, const char **ret_type,
                          struct problem *problem) _must_use_;
