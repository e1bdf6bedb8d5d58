/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A signed key ring held against the journal that it is from: each version, its state and its times
 * are what the records before the one of the ring say, its evidence is in one, and no key is
 * missing; and the records are those that its checkpoint covers.
 *
 * Whether the records are good themselves is the replay's question (lib/replay.h).
 */

#include "lib/keyring.h"

struct keyring_history;

/* For a ring with a seal, which stays the caller's, as the ring does. -ENOMEM. */
int keyring_history_new(const struct keyring *ring, struct keyring_history **ret) _must_use_;
struct keyring_history *keyring_history_free(struct keyring_history *history);
DEFINE_CLEANUP(struct keyring_history *, keyring_history_free)

/* Takes the entries of the journal in their order, from the first one on. -EKEYREJECTED: not what
 * the checkpoint covers, or a record that contradicts the ring, with the reason; -ENOMEM. */
int keyring_history_take(struct keyring_history *history, uint64_t index, struct view entry,
                         struct problem *problem) _must_use_;

/* After the last one. -EKEYREJECTED: the ring says something else of a key, with the reason, or
 * entries are missing up to its checkpoint. *@ret_newer is how many records about keys there are
 * that the ring does not know yet. */
int keyring_history_end(const struct keyring_history *history, uint64_t *ret_newer,
                        struct problem *problem) _must_use_;
