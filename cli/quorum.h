/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The verifier's question to a policy (lib/policy.h): is this checkpoint cosigned as it must be?
 */

#include <jansson.h>

#include "lib/policy.h"

struct quorum {
        struct policy *policy;
        uint64_t times[POLICY_NODES_MAX]; /* of the cosignatures; 0: none */
};

void quorum_done(struct quorum *quorum);

/* Loads the policy at @path. Errors as policy_load(). @ret is to be freed in any case. */
int quorum_load(const char *path, struct quorum *ret, struct problem *problem) _must_use_;

/* 0 if and only if the signed @checkpoint satisfies the policy. -EKEYREJECTED with the reason;
 * -EBADMSG: no checkpoint; -ENOMEM. */
int quorum_verify(struct quorum *quorum, struct view checkpoint,
                  struct problem *problem) _must_use_;

/* The same of the checkpoint in a tlog-proof. -EKEYREJECTED, too, when it is no such proof. */
int quorum_verify_proof(struct quorum *quorum, struct view text,
                        struct problem *problem) _must_use_;

/* By when enough of them had seen it, in seconds since 1970. 0: nobody was asked, or too few said
 * when. */
uint64_t quorum_time(const struct quorum *quorum);

/* Appends "WITNESS (TIME), …", or "nobody". */
void quorum_put_witnesses(struct buf *text, const struct quorum *quorum);

/* [{"name", "time"}, …]. NULL without memory. */
json_t *quorum_to_json(const struct quorum *quorum) _must_use_;
