/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A first layout, guessed from attestations that there are: the steps in the order of what flows
 * from one to another, each with the keys that attested it, and with rules that what there is
 * fulfils.
 */

#include "lib/chain.h"

#define GUESS_PATHS_MAX 32 /* of a list that is about more, rules are about directories */

/* The attestations of @chain that were found, each of which must be signed by one of @keys.
 * @expires is a time as layouts have it. -EKEYREJECTED: one is not, or two contradict each other,
 * with the reason; -ENOMEM. */
int chain_guess(struct chain *chain, const struct in_toto_key *keys, size_t key_count,
                const char *expires, json_t **ret, struct problem *problem) _must_use_;
