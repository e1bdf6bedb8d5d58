/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Public keys as SubjectPublicKeyInfo, and the one function that says whether a signature is good.
 *
 * A struct pubkey is always valid: on its curve (for EC), in a size that a row of lib/algorithm.h
 * names, and none with which anybody could make signatures. Nothing here ever sees a private key.
 */

#include "lib/digest.h"
#include "lib/spki.h"

struct pubkey;

/* From DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), which must be in full and canonical: what
 * pubkey_spki() gives back are the same bytes. -EBADMSG: no such structure; -EOPNOTSUPP: a key that
 * no algorithm uses; -ENOMEM. */
int pubkey_from_spki(struct view der, struct pubkey **ret) _must_use_;

/* From a PEM "PUBLIC KEY" block (RFC 7468 §13). Errors as pubkey_from_spki(). */
int pubkey_from_pem(struct view text, struct pubkey **ret) _must_use_;

/* Takes NULL; returns NULL. */
struct pubkey *pubkey_free(struct pubkey *key);
DEFINE_CLEANUP(struct pubkey *, pubkey_free)

/* DER, for as long as the key lives. */
struct view pubkey_spki(const struct pubkey *key);

/* SHA-256 of the DER SPKI: how records name a key. */
const struct sha256 *pubkey_fingerprint(const struct pubkey *key);

/* PEM with 64 columns and a final newline, as OpenSSL writes it. */
void pubkey_put_pem(const struct pubkey *key, struct buf *buf);

/* Whether @algorithm can be the key's: same kind of key, same size. An RSA key fits two rows. */
int pubkey_fits(const struct pubkey *key, const struct algorithm *algorithm);

/* 0 if and only if @signature, encoded as enum algorithm_kind says, is one of @digest by this key.
 * -EKEYREJECTED: it is not; -EOPNOTSUPP: the key does not fit the algorithm; -EBADMSG: digest of a
 * wrong length; -ENOMEM. Where the message is signed, a digest says nothing: -EOPNOTSUPP. */
int pubkey_verify(struct pubkey *key, const struct algorithm *algorithm, struct view digest,
                  struct view signature) _must_use_;

/* The same of @message, which the algorithm hashes first, or signs as it is. */
int pubkey_verify_message(struct pubkey *key, const struct algorithm *algorithm,
                          struct view message, struct view signature) _must_use_;

/* The 32 bytes of an Ed25519 key (RFC 8032 §5.1.2), for as long as the key lives; empty: another
 * kind of key. */
struct view pubkey_ed25519(const struct pubkey *key);
