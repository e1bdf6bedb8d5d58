/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/x509.h"

#include <errno.h>

#include "lib/der.h"
#include "lib/utc.h"

#define SERIAL_SIZE 16

static const struct {
        const char *algorithm;
        struct view oid;
        int has_null; /* parameters */
} algorithms[] = {
        {"ecdsa-p256", {(const uint8_t *)"\x2a\x86\x48\xce\x3d\x04\x03\x02", 8}, 0},
        {"ecdsa-p384", {(const uint8_t *)"\x2a\x86\x48\xce\x3d\x04\x03\x03", 8}, 0},
        {"rsa-2048", {(const uint8_t *)"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", 9}, 1},
        {"rsa-3072", {(const uint8_t *)"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", 9}, 1},
};

int x509_put_algorithm(struct buf *buf, const struct algorithm *algorithm)
{
        for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
                _cleanup_(buf_done) struct buf inner = {};

                if (!string_equal(algorithms[i].algorithm, algorithm->name))
                        continue;
                der_put(&inner, DER_OID, algorithms[i].oid);
                if (algorithms[i].has_null)
                        der_put(&inner, DER_NULL, (struct view){});
                der_put_of(buf, DER_SEQUENCE, &inner);
                return buf_error(buf);
        }
        return -EOPNOTSUPP;
}

/* CN=@name */
static void put_name(struct buf *buf, const char *name)
{
        _cleanup_(buf_done) struct buf attribute = {}, pair = {}, set = {};

        der_put(&attribute, DER_OID, view_string("\x55\x04\x03"));
        der_put(&attribute, DER_UTF8, view_string(name));
        der_put_of(&pair, DER_SEQUENCE, &attribute);
        der_put_of(&set, DER_SET, &pair);
        der_put_of(buf, DER_SEQUENCE, &set);
}

static void put_time(struct buf *buf, uint64_t seconds)
{
        static const uint64_t year_2050 = 2524608000;
        _cleanup_(buf_done) struct buf digits = {};
        struct view text;

        utc_put_digits(&digits, seconds);
        text = buf_view(&digits);
        if (buf_error(&digits) && !buf->error)
                buf->error = buf_error(&digits);
        if (seconds >= year_2050 || text.size < 2)
                der_put(buf, DER_TIME, text);
        else
                der_put(buf, DER_UTC_TIME, view_of(text.data + 2, text.size - 2));
}

static void put_validity(struct buf *buf, uint64_t from)
{
        _cleanup_(buf_done) struct buf inner = {};

        put_time(&inner, from);
        der_put(&inner, DER_TIME, view_string("99991231235959Z")); /* RFC 5280 §4.1.2.5 */
        der_put_of(buf, DER_SEQUENCE, &inner);
}

static void put_extension(struct buf *buf, const char *oid, int critical, struct view value)
{
        _cleanup_(buf_done) struct buf inner = {};

        der_put(&inner, DER_OID, view_string(oid));
        if (critical)
                buf_put(&inner, "\x01\x01\xff", 3);
        der_put(&inner, DER_OCTET_STRING, value);
        der_put_of(buf, DER_SEQUENCE, &inner);
}

/* Key usage digitalSignature; extended: code signing and e-mail, which CMS verifiers ask for; the
 * identifier of the key; no authority. */
static void put_extensions(struct buf *buf, const struct format_signer *signer)
{
        static const char usage[] = "\x03\x02\x07\x80";
        static const char purposes[] = "\x30\x14\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x03"
                                       "\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x04";
        _cleanup_(buf_done) struct buf list = {}, sequence = {}, id = {};

        der_put(&id, DER_OCTET_STRING, view_of(pubkey_fingerprint(signer->pubkey)->bytes, 20));
        put_extension(&list, "\x55\x1d\x13", 1, view_of("\x30\x00", 2));
        put_extension(&list, "\x55\x1d\x0f", 1, view_of(usage, sizeof(usage) - 1));
        put_extension(&list, "\x55\x1d\x25", 0, view_of(purposes, sizeof(purposes) - 1));
        put_extension(&list, "\x55\x1d\x0e", 0, buf_view(&id));
        der_put_of(&sequence, DER_SEQUENCE, &list);
        der_put_of(buf, DER_CONTEXT(3), &sequence);
}

int x509_put_own(struct buf *buf, const struct format_signer *signer)
{
        _cleanup_(buf_done) struct buf inner = {};
        uint8_t serial[SERIAL_SIZE];
        int r;

        memcpy(serial, pubkey_fingerprint(signer->pubkey)->bytes, sizeof(serial));
        serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40); /* positive, and of one length */
        der_put(&inner, DER_CONTEXT(0), view_of("\x02\x01\x02", 3));
        der_put_unsigned(&inner, view_of(serial, sizeof(serial)));
        r = x509_put_algorithm(&inner, signer->algorithm);
        if (r < 0)
                return r;
        put_name(&inner, signer->name);
        put_validity(&inner, signer->created);
        put_name(&inner, signer->name);
        buf_put_view(&inner, pubkey_spki(signer->pubkey));
        put_extensions(&inner, signer);
        der_put_of(buf, DER_SEQUENCE, &inner);
        return buf_error(buf);
}

int x509_put(struct buf *buf, struct view own, const struct algorithm *algorithm,
             struct view signature)
{
        _cleanup_(buf_done) struct buf inner = {}, bits = {};
        int r;

        buf_put_view(&inner, own);
        r = x509_put_algorithm(&inner, algorithm);
        buf_put_u8(&bits, 0);
        buf_put_view(&bits, signature);
        der_put_of(&inner, DER_BIT_STRING, &bits);
        der_put_of(buf, DER_SEQUENCE, &inner);
        return r < 0 ? r : buf_error(buf);
}

int x509_read(struct view der, struct x509 *ret)
{
        struct reader reader = reader_init(der), outer, tbs;
        struct x509 found = {};

        outer = reader_init(der_read(&reader, DER_SEQUENCE));
        tbs = reader_init(der_read(&outer, DER_SEQUENCE));
        if (der_is_next(&tbs, DER_CONTEXT(0)))
                (void)der_read(&tbs, DER_CONTEXT(0));
        found.serial = der_read_whole(&tbs, DER_INTEGER);
        (void)der_read(&tbs, DER_SEQUENCE);
        found.issuer = der_read_whole(&tbs, DER_SEQUENCE);
        (void)der_read(&tbs, DER_SEQUENCE);
        (void)der_read(&tbs, DER_SEQUENCE);
        found.spki = der_read_whole(&tbs, DER_SEQUENCE);
        (void)der_read(&outer, DER_SEQUENCE);
        (void)der_read(&outer, DER_BIT_STRING);
        if (tbs.bad || reader_end(&outer) < 0 || reader_end(&reader) < 0)
                return -EBADMSG;
        *ret = found;
        return 0;
}
