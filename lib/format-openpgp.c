/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/format.h"

#include <errno.h>

#include "lib/armor.h"
#include "lib/openpgp.h"

#define LABEL      "PGP SIGNATURE"
#define PACKET_MAX ((size_t)8192)

/* A packet fills its file, so a raw signature does not look like one. */
static int is_packet(struct view file)
{
        _cleanup_(signature_done) struct signature signature = {};

        return file.size <= PACKET_MAX && openpgp_parse_signature(file, &signature, NULL) == 0;
}

static int recognises(struct view file)
{
        return armor_is(file, LABEL) || is_packet(file);
}

static int parse(struct view file, struct signature *ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf packet = BUF_INIT(PACKET_MAX);
        int r;

        if (!armor_is(file, LABEL))
                return openpgp_parse_signature(file, ret, problem);
        r = armor_parse(file, LABEL, &packet);
        if (r == -EBADMSG || r == -EMSGSIZE)
                return problem_set(problem, -EBADMSG, "OpenPGP armor that is damaged");
        return r < 0 ? r : openpgp_parse_signature(buf_view(&packet), ret, problem);
}

static int prepare(const struct format_signer *signer, struct format_content *content,
                   struct signature *ret, struct problem *problem)
{
        (void)content;
        if (!openpgp_has(signer->algorithm))
                return problem_set(problem, -EOPNOTSUPP,
                                   "OpenPGP version 4 has no signatures of algorithm %s",
                                   signer->algorithm->name);
        return openpgp_put_hashed(&ret->attributes, OPENPGP_TYPE_BINARY, signer);
}

/* Of a key that is not in a ring, nobody knows the fingerprint: its time of creation is missing. */
static int check_signer(const struct signature *signature, const struct format_signer *signer)
{
        uint8_t fingerprint[OPENPGP_FINGERPRINT_SIZE];
        int r;

        if (!openpgp_is_by(buf_view(&signature->attributes), signer->algorithm))
                return -EKEYREJECTED;
        if (signature->signer.size == 0 || signer->created == 0)
                return 0;
        r = openpgp_fingerprint(signer, fingerprint);
        if (r < 0)
                return r;
        return memcmp(fingerprint, signature->signer.data, sizeof(fingerprint)) == 0
                       ? 0
                       : -EKEYREJECTED;
}

/* An RSA signature is as long as the modulus. */
static int pad(struct signature *signature, const struct algorithm *algorithm)
{
        _cleanup_(buf_done) struct buf padded = {};

        if (algorithm->kind == ALGORITHM_ECDSA || signature->value.size == 0)
                return 0;
        for (size_t i = signature->value.size; i < algorithm->bits / 8; i++)
                buf_put_u8(&padded, 0);
        buf_put_view(&padded, buf_view(&signature->value));
        buf_clear(&signature->value);
        buf_put_view(&signature->value, buf_view(&padded));
        return buf_error(&padded) ? buf_error(&padded) : buf_error(&signature->value);
}

static int digest(struct signature *signature, const struct format_signer *signer,
                  struct format_content *content, struct problem *problem)
{
        _cleanup_(buf_done) struct buf trailer = {};
        int r = check_signer(signature, signer);

        openpgp_put_trailer(&trailer, buf_view(&signature->attributes));
        if (r == 0)
                r = buf_error(&trailer);
        if (r == 0)
                r = pad(signature, signer->algorithm);
        if (r == 0)
                r = content->digest(content, signer->algorithm->hash, buf_view(&trailer),
                                    signature->digest, problem);
        if (r < 0)
                return r;
        signature->digest_size = signer->algorithm->digest_size;
        if (signature->signer.size > 0 &&
            memcmp(signature->digest, signature->signer.data + OPENPGP_FINGERPRINT_SIZE, 2) != 0)
                return -EKEYREJECTED;
        return 0;
}

static int put(struct buf *buf, const struct signature *signature,
               const struct format_signer *signer)
{
        _cleanup_(buf_done) struct buf packet = {};
        int r = openpgp_put_signature(&packet, signature, signer);

        armor_put_openpgp(buf, LABEL, buf_view(&packet));
        return r < 0 ? r : buf_error(buf);
}

const struct format format_openpgp = {
        .name = "openpgp",
        .suffix = ".asc",
        .recognises = recognises,
        .parse = parse,
        .prepare = prepare,
        .digest = digest,
        .put = put,
};
