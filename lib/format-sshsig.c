/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/format.h"

#include <errno.h>

#include "lib/armor.h"
#include "lib/key-numbers.h"
#include "lib/ssh-key.h"

/* PROTOCOL.sshsig of OpenSSH. The attributes are what is signed in front of the hash of the
 * message. */
#define MAGIC    "SSHSIG"
#define LABEL    "SSH SIGNATURE"
#define COLUMNS  70
#define BLOB_MAX ((size_t)16384)

static int recognises(struct view file)
{
        return armor_is(file, LABEL);
}

static void put_string(struct buf *buf, const char *text)
{
        buf_put_sized(buf, view_string(text));
}

/* What ssh-keygen takes for the message: there is no SHA-384. */
static const char *message_hash(const struct algorithm *algorithm)
{
        return string_equal(algorithm->hash, "sha256") ? "sha256" : "sha512";
}

static int prepare(const struct format_signer *signer, struct format_content *content,
                   struct signature *ret, struct problem *problem)
{
        (void)content;
        if (!ssh_signature_name(signer->algorithm))
                return problem_set(problem, -EOPNOTSUPP, "SSH has no signatures of algorithm %s",
                                   signer->algorithm->name);
        buf_put_string(&ret->attributes, MAGIC);
        put_string(&ret->attributes, signer->name_space);
        put_string(&ret->attributes, "");
        put_string(&ret->attributes, message_hash(signer->algorithm));
        return buf_error(&ret->attributes);
}

struct attributes {
        struct view name_space, hash;
};

static int read_attributes(struct view text, struct attributes *ret)
{
        struct reader reader = reader_init(text);

        reader_expect(&reader, MAGIC);
        ret->name_space = reader_sized(&reader);
        if (reader_sized(&reader).size > 0)
                reader_fail(&reader); /* reserved */
        ret->hash = reader_sized(&reader);
        return reader_end(&reader);
}

/* The key is in the signature: it is by no other. */
static int check_key(const struct signature *signature, const struct format_signer *signer)
{
        _cleanup_(buf_done) struct buf key = {};
        int r;

        if (signature->signer.size == 0) /* one that is made */
                return 0;
        if (!ssh_signature_name(signer->algorithm))
                return -EKEYREJECTED;
        r = ssh_key_put(&key, signer->pubkey, signer->algorithm);
        if (r < 0)
                return r == -EOPNOTSUPP ? -EKEYREJECTED : r;
        return view_equal(buf_view(&key), buf_view(&signature->signer)) ? 0 : -EKEYREJECTED;
}

static int hash_message(const struct signature *signature, struct format_content *content,
                        struct buf *ret, struct problem *problem)
{
        struct attributes attributes;
        uint8_t digest[DIGEST_SIZE_MAX];
        const char *hash;
        int r = read_attributes(buf_view(&signature->attributes), &attributes);

        assert(r == 0); /* was read, or made here */
        hash = view_is(attributes.hash, "sha256") ? "sha256" : "sha512";
        r = content->digest(content, hash, (struct view){}, digest, problem);
        buf_put_sized(ret, view_of(digest, digest_find_hash(hash)->size));
        return r < 0 ? r : buf_error(ret);
}

static int check_name_space(const struct signature *signature, const struct format_signer *signer,
                            const struct format_content *content, struct problem *problem)
{
        struct attributes attributes;
        int r = read_attributes(buf_view(&signature->attributes), &attributes);

        assert(r == 0);
        if (view_is(attributes.name_space, signer->name_space))
                return 0;
        return problem_set(problem, -EKEYREJECTED, "%s: signed for namespace %.*s, expected %s",
                           content->name, (int)attributes.name_space.size,
                           (const char *)attributes.name_space.data, signer->name_space);
}

static int digest(struct signature *signature, const struct format_signer *signer,
                  struct format_content *content, struct problem *problem)
{
        _cleanup_(buf_done) struct buf hashed = {};
        struct view message;
        int r = check_key(signature, signer);

        if (r == 0)
                r = check_name_space(signature, signer, content, problem);
        if (r == 0)
                r = hash_message(signature, content, &hashed, problem);
        if (r < 0)
                return r;
        buf_clear(&signature->message);
        buf_put_view(&signature->message, buf_view(&signature->attributes));
        buf_put_view(&signature->message, buf_view(&hashed));
        message = buf_view(&signature->message);
        if (buf_error(&signature->message))
                return buf_error(&signature->message);
        return digest_of_parts(signer->algorithm->hash, &message, 1, signature->digest,
                               &signature->digest_size);
}

/* All of the file but its armor. */
static int put_blob(struct buf *buf, struct view key, const char *name,
                    const struct signature *signature)
{
        _cleanup_(buf_done) struct buf value = {};
        struct attributes attributes;
        int r = read_attributes(buf_view(&signature->attributes), &attributes);

        assert(r == 0);
        r = ssh_signature_put(&value, name, buf_view(&signature->value));
        buf_put_string(buf, MAGIC);
        buf_put_u32(buf, 1);
        buf_put_sized(buf, key);
        buf_put_sized(buf, attributes.name_space);
        put_string(buf, "");
        buf_put_sized(buf, attributes.hash);
        buf_put_sized(buf, buf_view(&value));
        return r < 0 ? r : buf_error(buf);
}

static int put(struct buf *buf, const struct signature *signature,
               const struct format_signer *signer)
{
        _cleanup_(buf_done) struct buf key = {}, blob = {};
        int r = ssh_key_put(&key, signer->pubkey, signer->algorithm);

        if (r == 0)
                r = put_blob(&blob, buf_view(&key), ssh_signature_name(signer->algorithm),
                             signature);
        armor_put(buf, LABEL, COLUMNS, buf_view(&blob));
        return r < 0 ? r : buf_error(buf);
}

static int read_blob(struct view blob, struct signature *ret, const char **ret_name)
{
        struct reader reader = reader_init(blob);
        struct view name_space, reserved, hash;

        reader_expect(&reader, MAGIC);
        if (reader_u32(&reader) != 1)
                reader_fail(&reader);
        buf_put_view(&ret->signer, reader_sized(&reader));
        name_space = reader_sized(&reader);
        reserved = reader_sized(&reader);
        hash = reader_sized(&reader);
        if (!view_is(hash, "sha256") && !view_is(hash, "sha512"))
                reader_fail(&reader);
        buf_put_string(&ret->attributes, MAGIC);
        buf_put_sized(&ret->attributes, name_space);
        buf_put_sized(&ret->attributes, reserved);
        buf_put_sized(&ret->attributes, hash);
        if (ssh_signature_parse(reader_sized(&reader), ret_name, &ret->value) < 0 ||
            reserved.size > 0 || name_space.size == 0 || ret->signer.size == 0)
                reader_fail(&reader);
        return reader_end(&reader);
}

/* There is one encoding of each signature: whatever comes out otherwise was no such file. */
static int parse(struct view file, struct signature *ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf blob = BUF_INIT(BLOB_MAX), again = {};
        const char *name = NULL;
        int r = armor_parse(file, LABEL, &blob);

        if (r == 0)
                r = read_blob(buf_view(&blob), ret, &name);
        if (r == 0)
                r = put_blob(&again, buf_view(&ret->signer), name, ret);
        if (r == 0 && !view_equal(buf_view(&blob), buf_view(&again)))
                r = -EBADMSG;
        if (r == -EBADMSG || r == -EMSGSIZE)
                return problem_set(problem, -EBADMSG,
                                   "no SSH signature of a kind that is read here");
        return r;
}

const struct format format_sshsig = {
        .name = "sshsig",
        .suffix = ".sshsig",
        .signs_messages = 1,
        .recognises = recognises,
        .parse = parse,
        .prepare = prepare,
        .digest = digest,
        .put = put,
};
