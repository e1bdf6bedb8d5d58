/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trust.h"

#include <errno.h>
#include <fcntl.h>

#include "lib/file.h"
#include "lib/tlog-proof.h"

#define PEM_SIZE_MAX ((size_t)65536)

void trust_done(struct trust *trust)
{
        keyring_set_done(&trust->set);
        free(trust->all);
        (void)pubkey_free(trust->pubkey);
}

static int load_public_key(const char *path, struct pubkey **ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(PEM_SIZE_MAX);
        int r = file_read(AT_FDCWD, path, &text, problem);

        if (r < 0)
                return r;
        r = pubkey_from_pem(buf_view(&text), ret);
        if (r == -EBADMSG)
                return problem_set(problem, r, "%s: expected a PEM public key", path);
        if (r == -EOPNOTSUPP)
                return problem_set(problem, r, "%s: no algorithm here uses such a key", path);
        return r;
}

/* Several rings are one as long as nothing says which it is about: then the origin has no say. */
static int join_rings(struct trust *trust)
{
        static char no_origin[] = "";
        size_t count = 0;

        if (trust->set.count == 1) {
                trust->ring = trust->set.rings[0];
                return 0;
        }
        for (size_t i = 0; i < trust->set.count; i++)
                count += trust->set.rings[i].count;
        trust->all = calloc(count + 1, sizeof(*trust->all));
        if (!trust->all)
                return -ENOMEM;
        trust->ring = (struct keyring){.origin = no_origin, .keys = trust->all};
        for (size_t i = 0; i < trust->set.count; i++)
                for (size_t j = 0; j < trust->set.rings[i].count; j++)
                        trust->all[trust->ring.count++] = trust->set.rings[i].keys[j];
        return 0;
}

int trust_choose(struct trust *trust, struct view origin, struct problem *problem)
{
        const struct keyring *ring;

        if (trust->set.count < 2)
                return 0;
        ring = keyring_set_find(&trust->set, origin);
        if (!ring)
                return problem_set(problem, -EKEYREJECTED,
                                   "there is no key ring of origin \"%.*s\"", (int)origin.size,
                                   (const char *)origin.data);
        trust->ring = *ring;
        return 0;
}

int trust_choose_by_checkpoint(struct trust *trust, struct view note, struct problem *problem)
{
        struct reader reader = reader_init(note);
        struct view origin = reader_until(&reader, '\n');

        return reader.bad ? 0 : trust_choose(trust, origin, problem);
}

int trust_choose_by_proof(struct trust *trust, struct view proof, struct problem *problem)
{
        _cleanup_(tlog_proof_done) struct tlog_proof parsed = {};

        if (tlog_proof_parse(proof, &parsed, NULL) < 0)
                return 0;
        return trust_choose_by_checkpoint(trust, parsed.checkpoint, problem);
}

static const struct keyring *ring_of(const struct trust *trust, const struct keyring_key *key)
{
        for (size_t i = 0; i < trust->set.count; i++)
                if (keyring_find_fingerprint(&trust->set.rings[i], pubkey_fingerprint(key->pubkey)))
                        return &trust->set.rings[i];
        return NULL;
}

const char *trust_origin(const struct trust *trust, const struct keyring_key *key)
{
        const struct keyring *ring = key ? ring_of(trust, key) : NULL;

        return ring ? ring->origin : NULL;
}

const struct keyring_seal *trust_seal(const struct trust *trust, const struct keyring_key *key)
{
        const struct keyring *ring = key ? ring_of(trust, key) : NULL;

        return ring ? ring->seal : NULL;
}

int trust_is_signed(const struct trust *trust)
{
        for (size_t i = 0; i < trust->set.count; i++)
                if (!trust->set.rings[i].seal)
                        return 0;
        return trust->set.count > 0;
}

/* Of several rings, whoever made a signature would choose whose key counts, and whoever made a
 * proof whose log. */
static int load_rings(struct trust *trust, const char *path, struct problem *problem)
{
        int r = keyring_set_load(path, &trust->set, problem);

        if (r < 0)
                return r;
        if (!trust->origin && trust->set.count > 1)
                return problem_set(problem, -EINVAL,
                                   "%s: key rings of %zu origins: expected --origin, to say which "
                                   "of them to trust",
                                   path, trust->set.count);
        if (trust->origin && keyring_set_keep(&trust->set, trust->origin) < 0)
                return problem_set(problem, -EKEYREJECTED,
                                   "%s: there is no key ring of origin \"%.150s\"", path,
                                   trust->origin);
        return join_rings(trust);
}

int trust_load(struct trust *trust, const char *ring, const char *public_key,
               struct problem *problem)
{
        int r;

        if (ring)
                return load_rings(trust, ring, problem);
        r = load_public_key(public_key, &trust->pubkey, problem);
        if (r == 0 && trust->algorithm && !pubkey_fits(trust->pubkey, trust->algorithm))
                r = problem_set(problem, -EINVAL, "%s: not a key of algorithm %s", public_key,
                                trust->algorithm->name);
        return r;
}

const struct pubkey *trust_pubkey(const struct trust *trust, const struct trust_proof *proof)
{
        return proof->key ? proof->key->pubkey : trust->pubkey;
}

/* A good signature by a key that must not be believed is a no. */
int trust_check_standing(const struct trust *trust, const struct keyring_key *key, const char *what,
                         struct problem *problem)
{
        struct problem reason = {};

        if (key && key->purpose == KEY_LOG)
                return problem_set(problem, -EKEYREJECTED,
                                   "%s: signed by log key %s version %u, which vouches for "
                                   "checkpoints only",
                                   what, key->name, key->version);
        if (key && key_window_check(key, &trust->moment, &reason) < 0)
                return problem_set(problem, -EKEYREJECTED, "%s: signed by key %s version %u, %s",
                                   what, key->name, key->version, reason.text);
        if (key && trust->purpose && !string_equal(key_purpose_name(key->purpose), trust->purpose))
                return problem_set(problem, -EKEYREJECTED,
                                   "%s: signed by key %s version %u of purpose %s, expected %s",
                                   what, key->name, key->version, key_purpose_name(key->purpose),
                                   trust->purpose);
        return 0;
}

/* 0 if the signature is one of the content by that key, -EKEYREJECTED if not. */
static int try_key(struct signature *signature, const struct format_signer *signer,
                   struct pubkey *key, struct format_content *content, struct problem *problem)
{
        int r = signature_digest(signature, signer, content, problem);

        if (r < 0)
                return r;
        return signature_verify(signature, signer, key);
}

static int try_public_key(const struct trust *trust, struct signature *signature,
                          struct format_content *content, struct trust_proof *ret,
                          struct problem *problem)
{
        const struct algorithm *algorithm;

        for (size_t i = 0; (algorithm = algorithm_at(i)); i++) {
                const struct format_signer signer = {.pubkey = trust->pubkey,
                                                     .algorithm = algorithm,
                                                     .name_space = trust->name_space};
                int r;

                if (trust->algorithm ? trust->algorithm != algorithm
                                     : !pubkey_fits(trust->pubkey, algorithm))
                        continue;
                r = try_key(signature, &signer, trust->pubkey, content, problem);
                *ret = (struct trust_proof){.algorithm = algorithm};
                if (r != -EKEYREJECTED)
                        return r;
        }
        return problem_set(problem, -EKEYREJECTED, "%s: not signed with this signature by this key",
                           content->name);
}

static int try_ring(const struct trust *trust, struct signature *signature,
                    struct format_content *content, struct trust_proof *ret,
                    struct problem *problem)
{
        size_t tried = 0;

        for (size_t i = 0; i < trust->ring.count; i++) {
                const struct keyring_key *key = &trust->ring.keys[i];
                struct format_signer signer;
                struct problem reason = {};
                int r;

                if (trust->key_name && !string_equal(trust->key_name, key->name))
                        continue;
                tried++;
                r = format_signer_of(key, &signer);
                if (r < 0)
                        return problem_set(problem, r, "the key ring has no good time for key %s",
                                           key->name);
                signer.name_space = trust->name_space;
                r = try_key(signature, &signer, key->pubkey, content, &reason);
                if (r == -EMSGSIZE) /* no key of a ring signs so much */
                        continue;
                if (reason.text[0])
                        (void)problem_set(problem, r, "%s", reason.text);
                *ret = (struct trust_proof){key, key->algorithm};
                if (r != -EKEYREJECTED)
                        return r;
        }
        if (tried == 0)
                return problem_set(problem, -EKEYREJECTED, "the key ring has no key %s",
                                   trust->key_name ? trust->key_name : "at all");
        return problem_set(problem, -EKEYREJECTED,
                           "%s: not signed with this signature by %s%s of the key ring",
                           content->name, trust->key_name ? "key " : "any key",
                           trust->key_name ? trust->key_name : "");
}

int trust_verify(const struct trust *trust, struct signature *signature,
                 struct format_content *content, struct trust_proof *ret, struct problem *problem)
{
        int r = trust->pubkey ? try_public_key(trust, signature, content, ret, problem)
                              : try_ring(trust, signature, content, ret, problem);

        return r < 0 ? r : trust_check_standing(trust, ret->key, content->name, problem);
}
