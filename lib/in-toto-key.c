/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/in-toto-key.h"

#include <errno.h>

#include "lib/canonical-json.h"

#define ID_MIN 8 /* so many are in the names of files */

/* What schemes stand for. The first row of an algorithm is how it is written. */
static const struct scheme {
        const char *key_type;
        const char *name;
        const char *algorithms[3]; /* the one that fits the key; none: Ed25519 */
} schemes[] = {
        {"ecdsa", "ecdsa-sha2-nistp256", {"ecdsa-p256"}},
        {"ecdsa", "ecdsa-sha2-nistp384", {"ecdsa-p384"}},
        {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", {"ecdsa-p256"}},
        {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384", {"ecdsa-p384"}},
        {"rsa", "rsassa-pss-sha256", {"rsa-2048-pss", "rsa-3072-pss"}},
        {"rsa", "rsa-pkcs1v15-sha256", {"rsa-2048", "rsa-3072"}},
        {"ed25519", "ed25519", {NULL}},
};

/* SubjectPublicKeyInfo of an Ed25519 key (RFC 8410 §4), up to the key. */
static const uint8_t ed25519_spki[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                       0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

void in_toto_key_done(struct in_toto_key *key)
{
        if (!key)
                return;
        key->pubkey = pubkey_free(key->pubkey);
}

int in_toto_key_id_is_valid(const char *id)
{
        size_t size = strspn(id, "0123456789abcdef");

        return id[size] == '\0' && size >= ID_MIN && size <= IN_TOTO_KEY_ID_MAX;
}

int in_toto_key_is_same(const struct in_toto_key *a, const struct in_toto_key *b)
{
        return view_equal(sha256_view(&a->fingerprint), sha256_view(&b->fingerprint));
}

static void set_ed25519(struct in_toto_key *key)
{
        const struct view parts[] = {view_of(ed25519_spki, sizeof(ed25519_spki)),
                                     view_of(key->ed25519, sizeof(key->ed25519))};

        key->fingerprint = sha256_of_parts(parts, ARRAY_SIZE(parts));
}

static const struct scheme *find_scheme(const char *key_type, const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
                if (string_equal(schemes[i].key_type, key_type) &&
                    string_equal(schemes[i].name, name))
                        return &schemes[i];
        return NULL;
}

static const struct scheme *scheme_of(const struct in_toto_key *key)
{
        if (!key->algorithm)
                return find_scheme("ed25519", "ed25519");
        for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
                for (size_t j = 0; schemes[i].algorithms[j]; j++)
                        if (string_equal(schemes[i].algorithms[j], key->algorithm->name))
                                return &schemes[i];
        return NULL;
}

static int read_pem(const char *text, const struct scheme *scheme, struct in_toto_key *ret,
                    struct problem *problem)
{
        int r = pubkey_from_pem(view_string(text), &ret->pubkey);

        if (r == -EBADMSG)
                return problem_set(problem, r, "key: public: expected a PEM public key");
        if (r == -EOPNOTSUPP)
                return problem_set(problem, r, "key: public: no algorithm here uses such a key");
        if (r < 0)
                return r;
        for (size_t i = 0; scheme->algorithms[i] && !ret->algorithm; i++) {
                ret->algorithm = algorithm_find(scheme->algorithms[i]);
                if (!pubkey_fits(ret->pubkey, ret->algorithm))
                        ret->algorithm = NULL;
        }
        if (!ret->algorithm)
                return problem_set(problem, -EOPNOTSUPP, "key: its public key is none for %s",
                                   scheme->name);
        ret->fingerprint = *pubkey_fingerprint(ret->pubkey);
        return 0;
}

static int read_public(const char *public, const struct scheme *scheme, struct in_toto_key *ret,
                       struct problem *problem)
{
        if (scheme->algorithms[0])
                return read_pem(public, scheme, ret, problem);
        if (hex_decode(view_string(public), ret->ed25519, sizeof(ret->ed25519)) < 0)
                return problem_set(problem, -EBADMSG, "key: public: expected %d hexadecimal digits",
                                   2 * ED25519_KEY_SIZE);
        if (ed25519_is_weak(ret->ed25519))
                return problem_set(problem, -EBADMSG,
                                   "key: public: anybody could sign with such a key");
        set_ed25519(ret);
        return 0;
}

static int set_id(struct in_toto_key *key, const char *id, struct problem *problem)
{
        if (!in_toto_key_id_is_valid(id))
                return problem_set(problem, -EBADMSG,
                                   "key: keyid: expected %d to %d lowercase hexadecimal digits",
                                   ID_MIN, IN_TOTO_KEY_ID_MAX);
        memcpy(key->id, id, strlen(id) + 1);
        return 0;
}

/* The value of `public` of the key's object. */
static int put_public(const struct in_toto_key *key, struct buf *ret)
{
        char hex[HEX_SIZE(ED25519_KEY_SIZE)];

        if (key->algorithm)
                pubkey_put_pem(key->pubkey, ret);
        else
                buf_put_string(ret, hex_encode(view_of(key->ed25519, sizeof(key->ed25519)), hex));
        buf_put_u8(ret, '\0');
        return buf_error(ret);
}

/* The id is the digest of an object that says of what kind the key is, and the key. */
static int compute_id(const struct in_toto_key *key, int old, char ret[HEX_SIZE(SHA256_SIZE)])
{
        _cleanup_(buf_done) struct buf public = {}, text = {};
        const struct scheme *scheme = scheme_of(key);
        struct sha256 digest;
        json_t *object;
        int r = put_public(key, &public);

        if (r < 0)
                return r;
        object = json_pack("{s:s, s:s, s:o*, s:{s:s}}", "keytype", scheme->key_type, "scheme",
                           scheme->name, "keyid_hash_algorithms",
                           old ? json_pack("[s, s]", "sha256", "sha512") : NULL, "keyval", "public",
                           (const char *)public.data);
        r = object ? canonical_json_put(&text, object, NULL) : -ENOMEM;
        json_decref(object);
        if (r < 0)
                return r;
        digest = sha256_of(buf_view(&text));
        (void)hex_encode(sha256_view(&digest), ret);
        return 0;
}

int in_toto_key_old_id(const struct in_toto_key *key, char ret[HEX_SIZE(SHA256_SIZE)])
{
        return compute_id(key, 1, ret);
}

static int set_default_id(struct in_toto_key *key)
{
        char id[HEX_SIZE(SHA256_SIZE)];
        int r = compute_id(key, 0, id);

        return r < 0 ? r : set_id(key, id, NULL);
}

static int check_object(const json_t *object, struct problem *problem)
{
        static const struct json_member members[] = {
                {"keyid", JSON_STRING, 0},  {"keytype", JSON_STRING, 1},
                {"scheme", JSON_STRING, 1}, {"keyid_hash_algorithms", JSON_ARRAY, 0},
                {"keyval", JSON_OBJECT, 1},
        };
        static const struct json_member values[] = {
                {"public", JSON_STRING, 1},
                {"private", JSON_STRING, 0},
                {"certificate", JSON_STRING, 0},
        };
        const json_t *value = json_object_get(object, "keyval");
        const char *private;
        int r = 0;

        if (json_object_get(object, "subkeys") || json_object_get(object, "method"))
                return problem_set(problem, -EOPNOTSUPP,
                                   "key: keys of GnuPG are not verified here");
        r = json_check_members(object, "key", members, ARRAY_SIZE(members), problem);
        if (r == 0)
                r = json_check_members(value, "key: keyval", values, ARRAY_SIZE(values), problem);
        if (r < 0)
                return r;
        private = json_member_string(value, "private");
        if (private && private[0] != '\0')
                return problem_set(problem, -EBADMSG, "key: it holds a private key");
        return 0;
}

int in_toto_key_parse(const json_t *object, const char *id, struct in_toto_key *ret,
                      struct problem *problem)
{
        _cleanup_(in_toto_key_done) struct in_toto_key key = {};
        const struct scheme *scheme;
        const char *said;
        int r = check_object(object, problem);

        if (r < 0)
                return r;
        said = json_member_string(object, "keyid");
        if (said && id && !string_equal(said, id))
                return problem_set(problem, -EBADMSG, "key: keyid: expected %.64s, found %.64s", id,
                                   said);
        scheme = find_scheme(json_member_string(object, "keytype"),
                             json_member_string(object, "scheme"));
        if (!scheme)
                return problem_set(problem, -EOPNOTSUPP,
                                   "key: %.40s keys of scheme %.40s are not "
                                   "verified here",
                                   json_member_string(object, "keytype"),
                                   json_member_string(object, "scheme"));
        r = read_public(json_member_string(json_object_get(object, "keyval"), "public"), scheme,
                        &key, problem);
        if (r == 0)
                r = id || said ? set_id(&key, id ? id : said, problem) : set_default_id(&key);
        if (r < 0)
                return r;
        *ret = key;
        key = (struct in_toto_key){};
        return 0;
}

/* The first algorithm that in-toto has a scheme for and the key fits: RSA keys sign with PSS. */
static int set_scheme(struct in_toto_key *key)
{
        for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
                for (size_t j = 0; schemes[i].algorithms[j]; j++) {
                        key->algorithm = algorithm_find(schemes[i].algorithms[j]);
                        if (pubkey_fits(key->pubkey, key->algorithm))
                                return 0;
                }
        key->algorithm = NULL;
        return -EOPNOTSUPP;
}

/* An Ed25519 key is kept as its bytes alone: what it verifies is the message. */
static int take_ed25519(struct in_toto_key *key)
{
        struct view spki = pubkey_spki(key->pubkey);

        if (spki.size != sizeof(ed25519_spki) + ED25519_KEY_SIZE ||
            memcmp(spki.data, ed25519_spki, sizeof(ed25519_spki)) != 0)
                return 0;
        memcpy(key->ed25519, spki.data + sizeof(ed25519_spki), ED25519_KEY_SIZE);
        key->pubkey = pubkey_free(key->pubkey);
        set_ed25519(key);
        return 1;
}

int in_toto_key_of(const struct pubkey *pubkey, const struct algorithm *algorithm,
                   struct in_toto_key *ret)
{
        _cleanup_(in_toto_key_done) struct in_toto_key key = {};
        int r = pubkey_from_spki(pubkey_spki(pubkey), &key.pubkey);

        if (r < 0)
                return r;
        if (!take_ed25519(&key)) {
                key.fingerprint = *pubkey_fingerprint(key.pubkey);
                key.algorithm = algorithm;
                r = !algorithm ? set_scheme(&key) : scheme_of(&key) ? 0 : -EOPNOTSUPP;
        }
        if (r == 0)
                r = set_default_id(&key);
        if (r < 0)
                return r;
        *ret = key;
        key = (struct in_toto_key){};
        return 0;
}

int in_toto_key_parse_file(struct view text, struct in_toto_key *ret, struct problem *problem)
{
        _cleanup_(pubkey_freep) struct pubkey *pubkey = NULL;
        json_t *object = NULL;
        int r;

        if (text.size > 0 && text.data[0] == '{') {
                r = json_parse_object(text, &object, problem);
                if (r == 0)
                        r = in_toto_key_parse(object, NULL, ret, problem);
                json_decref(object);
                return r;
        }
        r = pubkey_from_pem(text, &pubkey);
        if (r == 0)
                r = in_toto_key_of(pubkey, NULL, ret);
        if (r == -EBADMSG)
                return problem_set(problem, r,
                                   "expected a public key, as PEM or as in-toto has it");
        if (r == -EOPNOTSUPP)
                return problem_set(problem, r, "no algorithm here uses such a key");
        return r;
}

json_t *in_toto_key_to_json(const struct in_toto_key *key)
{
        _cleanup_(buf_done) struct buf public = {};
        const struct scheme *scheme = scheme_of(key);

        if (put_public(key, &public) < 0)
                return NULL;
        return json_pack("{s:s, s:s, s:s, s:{s:s}}", "keyid", key->id, "keytype", scheme->key_type,
                         "scheme", scheme->name, "keyval", "public", (const char *)public.data);
}

int in_toto_key_verify(const struct in_toto_key *key, struct view message, struct view signature)
{
        uint8_t digest[DIGEST_SIZE_MAX];
        size_t size = 0;
        int r;

        if (!key->algorithm)
                return ed25519_verify(key->ed25519, message, signature);
        r = digest_of_parts(key->algorithm->hash, &message, 1, digest, &size);
        return r < 0 ? r
                     : pubkey_verify(key->pubkey, key->algorithm, view_of(digest, size), signature);
}
