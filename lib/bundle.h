/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sigstore bundles v0.3 with a messageSignature over a digest or with a DSSE envelope, verified
 * with a plain public key, and with entries of a transparency log.
 *
 * What is written has exactly the members that strict readers know; what is read may have nothing
 * else. Beside a messageSignature, hint is base64 of SHA-256 of the DER SPKI, as cosign writes it.
 */

#include "lib/dsse.h"
#include "lib/tlog-entry.h"

#define BUNDLE_SIZE_MAX          ((size_t)1 << 20)   /* with a messageSignature */
#define BUNDLE_ENVELOPE_SIZE_MAX ((size_t)768 << 20) /* with an envelope: it lists files */
#define BUNDLE_ENTRIES_MAX       8

struct bundle {
        char *hint;       /* as found; only a hint */
        const char *hash; /* "sha256", "sha384"; NULL: there is an envelope */
        uint8_t digest[DIGEST_SIZE_MAX];
        size_t digest_size;
        struct buf signature;
        struct dsse envelope;       /* without payload_type when there is a messageSignature */
        struct tlog_entry *entries; /* read, not verified */
        size_t entry_count;
};

/* Appends the bundle as JSON with a final newline. @entry may be NULL. -ENOMEM, -EMSGSIZE. */
int bundle_put(struct buf *buf, const struct tlog_statement *statement,
               const struct tlog_entry *entry) _must_use_;

/* The same with an envelope. @hint needs no escapes; @statement->digest is that of the envelope. */
int bundle_put_envelope(struct buf *buf, const char *hint, const struct buf *payload,
                        const struct tlog_statement *statement,
                        const struct tlog_entry *entry) _must_use_;

/* -EBADMSG: not such a bundle, with member and reason; -EOPNOTSUPP: a bundle of a kind not read
 * here (certificate); -ENOMEM. */
int bundle_parse(struct view text, struct bundle *ret, struct problem *problem) _must_use_;

void bundle_done(struct bundle *bundle);

/* 0 if all of its log entries are good and about this signature; errors as tlog_entry_verify(). */
int bundle_verify_entries(const struct bundle *bundle, const struct keyring *ring,
                          const struct tlog_statement *statement,
                          struct problem *problem) _must_use_;

/* The hint that names @key, as text with a NUL. */
#define BUNDLE_HINT_SIZE 45
char *bundle_hint(const struct pubkey *key, char ret[BUNDLE_HINT_SIZE]);
