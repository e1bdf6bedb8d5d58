/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What makes a key ring one of a journal: after the line of the ring, a C2SP tlog-proof of a record
 * `keyring` with the SHA-256 of that line, newline included.
 *
 * So the log key signs no rings. It signs checkpoints and nothing else, and a checkpoint that
 * covers such a record is its word for the ring, at that place in the journal: what is signed can
 * be mistaken for nothing else, each ring that was handed out is on record, witnesses have seen it,
 * and a token is not asked once more.
 */

#include "lib/checkpoint.h"
#include "lib/key-window.h"

struct keyring_seal {
        struct buf text;                   /* the proof, verbatim */
        uint64_t index;                    /* of the record: the ring is what those before it say */
        struct checkpoint checkpoint;      /* that covers it */
        char time[KEY_TIME_SIZE];          /* of the record */
        const struct keyring_key *log_key; /* of the ring, that signed the checkpoint */
};

struct keyring_seal *keyring_seal_free(struct keyring_seal *seal);
DEFINE_CLEANUP(struct keyring_seal *, keyring_seal_free)

/* Whether the word of the log key that signs the ring counts, as the ring itself has it; 0 for a
 * ring that is not signed. @seen is when others had seen the seal. -EKEYREJECTED with the reason.
 */
int keyring_seal_check(const struct keyring *ring, const struct key_moment *seen,
                       struct problem *problem) _must_use_;

/* Appends "sha256:HEX" of the line. */
void keyring_put_digest(struct buf *buf, struct view line);

/* Verifies that the proof @text is one of the ring, whose text is @line, by a log key of it.
 * -EBADMSG: it is not, with the reason; -ENOMEM. */
int keyring_seal_open(const struct keyring *ring, struct view line, struct view text,
                      struct keyring_seal **ret, struct problem *problem) _must_use_;
