/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Checkpoints (C2SP tlog-checkpoint): a log's name, size and root as a signed note, without
 * extension lines.
 */

#include "lib/merkle.h"
#include "lib/note.h"

struct checkpoint {
        uint64_t size;
        struct sha256 root;
};

/* Appends the three lines that are signed. */
void checkpoint_put_text(struct buf *buf, const char *origin, const struct checkpoint *checkpoint);

/* Reads the note text. -EBADMSG with the reason: not of this origin, extension lines, size or root
 * malformed. */
int checkpoint_parse_text(struct view text, const char *origin, struct checkpoint *ret,
                          struct problem *problem) _must_use_;

/* Reads a whole signed checkpoint and verifies the signature of @key under the name @origin. Errors
 * as note_parse(), note_verify() and checkpoint_parse_text(). */
int checkpoint_open(struct view bytes, const char *origin, struct pubkey *key,
                    struct checkpoint *ret, struct problem *problem) _must_use_;
