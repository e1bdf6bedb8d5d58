/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is said between a log and a witness (C2SP tlog-witness, add-checkpoint): the request, and
 * what its answers mean.
 */

#include "lib/merkle-proof.h"
#include "lib/vkey.h"

#define ADD_CHECKPOINT_PATH       "/add-checkpoint"
#define ADD_CHECKPOINT_ANSWER_MAX ((size_t)16384)

/* Appends the request: the size that the witness has cosigned, the way from there, and the signed
 * checkpoint. -ENOMEM, -EMSGSIZE. */
int add_checkpoint_put(struct buf *buf, uint64_t old, const struct merkle_proof *proof,
                       struct view checkpoint) _must_use_;

/* Reads the answer 200, signature lines: *@ret_line gets the line by @key over the checkpoint
 * @text, with its newline, and *@ret_time its time. Lines by others are ignored. -EBADMSG: no
 * signature lines; -ENOKEY: none by the key; -EKEYREJECTED: it does not verify, or has no time;
 * -ENOMEM. */
int add_checkpoint_read_cosignature(struct view body, struct view text, const struct vkey *key,
                                    struct buf *ret_line, uint64_t *ret_time,
                                    struct problem *problem) _must_use_;

/* Reads the answer 409: the size that the witness has cosigned. -EBADMSG. */
int add_checkpoint_read_size(struct view body, uint64_t *ret, struct problem *problem) _must_use_;
