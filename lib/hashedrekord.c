/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/hashedrekord.h"

#include <errno.h>

#include "lib/base64.h"

#define SIGNATURE_SIZE_MAX ((size_t)4096)
#define BEGINNING          "{\"apiVersion\":\"" HASHEDREKORD_VERSION "\",\"kind\":\"" HASHEDREKORD_KIND "\""

/* The text is these values, each behind its constant part, and the end. */
enum { ALGORITHM, DIGEST, CONTENT, KEY_DETAILS, RAW_BYTES, VALUES };

static const struct {
        const char *before;
        const char *name; /* for people */
} values[VALUES] = {
        [ALGORITHM] = {BEGINNING ",\"spec\":{\"hashedRekordV002\":{\"data\":{\"algorithm\":\"",
                       "data.algorithm"},
        [DIGEST] = {",\"digest\":\"", "data.digest"},
        [CONTENT] = {"},\"signature\":{\"content\":\"", "signature.content"},
        [KEY_DETAILS] = {",\"verifier\":{\"keyDetails\":\"", "verifier.keyDetails"},
        [RAW_BYTES] = {",\"publicKey\":{\"rawBytes\":\"", "publicKey.rawBytes"},
};

#define END "}}}}}}"

int hashedrekord_is(struct view entry)
{
        return entry.size >= strlen(BEGINNING) &&
               memcmp(entry.data, BEGINNING, strlen(BEGINNING)) == 0;
}

static void put_text(struct buf *buf, unsigned which, const char *text)
{
        buf_put_string(buf, values[which].before);
        buf_put_string(buf, text);
        buf_put_u8(buf, '"');
}

static void put_bytes(struct buf *buf, unsigned which, struct view bytes)
{
        buf_put_string(buf, values[which].before);
        base64_encode(buf, bytes);
        buf_put_u8(buf, '"');
}

int hashedrekord_put(struct buf *buf, const struct pubkey *key, const struct algorithm *algorithm,
                     struct view digest, struct view signature)
{
        put_text(buf, ALGORITHM, digest_find_hash(algorithm->hash)->sigstore_name);
        put_bytes(buf, DIGEST, digest);
        put_bytes(buf, CONTENT, signature);
        put_text(buf, KEY_DETAILS, algorithm->key_details);
        put_bytes(buf, RAW_BYTES, pubkey_spki(key));
        buf_put_string(buf, END);
        return buf_error(buf);
}

static int split(struct view text, struct view ret[VALUES], struct problem *problem)
{
        struct reader reader = reader_init(text);

        if (text.size > HASHEDREKORD_SIZE_MAX)
                return problem_set(problem, -EBADMSG, "hashedrekord: longer than %zu bytes",
                                   HASHEDREKORD_SIZE_MAX);
        for (unsigned i = 0; i < VALUES; i++) {
                reader_expect(&reader, values[i].before);
                ret[i] = reader_until(&reader, '"');
                if (reader.bad)
                        return problem_set(
                                problem, -EBADMSG,
                                "hashedrekord: not the canonical text of version " HASHEDREKORD_VERSION
                                " up to %s",
                                values[i].name);
        }
        reader_expect(&reader, END);
        if (reader_end(&reader) < 0)
                return problem_set(problem, -EBADMSG,
                                   "hashedrekord: expected \"" END "\" and nothing more after %s",
                                   values[RAW_BYTES].name);
        return 0;
}

static const struct algorithm *find_key_details(struct view name)
{
        const struct algorithm *algorithm;

        for (size_t i = 0; (algorithm = algorithm_at(i)); i++)
                if (algorithm->key_details && !algorithm_signs_messages(algorithm) &&
                    view_is(name, algorithm->key_details))
                        return algorithm;
        return NULL;
}

static int read_algorithm(const struct view *found, struct hashedrekord *ret,
                          struct problem *problem)
{
        const char *hash;

        ret->algorithm = find_key_details(found[KEY_DETAILS]);
        if (!ret->algorithm)
                return problem_set(
                        problem, -EOPNOTSUPP, "hashedrekord: verifier.keyDetails: unknown \"%.*s\"",
                        (int)found[KEY_DETAILS].size, (const char *)found[KEY_DETAILS].data);
        hash = digest_find_hash(ret->algorithm->hash)->sigstore_name;
        if (!view_is(found[ALGORITHM], hash))
                return problem_set(problem, -EBADMSG,
                                   "hashedrekord: data.algorithm: %s signs %s, found \"%.*s\"",
                                   ret->algorithm->key_details, hash, (int)found[ALGORITHM].size,
                                   (const char *)found[ALGORITHM].data);
        return 0;
}

static int read_bytes(const struct view *found, unsigned which, struct buf *ret,
                      struct problem *problem)
{
        int r = base64_decode(ret, found[which]);

        if (r == -EBADMSG)
                return problem_set(problem, r, "hashedrekord: %s: no standard base64",
                                   values[which].name);
        if (r == -EMSGSIZE)
                return problem_set(problem, -EBADMSG, "hashedrekord: %s: longer than %zu bytes",
                                   values[which].name, ret->limit);
        if (r == 0 && ret->size == 0)
                return problem_set(problem, -EBADMSG, "hashedrekord: %s: empty",
                                   values[which].name);
        return r;
}

static int read_digest(const struct view *found, struct hashedrekord *ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf digest = BUF_INIT(DIGEST_SIZE_MAX);
        int r = read_bytes(found, DIGEST, &digest, problem);

        if (r < 0)
                return r;
        if (digest.size != ret->algorithm->digest_size)
                return problem_set(problem, -EBADMSG,
                                   "hashedrekord: data.digest: expected %zu bytes, found %zu",
                                   ret->algorithm->digest_size, digest.size);
        memcpy(ret->digest, digest.data, digest.size);
        return 0;
}

static int read_key(const struct view *found, struct hashedrekord *ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf spki = BUF_INIT(SPKI_SIZE_MAX);
        int r = read_bytes(found, RAW_BYTES, &spki, problem);

        if (r < 0)
                return r;
        r = pubkey_from_spki(buf_view(&spki), &ret->pubkey);
        if (r == -EBADMSG)
                return problem_set(problem, r,
                                   "hashedrekord: publicKey.rawBytes: no SubjectPublicKeyInfo");
        if (r == 0 && !pubkey_fits(ret->pubkey, ret->algorithm))
                r = -EOPNOTSUPP;
        if (r == -EOPNOTSUPP)
                return problem_set(problem, r, "hashedrekord: publicKey.rawBytes: no key for %s",
                                   ret->algorithm->key_details);
        return r;
}

int hashedrekord_parse(struct view text, struct hashedrekord *ret, struct problem *problem)
{
        _cleanup_(hashedrekord_done) struct hashedrekord entry = {
                .signature = BUF_INIT(SIGNATURE_SIZE_MAX),
        };
        struct view found[VALUES];
        int r = split(text, found, problem);

        if (r == 0)
                r = read_algorithm(found, &entry, problem);
        assert(r < 0 || entry.algorithm);
        if (r == 0)
                r = read_digest(found, &entry, problem);
        if (r == 0)
                r = read_bytes(found, CONTENT, &entry.signature, problem);
        if (r == 0)
                r = read_key(found, &entry, problem);
        if (r < 0)
                return r;
        *ret = entry;
        entry = (struct hashedrekord){};
        return 0;
}

void hashedrekord_done(struct hashedrekord *entry)
{
        if (!entry)
                return;
        (void)pubkey_free(entry->pubkey);
        buf_done(&entry->signature);
        *entry = (struct hashedrekord){};
}

/* The first member that is not the expected one. */
static const char *find_difference(const struct hashedrekord *entry, const struct pubkey *key,
                                   const struct algorithm *algorithm, struct view digest,
                                   struct view signature)
{
        if (entry->algorithm != algorithm)
                return "algorithm";
        if (!view_equal(pubkey_spki(entry->pubkey), pubkey_spki(key)))
                return "public key";
        if (!view_equal(view_of(entry->digest, algorithm->digest_size), digest))
                return "digest";
        if (!view_equal(buf_view(&entry->signature), signature))
                return "signature";
        return NULL;
}

int hashedrekord_restates(struct view text, const struct pubkey *key,
                          const struct algorithm *algorithm, struct view digest,
                          struct view signature, struct problem *problem)
{
        _cleanup_(hashedrekord_done) struct hashedrekord entry = {};
        _cleanup_(buf_done) struct buf expected = {};
        int r = hashedrekord_put(&expected, key, algorithm, digest, signature);

        if (r < 0)
                return r;
        if (view_equal(buf_view(&expected), text)) /* one signature has one text */
                return 0;
        r = hashedrekord_parse(text, &entry, problem);
        if (r < 0)
                return r;
        return problem_set(problem, -EKEYREJECTED, "hashedrekord: of another %s",
                           find_difference(&entry, key, algorithm, digest, signature));
}
