/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Verifier keys of signed notes (C2SP signed-note): name, type and public key of whoever signs, as
 * one word: `NAME+KEYID+BASE64(type ‖ key)`.
 *
 * The key ID is computed from the rest, and a vkey with another one is refused, so one public key
 * has one vkey for a name and a type.
 */

#include "lib/ed25519.h"
#include "lib/note.h"

#define VKEY_ID_SIZE 4

enum vkey_type {
        VKEY_ED25519 = 0x01,
        VKEY_ECDSA = 0x02,       /* P-256 only; the key is a DER SPKI */
        VKEY_COSIGNATURE = 0x04, /* of a witness, with a time */
};

struct vkey {
        char name[NOTE_NAME_MAX + 1];
        enum vkey_type type;
        uint8_t id[VKEY_ID_SIZE];
        uint8_t ed25519[ED25519_KEY_SIZE]; /* VKEY_ED25519, VKEY_COSIGNATURE */
        struct pubkey *ecdsa;              /* VKEY_ECDSA */
};

/* Reads one word, all of it. -EBADMSG: no vkey, or of another key ID than its key has;
 * -EOPNOTSUPP: of a type or kind of key not known here; -ENOMEM. @ret is to be freed in any case.
 */
int vkey_parse(struct view text, struct vkey *ret, struct problem *problem) _must_use_;
void vkey_done(struct vkey *key);

/* That of a public key under a name: ECDSA P-256 or Ed25519, of a log. -EOPNOTSUPP: of another
 * kind; -EBADMSG: no name; -ENOMEM. @ret is to be freed in any case. */
int vkey_of(const char *name, const struct pubkey *key, struct vkey *ret) _must_use_;

/* Appends the word. -ENOMEM, -EMSGSIZE. */
int vkey_put(struct buf *buf, const struct vkey *key) _must_use_;

/* Whether both have the same public key, whatever name and type. */
int vkey_same_key(const struct vkey *a, const struct vkey *b);

/* 0 if a signature of @note by this key is there, and all that are there are good. *@ret_time is
 * the time of a cosignature, the newest if there are several, else 0; it may be NULL. -ENOKEY: none
 * is there; -EKEYREJECTED: one does not verify; -ENOMEM. */
int vkey_verify(const struct vkey *key, const struct note *note, uint64_t *ret_time,
                struct problem *problem) _must_use_;
