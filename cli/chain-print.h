/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a yes of `hallmark verify-chain` stands for.
 */

#include "cli/chain.h"

/* The names of the claims that are proved, or of those that are not. NULL without memory. */
json_t *chain_claims_to_json(const struct chain_check *check, int held) _must_use_;
