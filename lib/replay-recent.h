/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The roots that the tree had of late, for rules that compare with what a token has attested.
 */

#include "lib/replay-rule.h"
#include "lib/tree-window.h"

#define REPLAY_RECENT_MAX                                                                          \
        ((uint64_t)1 << 16) /* records that are known at least, up to twice as many */

/* Adds the leaf that the rules are at. -ENOMEM. */
int replay_recent_add(struct tree_window *window, const struct sha256 *leaf) _must_use_;

/* Where it begins, as a member of @ret; its leaves are in the journal. -ENOMEM. */
int replay_recent_save(const struct tree_window *window, json_t *ret) _must_use_;

/* And back, from an object with @others more members; without @kept it must be empty. Errors as
 * replay_recall(), and -EBADMSG. */
int replay_recent_restore(struct replay *replay, struct tree_window *window, int kept,
                          const json_t *saved, size_t others, struct problem *problem) _must_use_;
