/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * C2SP tlog-proof: an entry's place in a log, and the log's word for it, in one file.
 *
 *     c2sp.org/tlog-proof@v1
 *     extra <base64>          Hallmark: the record itself
 *     index <decimal>
 *     <base64 of a hash>      leaf to root, one a line
 *                             blank line
 *     <checkpoint, verbatim>
 */

#include "lib/log-keys.h"
#include "lib/merkle-proof.h"

#define TLOG_PROOF_SIZE_MAX ((size_t)1 << 18)

struct tlog_proof {
        struct buf extra;
        int has_extra;
        uint64_t index;
        struct merkle_proof path;
        struct view checkpoint; /* signed, verbatim; borrows from what was parsed */
};

/* Whether the file says that it is such a proof, of whatever version. */
int tlog_proof_is(struct view text);

/* Appends the text. -ENOMEM, -EMSGSIZE. */
int tlog_proof_put(struct buf *buf, const struct tlog_proof *proof) _must_use_;

/* -EBADMSG with the line and what was expected; -EMSGSIZE; -ENOMEM. @ret is to be freed in any
 * case. */
int tlog_proof_parse(struct view text, struct tlog_proof *ret, struct problem *problem) _must_use_;
void tlog_proof_done(struct tlog_proof *proof);

/* 0 if and only if the log keys of the ring vouch for the checkpoint (lib/log-keys.h) and the
 * record in `extra` is entry proof->index of it. -EBADMSG, -ENOKEY, -EKEYREJECTED, with the reason.
 * *@ret is that checkpoint, *@ret_key (which may be NULL) as in log_keys_open_in(). */
int tlog_proof_verify(const struct tlog_proof *proof, const struct keyring *ring,
                      struct checkpoint *ret, const struct keyring_key **ret_key,
                      struct problem *problem) _must_use_;
