/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <unistd.h>

#include "lib/file-pass.h"

/* The one-shot and streaming SHA256_* functions are deprecated in OpenSSL 3 in favour of EVP, whose
 * fetch and context cost several times the hash of a short record. EVP stays where files are
 * hashed. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static const struct digest_hash hashes[] = {
        {"sha256", "SHA2_256", 32},
        {"sha384", "SHA2_384", 48},
        {"sha512", "SHA2_512", 64},
};

const struct digest_hash *digest_find_hash(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(hashes); i++)
                if (string_equal(hashes[i].name, name))
                        return &hashes[i];
        return NULL;
}

const struct digest_hash *digest_find_sigstore(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(hashes); i++)
                if (string_equal(hashes[i].sigstore_name, name))
                        return &hashes[i];
        return NULL;
}

struct sha256 sha256_of(struct view bytes)
{
        return sha256_of_parts(&bytes, 1);
}

struct sha256 sha256_of_parts(const struct view *parts, size_t count)
{
        struct sha256 digest;
        SHA256_CTX context;
        int ok = SHA256_Init(&context);

        for (size_t i = 0; i < count; i++)
                if (parts[i].size > 0)
                        ok &= SHA256_Update(&context, parts[i].data, parts[i].size);
        ok &= SHA256_Final(digest.bytes, &context);
        assert(ok);
        return digest;
}

static void evp_md_ctx_freep(EVP_MD_CTX **context)
{
        EVP_MD_CTX_free(*context);
}

static int digest_update_from(EVP_MD_CTX *context, int fd)
{
        _cleanup_(freep) uint8_t *block = file_pass_block();
        ssize_t got;

        if (!block)
                return -ENOMEM;
        for (;;) {
                got = read(fd, block, FILE_PASS_BLOCK);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return got < 0 ? -errno : 0;
                if (EVP_DigestUpdate(context, block, (size_t)got) != 1)
                        return -EIO;
        }
}

/* By the names of records: libcrypto knows many more, MD5 and other spellings among them. */
static const EVP_MD *find_hash(const char *name)
{
        if (string_equal(name, "sha256"))
                return EVP_sha256();
        if (string_equal(name, "sha384"))
                return EVP_sha384();
        return string_equal(name, "sha512") ? EVP_sha512() : NULL;
}

static int begin(const char *hash, EVP_MD_CTX *context)
{
        const EVP_MD *md = find_hash(hash);

        if (!context)
                return -ENOMEM;
        if (!md || EVP_MD_get_size(md) > DIGEST_SIZE_MAX ||
            EVP_DigestInit_ex(context, md, NULL) != 1)
                return -EOPNOTSUPP;
        return 0;
}

static int end(EVP_MD_CTX *context, uint8_t *ret, size_t *ret_size)
{
        unsigned size = 0;

        if (EVP_DigestFinal_ex(context, ret, &size) != 1)
                return -EIO;
        *ret_size = size;
        return 0;
}

static int update(EVP_MD_CTX *context, struct view part)
{
        if (part.size > 0 && EVP_DigestUpdate(context, part.data, part.size) != 1)
                return -EIO;
        return 0;
}

int digest_of_fd_and(const char *hash, int fd, struct view trailer, uint8_t ret[DIGEST_SIZE_MAX],
                     size_t *ret_size)
{
        _cleanup_(evp_md_ctx_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
        int r = begin(hash, context);

        if (r == 0)
                r = digest_update_from(context, fd);
        if (r == 0)
                r = update(context, trailer);
        return r < 0 ? r : end(context, ret, ret_size);
}

int digest_of_fd(const char *hash, int fd, uint8_t ret[DIGEST_SIZE_MAX], size_t *ret_size)
{
        return digest_of_fd_and(hash, fd, (struct view){}, ret, ret_size);
}

int digest_of_parts(const char *hash, const struct view *parts, size_t count,
                    uint8_t ret[DIGEST_SIZE_MAX], size_t *ret_size)
{
        _cleanup_(evp_md_ctx_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
        int r = begin(hash, context);

        for (size_t i = 0; i < count && r == 0; i++)
                r = update(context, parts[i]);
        return r < 0 ? r : end(context, ret, ret_size);
}

struct digest_stream digest_stream_begin(const char *hash)
{
        struct digest_stream stream = {.context = EVP_MD_CTX_new()};

        stream.error = begin(hash, stream.context);
        return stream;
}

void digest_stream_put(struct digest_stream *stream, struct view bytes)
{
        if (stream->error == 0)
                stream->error = update(stream->context, bytes);
}

int digest_stream_end(struct digest_stream *stream, uint8_t ret[DIGEST_SIZE_MAX], size_t *ret_size)
{
        return stream->error < 0 ? stream->error : end(stream->context, ret, ret_size);
}

void digest_stream_done(struct digest_stream *stream)
{
        EVP_MD_CTX_free(stream->context);
        stream->context = NULL;
}

char *hex_encode(struct view bytes, char *ret)
{
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < bytes.size; i++) {
                ret[2 * i] = digits[bytes.data[i] >> 4];
                ret[2 * i + 1] = digits[bytes.data[i] & 15];
        }
        ret[2 * bytes.size] = '\0';
        return ret;
}

/* The value of a lowercase digit, and a bit that it has one; all else has not. A replay reads some
 * hundred of them for each record. */
#define HEX_DIGIT 0x10
static const uint8_t hex_values[256] = {
        ['0'] = 0x10, ['1'] = 0x11, ['2'] = 0x12, ['3'] = 0x13, ['4'] = 0x14, ['5'] = 0x15,
        ['6'] = 0x16, ['7'] = 0x17, ['8'] = 0x18, ['9'] = 0x19, ['a'] = 0x1a, ['b'] = 0x1b,
        ['c'] = 0x1c, ['d'] = 0x1d, ['e'] = 0x1e, ['f'] = 0x1f,
};

int hex_decode(struct view text, uint8_t *ret, size_t size)
{
        unsigned all = HEX_DIGIT;

        if (text.size != 2 * size)
                return -EBADMSG;
        for (size_t i = 0; i < size; i++) {
                unsigned high = hex_values[text.data[2 * i]],
                         low = hex_values[text.data[2 * i + 1]];

                all &= high & low;
                ret[i] = (uint8_t)(high << 4 | (low & 0xf));
        }
        return all & HEX_DIGIT ? 0 : -EBADMSG;
}

int digest_parse(const char *text, const struct algorithm *algorithm, uint8_t *ret,
                 struct problem *problem)
{
        const char *colon = strchr(text, ':');
        size_t name_size = colon ? (size_t)(colon - text) : 0;

        if (!colon || !view_is(view_of(text, name_size), algorithm->hash))
                return problem_set(problem, -EBADMSG,
                                   "digest \"%.20s\": expected \"%s:\" and hexadecimal digits, as "
                                   "algorithm %s signs",
                                   text, algorithm->hash, algorithm->name);
        if (strlen(colon + 1) != 2 * algorithm->digest_size)
                return problem_set(
                        problem, -EBADMSG,
                        "digest: expected %zu hexadecimal digits after \"%s:\", found %zu",
                        2 * algorithm->digest_size, algorithm->hash, strlen(colon + 1));
        if (hex_decode(view_string(colon + 1), ret, algorithm->digest_size) < 0)
                return problem_set(problem, -EBADMSG,
                                   "digest: expected lowercase hexadecimal digits after \"%s:\"",
                                   algorithm->hash);
        return 0;
}

void digest_put(struct buf *buf, const char *hash, struct view digest)
{
        char hex[HEX_SIZE(DIGEST_SIZE_MAX)];

        assert(digest.size <= DIGEST_SIZE_MAX);
        buf_put_string(buf, hash);
        buf_put_u8(buf, ':');
        buf_put_string(buf, hex_encode(digest, hex));
}
