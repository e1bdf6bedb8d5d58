/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/format.h"

#include <errno.h>

#include "lib/der.h"
#include "lib/utc.h"
#include "lib/x509.h"

/* Cryptographic Message Syntax (RFC 5652), detached, with one signer, his certificate and signed
 * attributes. These are what the key signs; the digest of the content is one of them. */

#define OID_SIGNED_DATA    "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
#define OID_DATA           "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
#define OID_CONTENT_TYPE   "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"
#define OID_MESSAGE_DIGEST "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"
#define OID_SIGNING_TIME   "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05"

static const struct {
        const char *hash;
        struct view oid;
} hashes[] = {
        {"sha256", {(const uint8_t *)"\x60\x86\x48\x01\x65\x03\x04\x02\x01", 9}},
        {"sha384", {(const uint8_t *)"\x60\x86\x48\x01\x65\x03\x04\x02\x02", 9}},
};

static void put_hash(struct buf *buf, const char *hash)
{
        _cleanup_(buf_done) struct buf inner = {};

        for (size_t i = 0; i < ARRAY_SIZE(hashes); i++)
                if (string_equal(hashes[i].hash, hash))
                        der_put(&inner, DER_OID, hashes[i].oid);
        der_put_of(buf, DER_SEQUENCE, &inner);
}

static void put_attribute(struct buf *buf, const char *oid, uint8_t tag, struct view value)
{
        _cleanup_(buf_done) struct buf inner = {}, set = {};

        der_put(&set, tag, value);
        der_put(&inner, DER_OID, view_string(oid));
        der_put_of(&inner, DER_SET, &set);
        der_put_of(buf, DER_SEQUENCE, &inner);
}

static int check_certificate(const struct format_signer *signer, struct x509 *ret,
                             struct problem *problem)
{
        if (signer->certificate.size == 0)
                return problem_set(problem, -EINVAL,
                                   "--format cms needs --certificate, an X.509 certificate of the "
                                   "key");
        if (x509_read(signer->certificate, ret) < 0)
                return problem_set(problem, -EINVAL, "--certificate: no X.509 certificate");
        if (!view_equal(ret->spki, pubkey_spki(signer->pubkey)))
                return problem_set(problem, -EINVAL, "--certificate: not of key %s", signer->name);
        return 0;
}

/* In the order of DER, which is that of their lengths. */
static int prepare(const struct format_signer *signer, struct format_content *content,
                   struct signature *ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf algorithm = {}, time = {};
        uint8_t digest[DIGEST_SIZE_MAX];
        struct x509 certificate;
        int r = x509_put_algorithm(&algorithm, signer->algorithm);

        if (r == -EOPNOTSUPP)
                return problem_set(problem, r, "CMS is not made with keys of algorithm %s",
                                   signer->algorithm->name);
        if (r == 0)
                r = check_certificate(signer, &certificate, problem);
        if (r == 0)
                r = content->digest(content, signer->algorithm->hash, (struct view){}, digest,
                                    problem);
        if (r < 0)
                return r;
        put_attribute(&ret->attributes, OID_CONTENT_TYPE, DER_OID, view_string(OID_DATA));
        utc_put_digits(&time, signer->time);
        put_attribute(&ret->attributes, OID_SIGNING_TIME, DER_UTC_TIME,
                      view_of(time.data + 2, time.size - 2));
        put_attribute(&ret->attributes, OID_MESSAGE_DIGEST, DER_OCTET_STRING,
                      view_of(digest, signer->algorithm->digest_size));
        return buf_error(&time) ? buf_error(&time) : buf_error(&ret->attributes);
}

/* The one value of the attribute with that identifier; none or two are no good. */
static int find_attribute(struct view attributes, const char *oid, struct view *ret)
{
        struct reader reader = reader_init(attributes);
        size_t found = 0;

        while (reader.left > 0 && !reader.bad) {
                struct reader attribute = reader_init(der_read(&reader, DER_SEQUENCE));
                struct view name = der_read(&attribute, DER_OID);
                struct view set = der_read(&attribute, DER_SET);

                if (reader_end(&attribute) < 0)
                        return -EBADMSG;
                if (!view_is(name, oid))
                        continue;
                *ret = set;
                found++;
        }
        return reader.bad || found != 1 ? -EBADMSG : 0;
}

static int read_value(struct view attributes, const char *oid, uint8_t tag, struct view *ret)
{
        struct view set;
        struct reader reader;
        int r = find_attribute(attributes, oid, &set);

        if (r < 0)
                return r;
        reader = reader_init(set);
        *ret = der_read(&reader, tag);
        return reader_end(&reader);
}

/* They were read, or made here. */
static int compare_content(const struct signature *signature, const struct format_signer *signer,
                           struct format_content *content, struct problem *problem)
{
        uint8_t digest[DIGEST_SIZE_MAX];
        struct view expected;
        int r = read_value(buf_view(&signature->attributes), OID_MESSAGE_DIGEST, DER_OCTET_STRING,
                           &expected);

        assert(r == 0);
        if (expected.size != signer->algorithm->digest_size)
                return -EKEYREJECTED;
        r = content->digest(content, signer->algorithm->hash, (struct view){}, digest, problem);
        if (r < 0)
                return r;
        if (view_equal(view_of(digest, expected.size), expected))
                return 0;
        return problem_set(problem, -EKEYREJECTED, "%s: digest: the CMS signature is about another",
                           content->name);
}

/* A certificate in the file must be the key's; whose word it is, the key ring says. */
static int check_signer(const struct signature *signature, const struct format_signer *signer)
{
        struct x509 certificate;

        if (signature->signer.size == 0)
                return 0;
        if (x509_read(buf_view(&signature->signer), &certificate) < 0 ||
            !view_equal(certificate.spki, pubkey_spki(signer->pubkey)))
                return -EKEYREJECTED;
        return 0;
}

static int digest(struct signature *signature, const struct format_signer *signer,
                  struct format_content *content, struct problem *problem)
{
        _cleanup_(buf_done) struct buf set = {};
        struct view signed_bytes;
        int r = check_signer(signature, signer);

        if (r == 0)
                r = compare_content(signature, signer, content, problem);
        der_put_of(&set, DER_SET, &signature->attributes);
        if (r == 0)
                r = buf_error(&set);
        if (r < 0)
                return r;
        signed_bytes = buf_view(&set);
        return digest_of_parts(signer->algorithm->hash, &signed_bytes, 1, signature->digest,
                               &signature->digest_size);
}

static int put_signer_info(struct buf *buf, const struct signature *signature,
                           const struct x509 *certificate, const struct algorithm *algorithm)
{
        _cleanup_(buf_done) struct buf inner = {}, id = {};
        int r;

        der_put(&inner, DER_INTEGER, view_string("\x01"));
        buf_put_view(&id, certificate->issuer);
        buf_put_view(&id, certificate->serial);
        der_put_of(&inner, DER_SEQUENCE, &id);
        put_hash(&inner, algorithm->hash);
        der_put_of(&inner, DER_CONTEXT(0), &signature->attributes);
        r = x509_put_algorithm(&inner, algorithm);
        der_put(&inner, DER_OCTET_STRING, buf_view(&signature->value));
        der_put_of(buf, DER_SEQUENCE, &inner);
        return r < 0 ? r : buf_error(buf);
}

static int put_file(struct buf *buf, const struct signature *signature, struct view certificate,
                    const struct algorithm *algorithm)
{
        _cleanup_(buf_done) struct buf hash = {}, content = {}, info = {}, data = {}, outer = {},
                                       wrapped = {};
        struct x509 read;
        int r = x509_read(certificate, &read);

        if (r == 0)
                r = put_signer_info(&info, signature, &read, algorithm);
        if (r < 0)
                return r;
        put_hash(&hash, algorithm->hash);
        der_put(&content, DER_OID, view_string(OID_DATA));
        der_put(&data, DER_INTEGER, view_string("\x01"));
        der_put_of(&data, DER_SET, &hash);
        der_put_of(&data, DER_SEQUENCE, &content);
        der_put(&data, DER_CONTEXT(0), certificate);
        der_put_of(&data, DER_SET, &info);
        der_put_of(&wrapped, DER_SEQUENCE, &data);
        der_put(&outer, DER_OID, view_string(OID_SIGNED_DATA));
        der_put_of(&outer, DER_CONTEXT(0), &wrapped);
        der_put_of(buf, DER_SEQUENCE, &outer);
        return buf_error(buf);
}

static int put(struct buf *buf, const struct signature *signature,
               const struct format_signer *signer)
{
        return put_file(buf, signature, signer->certificate, signer->algorithm);
}

static int recognises(struct view file)
{
        struct reader reader = reader_init(file), outer;

        outer = reader_init(der_read(&reader, DER_SEQUENCE));
        return view_is(der_read(&outer, DER_OID), OID_SIGNED_DATA);
}

static int read_signer_info(struct view text, struct signature *ret)
{
        struct reader reader = reader_init(text), info;
        struct view value;

        info = reader_init(der_read(&reader, DER_SEQUENCE));
        (void)der_read(&info, DER_INTEGER);
        (void)der_read(&info, DER_SEQUENCE);
        (void)der_read(&info, DER_SEQUENCE);
        buf_put_view(&ret->attributes, der_read(&info, DER_CONTEXT(0)));
        (void)der_read(&info, DER_SEQUENCE);
        value = der_read(&info, DER_OCTET_STRING);
        buf_put_view(&ret->value, value);
        return reader_end(&info) < 0 || reader_end(&reader) < 0 ? -EBADMSG : 0;
}

static int read_file(struct view file, struct signature *ret)
{
        struct reader reader = reader_init(file), outer, wrapped, data;

        outer = reader_init(der_read(&reader, DER_SEQUENCE));
        (void)der_read(&outer, DER_OID);
        wrapped = reader_init(der_read(&outer, DER_CONTEXT(0)));
        data = reader_init(der_read(&wrapped, DER_SEQUENCE));
        (void)der_read(&data, DER_INTEGER);
        (void)der_read(&data, DER_SET);
        (void)der_read(&data, DER_SEQUENCE);
        buf_put_view(&ret->signer, der_read(&data, DER_CONTEXT(0)));
        if (read_signer_info(der_read(&data, DER_SET), ret) < 0 || reader_end(&data) < 0 ||
            reader_end(&wrapped) < 0 || reader_end(&outer) < 0)
                return -EBADMSG;
        return reader_end(&reader);
}

static int check_attributes(const struct signature *signature)
{
        struct view type, digest;
        int r = read_value(buf_view(&signature->attributes), OID_CONTENT_TYPE, DER_OID, &type);

        if (r == 0 && !view_is(type, OID_DATA))
                r = -EBADMSG;
        return r < 0 ? r
                     : read_value(buf_view(&signature->attributes), OID_MESSAGE_DIGEST,
                                  DER_OCTET_STRING, &digest);
}

/* What was skipped above is checked by writing the file again: with one of the algorithms, the same
 * bytes must come out. */
static int check_rest(struct view file, const struct signature *signature)
{
        const struct algorithm *algorithm;

        for (size_t i = 0; (algorithm = algorithm_at(i)); i++) {
                _cleanup_(buf_done) struct buf again = {};
                int r = put_file(&again, signature, buf_view(&signature->signer), algorithm);

                if (r == 0 && view_equal(buf_view(&again), file))
                        return 0;
                if (r == -ENOMEM)
                        return r;
        }
        return -EBADMSG;
}

static int parse(struct view file, struct signature *ret, struct problem *problem)
{
        int r = file.size > 2 * X509_SIZE_MAX ? -EBADMSG : read_file(file, ret);

        if (r == 0)
                r = check_attributes(ret);
        if (r == 0)
                r = check_rest(file, ret);
        if (r == -EBADMSG)
                return problem_set(problem, r,
                                   "expected a detached CMS signature by one signer, with one "
                                   "certificate and signed attributes");
        return r;
}

const struct format format_cms = {
        .name = "cms",
        .suffix = ".p7s",
        .is_binary = 1,
        .recognises = recognises,
        .parse = parse,
        .prepare = prepare,
        .digest = digest,
        .put = put,
};
