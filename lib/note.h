/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Signed notes (C2SP signed-note) with signatures by ECDSA P-256, type 0x02, and Ed25519, 0x01.
 *
 * A note is text that ends with a newline, a blank line, and signature lines `— NAME BASE64(keyID ‖
 * signature)`. The key ID of type 0x02 is the first four bytes of SHA-256 of the DER SPKI, that
 * of 0x01 of SHA-256 over name, newline, type and key.
 * Signature lines by others are kept and ignored; one by a known key must verify.
 */

#include "lib/pubkey.h"

#define NOTE_SIZE_MAX       ((size_t)65536)
#define NOTE_SIGNATURES_MAX 32
#define NOTE_NAME_MAX       255
#define NOTE_KEY_ID_SIZE    ((size_t)4)

struct note_signature {
        struct view name;
        struct buf blob; /* keyID ‖ signature */
};

struct note {
        struct view text; /* with its final newline; borrows from what was parsed */
        struct note_signature signatures[NOTE_SIGNATURES_MAX];
        size_t count;
};

void note_done(struct note *note);

/* Splits a note into text and signatures without verifying any. -EBADMSG: no note (UTF-8, control
 * characters, no signature, bad base64, too many); -EMSGSIZE; -ENOMEM. @ret is to be freed with
 * note_done() in any case. */
int note_parse(struct view bytes, struct note *ret, struct problem *problem) _must_use_;

/* 0 if a signature by @name with this key is there and good. -ENOKEY: none is there; -EKEYREJECTED:
 * it does not verify. */
int note_verify(const struct note *note, const char *name, struct pubkey *key,
                struct problem *problem) _must_use_;

/* The key ID of a key under that name, ECDSA or Ed25519. */
void note_key_id(const char *name, const struct pubkey *key, uint8_t ret[NOTE_KEY_ID_SIZE]);

/* SHA-256 of the text: the digest that an ECDSA key signs. */
struct sha256 note_digest(struct view text);

/* Appends the signature line. @signature is encoded as enum algorithm_kind says. */
int note_put_signature(struct buf *buf, const char *name, const struct pubkey *key,
                       struct view signature) _must_use_;

/* Whether @name can be a key name: not empty, no white space of Unicode's, no plus, no control
 * character, valid UTF-8.
 */
int note_name_is_valid(const char *name);
