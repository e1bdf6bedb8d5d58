/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * TransparencyLogEntry of Sigstore (sigstore_rekor.proto), as bundles carry it: that a hashedrekord
 * entry is in the journal, with an inclusion proof and the checkpoint that it leads to.
 *
 * Only the entries of Rekor v2 are read: without an inclusion promise, and without a time that
 * nobody signed.
 */

#include "lib/json.h"
#include "lib/keyring.h"
#include "lib/tlog-proof.h"

struct tlog_entry {
        struct sha256 log_id; /* SHA-256 of the log key's DER SPKI */
        uint64_t index;
        uint64_t size; /* of the tree, as the proof says; the checkpoint is to say the same */
        struct sha256 root;
        struct merkle_proof path;
        struct buf checkpoint; /* signed, verbatim */
        struct buf body;       /* the leaf */
};

void tlog_entry_done(struct tlog_entry *entry);

/* Appends the JSON object, in protobuf's mapping. -ENOMEM, -EMSGSIZE. */
int tlog_entry_put(struct buf *buf, const struct tlog_entry *entry) _must_use_;

/* -EBADMSG: no such object, with member and reason; -EOPNOTSUPP: of another kind or version, or
 * with an inclusion promise; -ENOMEM. */
int tlog_entry_parse(const json_t *object, struct tlog_entry *ret,
                     struct problem *problem) _must_use_;

/* The entry that a tlog-proof amounts to, whose `extra` is a hashedrekord entry: with the log key
 * of the ring that signed its checkpoint. -EBADMSG: no such proof; -ENOKEY: signed by no log key of
 * the ring; -EKEYREJECTED: the proof does not verify; -ENOMEM. */
int tlog_entry_from_proof(struct view text, const struct keyring *ring, struct tlog_entry *ret,
                          struct problem *problem) _must_use_;

/* What an entry has to be about. */
struct tlog_statement {
        const struct pubkey *key;
        const struct algorithm *algorithm;
        struct view digest;
        struct view signature;
};

/* 0 if and only if the ring has the log key, it signed the checkpoint under the ring's origin, size
 * and root are those of the checkpoint, the proof leads from the body to that root, and the body
 * restates @statement. -ENOKEY: no such log key; -EKEYREJECTED or -EBADMSG: each of the others,
 * with the reason; -ENOMEM. */
int tlog_entry_verify(const struct tlog_entry *entry, const struct keyring *ring,
                      const struct tlog_statement *statement, struct problem *problem) _must_use_;
