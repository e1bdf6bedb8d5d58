/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sigstore entries in a journal: each stands directly after the record of the signature that it is
 * of, and each signature of a transparent key has one.
 *
 * A fold over the leaves in order. What it returns as -EBADMSG, with the reason, is the journal's
 * fault; the fold goes on behind it.
 */

#include "lib/hashedrekord.h"
#include "lib/keyring.h"

struct replay_entry {
        const struct keyring *ring;
        struct buf expected; /* the entry that must come next; empty: none may */
};

void replay_entry_done(struct replay_entry *entry);

/* The next leaf is a record: NULL if it is none, or a bad one, of which nothing follows. -EBADMSG:
 * the entry of the record before it is missing; -ENOMEM. */
int replay_entry_take_record(struct replay_entry *entry, const json_t *record,
                             struct problem *problem) _must_use_;

/* The next leaf is meant to be an entry. -EBADMSG: of no signature, or not that of the record
 * before it; -ENOMEM. */
int replay_entry_take(struct replay_entry *entry, struct view text,
                      struct problem *problem) _must_use_;

/* There are no more leaves. -EBADMSG: as with a record. */
int replay_entry_end(struct replay_entry *entry, struct problem *problem) _must_use_;
