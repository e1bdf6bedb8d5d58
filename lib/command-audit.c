/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/command-audit.h"

#include <errno.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>

#include "lib/pubkey.h"
#include "lib/spki.h"

/* TPM 2.0 Part 2 §6.3, §6.5.2, §7.4; the tag of an empty ticket is TPM_ST_HASHCHECK */
#define TPM_GET_COMMAND_AUDIT_DIGEST 0x133
#define TPM_SET_COMMAND_AUDIT        0x140
#define TPM_SIGN                     0x15d
#define TPM_ALG_NULL                 0x0010
#define TPM_HASHCHECK                0x8024
#define TPM_HANDLE_NULL              0x40000007
#define TPM_HANDLE_ENDORSEMENT       0x4000000b

static const struct {
        enum algorithm_kind kind;
        uint16_t id;
} schemes[] = {
        {ALGORITHM_ECDSA, 0x0018}, {ALGORITHM_RSA_PKCS1, 0x0014}, {ALGORITHM_RSA_PSS, 0x0016}};

static const struct {
        const char *name;
        uint16_t id;
} hashes[] = {{"sha256", 0x000b}, {"sha384", 0x000c}};

struct sha256 command_audit_list(void)
{
        static const uint8_t codes[] = {0, 0, 0x01, 0x33, 0, 0, 0x01, 0x40, 0, 0, 0x01, 0x5d};

        return sha256_of(view_of(codes, sizeof(codes)));
}

static void put_sized(struct buf *buf, struct view view)
{
        buf_put_u16(buf, (uint16_t)view.size);
        buf_put_view(buf, view);
}

static void extend(struct sha256 *digest, uint32_t code, const struct buf *command,
                   struct view response)
{
        const uint8_t success[] = {0, 0, 0, 0, 0, 0, (uint8_t)(code >> 8), (uint8_t)code};
        const struct view answer[] = {view_of(success, sizeof(success)), response};
        struct sha256 command_hash = sha256_of(buf_view(command));
        struct sha256 response_hash = sha256_of_parts(answer, ARRAY_SIZE(answer));
        const struct view parts[] = {sha256_view(digest), sha256_view(&command_hash),
                                     sha256_view(&response_hash)};
        struct sha256 extended = sha256_of_parts(parts, ARRAY_SIZE(parts));

        *digest = extended;
}

void command_audit_add_sign(struct sha256 *digest, struct view name, struct view message,
                            struct view response)
{
        _cleanup_(buf_done) struct buf command = BUF_INIT(COMMAND_AUDIT_RESPONSE_MAX);

        buf_put_u32(&command, TPM_SIGN);
        buf_put_view(&command, name);
        put_sized(&command, message);
        buf_put_u16(&command, TPM_ALG_NULL); /* the scheme is the key's */
        buf_put_u16(&command, TPM_HASHCHECK);
        buf_put_u32(&command, TPM_HANDLE_NULL);
        buf_put_u16(&command, 0);
        extend(digest, TPM_SIGN, &command, response);
}

void command_audit_add_look(struct sha256 *digest, struct view name, struct view qualifying,
                            struct view response)
{
        _cleanup_(buf_done) struct buf command = BUF_INIT(COMMAND_AUDIT_RESPONSE_MAX);

        buf_put_u32(&command, TPM_GET_COMMAND_AUDIT_DIGEST);
        buf_put_u32(&command, TPM_HANDLE_ENDORSEMENT);
        if (name.size > 0)
                buf_put_view(&command, name);
        else
                buf_put_u32(&command, TPM_HANDLE_NULL);
        put_sized(&command, qualifying);
        buf_put_u16(&command, TPM_ALG_NULL);
        extend(digest, TPM_GET_COMMAND_AUDIT_DIGEST, &command, response);
}

static int scheme_of(const struct algorithm *algorithm, uint16_t *ret_scheme, uint16_t *ret_hash)
{
        *ret_scheme = *ret_hash = 0;
        for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
                if (schemes[i].kind == algorithm->kind)
                        *ret_scheme = schemes[i].id;
        for (size_t i = 0; i < ARRAY_SIZE(hashes); i++)
                if (string_equal(hashes[i].name, algorithm->hash))
                        *ret_hash = hashes[i].id;
        return *ret_scheme && *ret_hash ? 0 : -EBADMSG;
}

static int put_number(struct buf *buf, const BIGNUM *number, size_t size)
{
        uint8_t *room;

        buf_put_u16(buf, (uint16_t)size);
        room = buf_reserve(buf, size);
        if (!room)
                return buf_error(buf);
        if (BN_bn2binpad(number, room, (int)size) < 0)
                return -EBADMSG;
        buf_grown(buf, size);
        return 0;
}

static int put_numbers(struct buf *buf, struct view signature, size_t size)
{
        const unsigned char *cursor = signature.data;
        ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &cursor, (long)signature.size);
        int r = parsed && cursor == signature.data + signature.size ? 0 : -EBADMSG;

        if (r == 0)
                r = put_number(buf, ECDSA_SIG_get0_r(parsed), size);
        if (r == 0)
                r = put_number(buf, ECDSA_SIG_get0_s(parsed), size);
        ECDSA_SIG_free(parsed);
        ERR_clear_error();
        return r;
}

int command_audit_put_signature(struct buf *buf, const struct algorithm *algorithm,
                                struct view signature)
{
        uint16_t scheme, hash;
        int r = scheme_of(algorithm, &scheme, &hash);

        if (r < 0 || signature.size > algorithm->signature_max)
                return -EBADMSG;
        buf_put_u16(buf, scheme);
        buf_put_u16(buf, hash);
        if (algorithm->kind == ALGORITHM_ECDSA)
                return put_numbers(buf, signature, algorithm->bits / 8);
        put_sized(buf, signature);
        return buf_error(buf);
}

static struct view read_sized(struct reader *reader)
{
        return reader_bytes(reader, reader_u16(reader));
}

/* A TPM that drops leading zeros of an RSA signature gets them back, as in tpm/signature.c. */
static int put_padded(struct buf *buf, struct view bytes, size_t size)
{
        if (bytes.size > size)
                return -EBADMSG;
        for (size_t i = bytes.size; i < size; i++)
                buf_put_u8(buf, 0);
        buf_put_view(buf, bytes);
        return buf_error(buf);
}

int command_audit_read_signature(struct view bytes, const struct algorithm *algorithm,
                                 struct buf *ret)
{
        struct reader reader = reader_init(bytes);
        uint16_t scheme, hash, found_scheme = reader_u16(&reader), found_hash = reader_u16(&reader);
        struct view first = read_sized(&reader), second = {};
        int r = scheme_of(algorithm, &scheme, &hash);

        if (algorithm->kind == ALGORITHM_ECDSA)
                second = read_sized(&reader);
        if (r < 0 || reader_end(&reader) < 0 || found_scheme != scheme || found_hash != hash)
                return -EBADMSG;
        return algorithm->kind == ALGORITHM_ECDSA ? ecdsa_put_der(ret, first, second)
                                                  : put_padded(ret, first, algorithm->bits / 8);
}

int command_audit_read_look(struct view response, struct view *ret_attest,
                            struct view *ret_signature)
{
        struct reader reader = reader_init(response);
        struct view attest = read_sized(&reader), signature = reader_rest(&reader);

        if (reader.bad || attest.size == 0 || signature.size == 0)
                return -EBADMSG;
        *ret_attest = attest;
        *ret_signature = signature;
        return 0;
}
