/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/key-certificate.h"

#include <errno.h>

#include "lib/armor.h"
#include "lib/openpgp.h"
#include "lib/ssh-key.h"
#include "lib/utc.h"
#include "lib/x509.h"

#define PEM_COLUMNS 64

static int hash(const struct format_signer *signer, struct view bytes, struct signature *ret)
{
        return digest_of_parts(signer->algorithm->hash, &bytes, 1, ret->digest, &ret->digest_size);
}

static int prepare_x509(const struct format_signer *signer, struct signature *ret)
{
        int r = x509_put_own(&ret->attributes, signer);

        return r < 0 ? r : hash(signer, buf_view(&ret->attributes), ret);
}

static int put_x509(struct buf *buf, const struct signature *signature,
                    const struct format_signer *signer)
{
        _cleanup_(buf_done) struct buf der = {};
        int r = x509_put(&der, buf_view(&signature->attributes), signer->algorithm,
                         buf_view(&signature->value));

        armor_put(buf, "CERTIFICATE", PEM_COLUMNS, buf_view(&der));
        return r < 0 ? r : buf_error(buf);
}

/* RFC 4880 §5.2.4: the key, the user id, and the hashed part of the signature. */
static int prepare_openpgp(const struct format_signer *signer, struct signature *ret)
{
        _cleanup_(buf_done) struct buf key = {}, hashed = {};
        int r = openpgp_put_key(&key, signer);

        if (r == 0)
                r = openpgp_put_hashed(&ret->attributes, OPENPGP_TYPE_CERTIFY, signer);
        buf_put_u8(&hashed, 0x99);
        buf_put_u16(&hashed, (uint16_t)key.size);
        buf_put_view(&hashed, buf_view(&key));
        buf_put_u8(&hashed, 0xb4);
        buf_put_sized(&hashed, view_string(signer->name));
        openpgp_put_trailer(&hashed, buf_view(&ret->attributes));
        if (r == 0)
                r = buf_error(&hashed);
        return r < 0 ? r : hash(signer, buf_view(&hashed), ret);
}

static int put_openpgp(struct buf *buf, const struct signature *signature,
                       const struct format_signer *signer)
{
        _cleanup_(buf_done) struct buf key = {}, packets = {};
        int r = openpgp_put_key(&key, signer);

        openpgp_put_packet(&packets, OPENPGP_TAG_KEY, buf_view(&key));
        openpgp_put_packet(&packets, OPENPGP_TAG_USER, view_string(signer->name));
        if (r == 0)
                r = openpgp_put_signature(&packets, signature, signer);
        armor_put_openpgp(buf, "PGP PUBLIC KEY BLOCK", buf_view(&packets));
        return r < 0 ? r : buf_error(buf);
}

/* A line of allowed_signers: ssh-keygen(1). */
static int put_ssh(struct buf *buf, const struct signature *signature,
                   const struct format_signer *signer)
{
        int r;

        (void)signature;
        buf_put_string(buf, signer->name);
        buf_put_string(buf, " valid-after=\"");
        utc_put_digits(buf, signer->created);
        buf_put_string(buf, "\" ");
        r = ssh_key_put_line(buf, signer->pubkey, signer->algorithm);
        buf_put_u8(buf, '\n');
        return r < 0 ? r : buf_error(buf);
}

static const struct key_certificate certificates[] = {
        {"openpgp", prepare_openpgp, put_openpgp},
        {"ssh", NULL, put_ssh},
        {"x509", prepare_x509, put_x509},
};

const char *const key_certificate_names[] = {"openpgp", "ssh", "x509", NULL};

const struct key_certificate *key_certificate_find(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(certificates); i++)
                if (string_equal(certificates[i].name, name))
                        return &certificates[i];
        return NULL;
}
