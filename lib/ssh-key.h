/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Public keys and signatures as SSH writes them (RFC 4253 §6.6, RFC 5656 §3, RFC 8332 §3,
 * RFC 8709 §4).
 */

#include "lib/pubkey.h"

/* "ecdsa-sha2-nistp256", "rsa-sha2-256", "ssh-ed25519"; NULL: SSH has no such signatures. */
const char *ssh_signature_name(const struct algorithm *algorithm);

/* Appends the key. -EOPNOTSUPP: of a kind that SSH does not have. */
int ssh_key_put(struct buf *buf, const struct pubkey *key,
                const struct algorithm *algorithm) _must_use_;

/* Appends the line of a key in an `authorized_keys` or `allowed_signers` file, without comment and
 * newline. Errors as above. */
int ssh_key_put_line(struct buf *buf, const struct pubkey *key,
                     const struct algorithm *algorithm) _must_use_;

/* Appends the signature; @value is encoded as enum algorithm_kind says. */
int ssh_signature_put(struct buf *buf, const char *name, struct view value) _must_use_;

/* Reads one back. @ret_name is one of the above. -EBADMSG. */
int ssh_signature_parse(struct view blob, const char **ret_name, struct buf *ret) _must_use_;
