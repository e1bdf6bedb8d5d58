/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The log keys of a journal, and which checkpoints they vouch for.
 *
 * A journal has a primary log key, ECDSA, and may have a second one, Ed25519, for witnesses that
 * read nothing else. A checkpoint is good if at least one key that is known has signed it, and none
 * that is known has a signature there that does not verify. So a checkpoint from before the second
 * key, or from a time when its token was away, is as good as any; and what was altered in one
 * signature is not made up for by the other.
 */

#include "lib/checkpoint.h"
#include "lib/key-window.h"

/* What @note, of that name, is to the keys: *@ret_signer is the number of the first that has signed
 * it. -ENOKEY: none has; -EKEYREJECTED: a signature of one does not verify; -ENOMEM. */
int log_keys_verify(const struct note *note, const char *origin, struct pubkey *const *keys,
                    size_t count, size_t *ret_signer, struct problem *problem) _must_use_;

/* Reads a whole signed checkpoint and verifies it with the keys. Errors also as note_parse() and
 * checkpoint_parse_text(). */
int log_keys_open(struct view bytes, const char *origin, struct pubkey *const *keys, size_t count,
                  struct checkpoint *ret, struct problem *problem) _must_use_;

/* The same with the log keys of a ring. @ret_key, which may be NULL, is the key that has signed: of
 * several, an active one rather than one that has ended, and that rather than a revoked one, and
 * the primary one of two that are alike. Whether its word counts is for log_key_check(). */
int log_keys_open_in(struct view bytes, const struct keyring *ring, struct checkpoint *ret,
                     const struct keyring_key **ret_key, struct problem *problem) _must_use_;

/* Whether the word of a log key counts: of one that was revoked, only what others had @seen by
 * then, since it says itself when it signed; of one that has ended, what was @recorded in its time.
 * Each may be a moment that nothing proves. -EKEYREJECTED with the reason: "signed by log key …".
 */
int log_key_check(const struct keyring_key *key, const struct key_moment *recorded,
                  const struct key_moment *seen, struct problem *problem) _must_use_;

/* Appends the verifier keys (lib/vkey.h) of the log keys of the ring that are not revoked, one a
 * line. -ENOKEY: there is none; -ENOMEM. */
int log_keys_put(struct buf *buf, const struct keyring *ring, struct problem *problem) _must_use_;
