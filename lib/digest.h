/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Message digests (FIPS 180-4) by way of libcrypto, and their text forms.
 *
 * Text is lowercase hexadecimal, with or without the name of the hash in front: `sha256:HEX`.
 */

#include "lib/algorithm.h"
#include "lib/problem.h"
#include "lib/reader.h"

#define SHA256_SIZE     32
#define DIGEST_SIZE_MAX 64
#define HEX_SIZE(bytes) (2 * (bytes) + 1)

struct sha256 {
        uint8_t bytes[SHA256_SIZE];
};

static inline struct view sha256_view(const struct sha256 *digest)
{
        return view_of(digest->bytes, SHA256_SIZE);
}

/* The hashes that records, bundles and files name. */
struct digest_hash {
        const char *name;          /* "sha256": in records and `sha256:HEX` */
        const char *sigstore_name; /* "SHA2_256": HashAlgorithm of sigstore_common.proto */
        size_t size;               /* bytes */
};

/* NULL: no such hash. */
const struct digest_hash *digest_find_hash(const char *name);
const struct digest_hash *digest_find_sigstore(const char *name);

/* SHA-256 of one run of bytes. Never fails: libcrypto without SHA-256 is a broken installation and
 * ends the process. */
struct sha256 sha256_of(struct view bytes);

/* SHA-256 of the parts, one after the other. */
struct sha256 sha256_of_parts(const struct view *parts, size_t count);

/* Hashes what is left to read from @fd with the hash of that name ("sha256", "sha384", "sha512").
 * -EOPNOTSUPP: no such hash; else the errno of read(). @ret_size: DIGEST_SIZE_MAX bytes of room are
 * taken for granted at @ret. */
int digest_of_fd(const char *hash, int fd, uint8_t ret[DIGEST_SIZE_MAX],
                 size_t *ret_size) _must_use_;

/* The same, with @trailer hashed after it. */
int digest_of_fd_and(const char *hash, int fd, struct view trailer, uint8_t ret[DIGEST_SIZE_MAX],
                     size_t *ret_size) _must_use_;

/* The same of parts in memory, one after the other. -EOPNOTSUPP; -ENOMEM. */
int digest_of_parts(const char *hash, const struct view *parts, size_t count,
                    uint8_t ret[DIGEST_SIZE_MAX], size_t *ret_size) _must_use_;

/* The same of bytes that come piece by piece. Errors stick until the end. */
struct digest_stream {
        struct evp_md_ctx_st *context;
        int error;
};

struct digest_stream digest_stream_begin(const char *hash);
void digest_stream_put(struct digest_stream *stream, struct view bytes);
int digest_stream_end(struct digest_stream *stream, uint8_t ret[DIGEST_SIZE_MAX],
                      size_t *ret_size) _must_use_;
void digest_stream_done(struct digest_stream *stream);

/* Writes 2 × size lowercase digits and a NUL; returns @ret. */
char *hex_encode(struct view bytes, char *ret);

/* Exactly @size bytes out of 2 × @size lowercase digits. -EBADMSG otherwise. */
int hex_decode(struct view text, uint8_t *ret, size_t size) _must_use_;

/* Reads `sha256:HEX` into the digest that @algorithm signs. The message says what was expected when
 * hash name or length differ. -EBADMSG. @ret takes algorithm->digest_size bytes. */
int digest_parse(const char *text, const struct algorithm *algorithm, uint8_t *ret,
                 struct problem *problem) _must_use_;

/* Appends `HASH:HEX`. */
void digest_put(struct buf *buf, const char *hash, struct view digest);
