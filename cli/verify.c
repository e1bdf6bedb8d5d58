/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>

#include "cli/artifact.h"
#include "cli/key.h"
#include "cli/logged.h"
#include "cli/option.h"
#include "cli/output.h"
#include "cli/quorum.h"
#include "lib/bundle.h"
#include "lib/file.h"
#include "lib/utf8.h"

enum {
        OPTION_KEYRING,
        OPTION_KEY,
        OPTION_PUBLIC_KEY,
        OPTION_SIGNATURE,
        OPTION_ALGORITHM,
        OPTION_POLICY
};

#define PEM_SIZE_MAX ((size_t)65536)

enum kind { KIND_RAW, KIND_BUNDLE, KIND_LOGGED };

static const char *const kind_names[] = {"raw", "bundle", "tlog-proof"};

/* The question: is this a signature of that file by one of these keys? */
struct verification {
        struct artifact artifact;
        struct keyring ring;               /* without origin when there is none */
        struct pubkey *pubkey;             /* instead of a ring */
        const char *key_name;              /* NULL: any of the ring */
        const struct algorithm *algorithm; /* NULL: any that fits */
        enum kind kind;
        struct bundle bundle; /* KIND_LOGGED, too: digest and signature of a sign record */
        struct logged logged;
        struct quorum quorum; /* without policy when none was given */
        struct buf raw;
};

/* The answer. */
struct proof {
        const struct keyring_key *key; /* NULL with --public-key */
        const struct algorithm *algorithm;
        struct view digest;
};

static void verification_done(struct verification *v)
{
        artifact_done(&v->artifact);
        keyring_done(&v->ring);
        (void)pubkey_free(v->pubkey);
        bundle_done(&v->bundle);
        logged_done(&v->logged);
        quorum_done(&v->quorum);
        buf_done(&v->raw);
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

/* Neither DER nor the big number of an RSA signature is text in braces. */
static int looks_like_json(struct view bytes)
{
        size_t i = 0;

        while (i < bytes.size && strchr(" \t\r\n", bytes.data[i]) && bytes.data[i])
                i++;
        return i < bytes.size && bytes.data[i] == '{' && utf8_is_valid(bytes);
}

/* A file that is no signature at all does not verify: -EKEYREJECTED. A kind that is not read here
 * leaves the question open: -EOPNOTSUPP. */
static int load_signature(const char *path, struct verification *ret, struct problem *problem)
{
        int r;

        ret->raw = BUF_INIT(BUNDLE_SIZE_MAX);
        r = file_read(AT_FDCWD, path, &ret->raw, problem);
        if (r < 0)
                return r;
        if (looks_like_json(buf_view(&ret->raw))) {
                ret->kind = KIND_BUNDLE;
                r = bundle_parse(buf_view(&ret->raw), &ret->bundle, problem);
                if (r == 0 && ret->bundle.entry_count > 0 && ret->pubkey)
                        r = problem_set(problem, -EINVAL,
                                        "its log entry needs --keyring, which has the log key");
        } else if (logged_is(buf_view(&ret->raw))) {
                ret->kind = KIND_LOGGED;
                r = ret->pubkey ? problem_set(problem, -EINVAL,
                                              "a proof needs --keyring, which has the log key")
                                : logged_verify(buf_view(&ret->raw), &ret->ring, &ret->logged,
                                                &ret->bundle, problem);
        }
        if (r < 0)
                (void)problem_prefix(problem, r, "%s", path);
        return r == -EBADMSG ? -EKEYREJECTED : r;
}

/* What has a checkpoint that witnesses can have cosigned: a proof, and each log entry of a bundle.
 */
static int check_quorum(const char *path, struct verification *v, struct problem *problem)
{
        int r;

        if (!path)
                return 0;
        if (v->kind != KIND_LOGGED && v->bundle.entry_count == 0)
                return problem_set(
                        problem, -EINVAL,
                        "verify: --policy is about a tlog-proof or log entries, found %s "
                        "without",
                        kind_names[v->kind]);
        r = quorum_load(path, &v->quorum, problem);
        if (r < 0) /* nothing about the signature */
                return r;
        if (v->kind == KIND_LOGGED)
                return quorum_verify_proof(&v->quorum, buf_view(&v->raw), problem);
        for (size_t i = 0; i < v->bundle.entry_count && r == 0; i++)
                r = quorum_verify(&v->quorum, buf_view(&v->bundle.entries[i].checkpoint), problem);
        return r == -EBADMSG ? -EKEYREJECTED : r;
}

static int check_usage(const struct invocation *invocation, struct problem *problem)
{
        int ring = option_value(invocation, OPTION_KEYRING) != NULL;

        if (ring == (option_value(invocation, OPTION_PUBLIC_KEY) != NULL))
                return problem_set(problem, -EINVAL,
                                   "verify: expected either --keyring or --public-key");
        if (!option_value(invocation, OPTION_SIGNATURE))
                return problem_set(problem, -EINVAL, "verify: expected --signature");
        if (!ring && option_value(invocation, OPTION_KEY))
                return problem_set(problem, -EINVAL, "verify: --key needs --keyring");
        if (ring && option_value(invocation, OPTION_ALGORITHM))
                return problem_set(problem, -EINVAL,
                                   "verify: the key ring names the algorithm, --algorithm needs "
                                   "--public-key");
        return 0;
}

static int load_keys(const struct invocation *invocation, struct verification *ret,
                     struct problem *problem)
{
        const char *ring = option_value(invocation, OPTION_KEYRING);
        const char *algorithm = option_value(invocation, OPTION_ALGORITHM);
        int r;

        ret->key_name = option_value(invocation, OPTION_KEY);
        if (algorithm)
                ret->algorithm = algorithm_find(algorithm);
        if (ring)
                return keyring_load(ring, &ret->ring, problem);
        r = load_public_key(option_value(invocation, OPTION_PUBLIC_KEY), &ret->pubkey, problem);
        if (r == 0 && ret->algorithm && !pubkey_fits(ret->pubkey, ret->algorithm))
                r = problem_set(problem, -EINVAL, "%s: not a key of algorithm %s",
                                option_value(invocation, OPTION_PUBLIC_KEY), algorithm);
        return r;
}

/* 0 if the signature is one of the file by @key, -EKEYREJECTED if not; @ret tells by which
 * algorithm. */
static int try_key(struct verification *v, struct pubkey *key, const struct algorithm *algorithm,
                   struct proof *ret, struct problem *problem)
{
        struct view signature =
                v->kind == KIND_RAW ? buf_view(&v->raw) : buf_view(&v->bundle.signature);
        struct view digest;
        int r;

        if (v->kind != KIND_RAW && !string_equal(v->bundle.hash, algorithm->hash))
                return -EKEYREJECTED;
        r = artifact_digest(&v->artifact, algorithm->hash, &digest, problem);
        if (r < 0)
                return r;
        r = pubkey_verify(key, algorithm, digest, signature);
        if (r == 0)
                *ret = (struct proof){.algorithm = algorithm, .digest = digest};
        return r;
}

static int try_public_key(struct verification *v, struct proof *ret, struct problem *problem)
{
        const struct algorithm *algorithm;
        int r;

        for (size_t i = 0; (algorithm = algorithm_at(i)); i++) {
                if (v->algorithm ? v->algorithm != algorithm : !pubkey_fits(v->pubkey, algorithm))
                        continue;
                r = try_key(v, v->pubkey, algorithm, ret, problem);
                if (r != -EKEYREJECTED)
                        return r;
        }
        return problem_set(problem, -EKEYREJECTED, "%s: not signed with this signature by this key",
                           v->artifact.path);
}

static int try_ring(struct verification *v, struct proof *ret, struct problem *problem)
{
        size_t tried = 0;

        for (size_t i = 0; i < v->ring.count; i++) {
                const struct keyring_key *key = &v->ring.keys[i];
                int r;

                if (v->key_name && !string_equal(v->key_name, key->name))
                        continue;
                tried++;
                r = try_key(v, key->pubkey, key->algorithm, ret, problem);
                ret->key = key;
                if (r != -EKEYREJECTED)
                        return r;
        }
        if (tried == 0)
                return problem_set(problem, -EKEYREJECTED, "the key ring has no key %s",
                                   v->key_name ? v->key_name : "at all");
        return problem_set(problem, -EKEYREJECTED,
                           "%s: not signed with this signature by %s%s of the key ring",
                           v->artifact.path, v->key_name ? "key " : "any key",
                           v->key_name ? v->key_name : "");
}

/* The bundle's digest is signed by nobody; it serves to say that the file is another one. */
static int check_bundle_digest(struct verification *v, struct problem *problem)
{
        char expected[HEX_SIZE(DIGEST_SIZE_MAX)], found[HEX_SIZE(DIGEST_SIZE_MAX)];
        struct view digest, bundled = view_of(v->bundle.digest, v->bundle.digest_size);
        int r;

        if (v->kind == KIND_RAW)
                return 0;
        r = artifact_digest(&v->artifact, v->bundle.hash, &digest, problem);
        if (r < 0 || view_equal(digest, bundled))
                return r;
        return problem_set(problem, -EKEYREJECTED, "%s: digest: the %s is about %s:%s, found %s:%s",
                           v->artifact.path, kind_names[v->kind], v->bundle.hash,
                           hex_encode(bundled, expected), v->bundle.hash,
                           hex_encode(digest, found));
}

/* A good signature by a key that must not be believed is a no. */
static int check_standing(const struct verification *v, const struct keyring_key *key,
                          struct problem *problem)
{
        if (key && key->purpose == KEY_LOG)
                return problem_set(problem, -EKEYREJECTED,
                                   "%s: signed by log key %s version %u, which vouches for "
                                   "checkpoints only",
                                   v->artifact.path, key->name, key->version);
        if (key && key->state == KEY_REVOKED)
                return problem_set(problem, -EKEYREJECTED,
                                   "%s: signed by key %s version %u, which "
                                   "is revoked",
                                   v->artifact.path, key->name, key->version);
        return 0;
}

/* What a bundle says about a log must be true, even though the signature would be good without. */
static int check_log_entries(const struct verification *v, const struct proof *proof,
                             struct problem *problem)
{
        int r;

        if (v->kind != KIND_BUNDLE || !proof->key)
                return 0;
        r = bundle_verify_entries(&v->bundle, &v->ring,
                                  &(struct tlog_statement){proof->key->pubkey, proof->algorithm,
                                                           proof->digest,
                                                           buf_view(&v->bundle.signature)},
                                  problem);
        if (r == 0 || r == -ENOMEM)
                return r;
        return problem_prefix(problem, -EKEYREJECTED, "%s", v->artifact.path);
}

/* A logged signature is the checkpoint's, which has been verified: the file must be among those
 * that the record is about. */
static int try_logged(struct verification *v, struct proof *ret, struct problem *problem)
{
        const struct keyring_key *key = v->logged.key;
        char found[HEX_SIZE(DIGEST_SIZE_MAX)];
        struct view digest;
        int r;

        if (v->key_name && !string_equal(v->key_name, key->name))
                return problem_set(problem, -EKEYREJECTED, "%s: logged under key %s, not %s",
                                   v->artifact.path, key->name, v->key_name);
        r = artifact_digest(&v->artifact, key->algorithm->hash, &digest, problem);
        if (r < 0)
                return r;
        if (!logged_has(&v->logged, digest))
                return problem_set(problem, -EKEYREJECTED,
                                   "%s: digest: the tlog-proof is about %zu other%s, found %s:%s",
                                   v->artifact.path, json_array_size(v->logged.digests),
                                   json_array_size(v->logged.digests) == 1 ? "" : "s",
                                   key->algorithm->hash, hex_encode(digest, found));
        *ret = (struct proof){.key = key, .algorithm = key->algorithm, .digest = digest};
        return 0;
}

static int try_signature(struct verification *v, struct proof *ret, struct problem *problem)
{
        int r = check_bundle_digest(v, problem);

        if (r < 0)
                return r;
        return v->pubkey ? try_public_key(v, ret, problem) : try_ring(v, ret, problem);
}

static int verify(struct verification *v, struct proof *ret, struct problem *problem)
{
        int r = v->logged.digests ? try_logged(v, ret, problem) : try_signature(v, ret, problem);

        if (r == 0)
                r = check_standing(v, ret->key, problem);
        if (r == 0)
                r = check_log_entries(v, ret, problem);
        return r;
}

static const char *state_note(const struct keyring_key *key)
{
        switch (key->state) {
        case KEY_RETIRED:
                return "; the key is retired: signatures made before that stay good";
        case KEY_DESTROYED:
                return "; the key is destroyed: signatures made before that stay good";
        default:
                return "";
        }
}

static json_t *log_entries_to_json(const struct bundle *bundle)
{
        json_t *entries = json_array();

        for (size_t i = 0; i < bundle->entry_count && entries; i++)
                if (json_array_append_new(entries,
                                          json_pack("{s:I, s:I}", "index",
                                                    (json_int_t)bundle->entries[i].index, "size",
                                                    (json_int_t)bundle->entries[i].size)) < 0) {
                        json_decref(entries);
                        return NULL;
                }
        return entries;
}

static json_t *proof_to_json(const struct verification *v, const struct proof *proof)
{
        const struct keyring_key *key = proof->key;
        const struct pubkey *pubkey = key ? key->pubkey : v->pubkey;
        char digest[HEX_SIZE(DIGEST_SIZE_MAX)], fingerprint[HEX_SIZE(SHA256_SIZE)];
        json_t *facts = json_pack("{s:b, s:s, s:s, s:s++, s:s, s:s}", "verified", 1, "format",
                                  kind_names[v->kind], "algorithm", proof->algorithm->name,
                                  "digest", proof->algorithm->hash, ":",
                                  hex_encode(proof->digest, digest), "fingerprint",
                                  hex_encode(sha256_view(pubkey_fingerprint(pubkey)), fingerprint),
                                  "file", v->artifact.path);

        if (!facts || !key)
                return facts;
        if (v->kind == KIND_LOGGED &&
            (json_object_set_new(facts, "index", json_integer((json_int_t)v->logged.index)) < 0 ||
             json_object_set_new(facts, "size", json_integer((json_int_t)v->logged.size)) < 0)) {
                json_decref(facts);
                return NULL;
        }
        if (v->bundle.entry_count > 0 &&
            json_object_set_new(facts, "logEntries", log_entries_to_json(&v->bundle)) < 0) {
                json_decref(facts);
                return NULL;
        }
        if (v->quorum.policy &&
            json_object_set_new(facts, "witnesses", quorum_to_json(&v->quorum)) < 0) {
                json_decref(facts);
                return NULL;
        }
        if (json_object_set_new(facts, "key", json_string(key->name)) < 0 ||
            json_object_set_new(facts, "version", json_integer(key->version)) < 0 ||
            json_object_set_new(facts, "state", json_string(key_state_name(key->state))) < 0 ||
            json_object_set_new(facts, "purpose", json_string(key_purpose_name(key->purpose))) <
                    0) {
                json_decref(facts);
                return NULL;
        }
        return facts;
}

/* Where in which journal, and who has seen that journal. */
static void put_log(struct buf *text, const struct verification *v)
{
        for (size_t i = 0; i < v->bundle.entry_count; i++) {
                output_put_text(text, view_string(v->artifact.path));
                buf_put_format(text,
                               ": proved to be logged as entry %llu of the %llu in the journal of "
                               "%s\n",
                               (unsigned long long)v->bundle.entries[i].index,
                               (unsigned long long)v->bundle.entries[i].size, v->ring.origin);
        }
        if (v->kind == KIND_LOGGED) {
                output_put_text(text, view_string(v->artifact.path));
                buf_put_format(text,
                               ": proved to be record %llu of the %llu in the journal of %s\n",
                               (unsigned long long)v->logged.index,
                               (unsigned long long)v->logged.size, v->ring.origin);
        }
        if (v->quorum.policy) {
                output_put_text(text, view_string(v->artifact.path));
                buf_put_string(text, ": the checkpoint is cosigned by ");
                quorum_put_witnesses(text, &v->quorum);
                buf_put_u8(text, '\n');
        }
}

static int print_proof(const struct verification *v, const struct proof *proof, int json,
                       struct problem *problem)
{
        const struct keyring_key *key = proof->key;
        const struct pubkey *pubkey = key ? key->pubkey : v->pubkey;
        _cleanup_(buf_done) struct buf text = {};
        char fingerprint[HEX_SIZE(SHA256_SIZE)];

        if (json)
                return output_write_json(proof_to_json(v, proof), problem);
        output_put_text(&text, view_string(v->artifact.path));
        buf_put_string(&text, ": verified, signed by ");
        if (key)
                buf_put_format(&text, "key %s version %u (%s, %s, purpose %s), ", key->name,
                               key->version, proof->algorithm->name, key_state_name(key->state),
                               key_purpose_name(key->purpose));
        else
                buf_put_format(&text, "this key (%s), ", proof->algorithm->name);
        buf_put_format(&text, "SHA-256 %s%s\n",
                       hex_encode(sha256_view(pubkey_fingerprint(pubkey)), fingerprint),
                       key ? state_note(key) : "");
        put_log(&text, v);
        return output_write(&text, problem);
}

static int print_no(int json, struct problem *problem)
{
        if (!json)
                return 0;
        return output_write_json(json_pack("{s:b, s:s}", "verified", 0, "reason", problem->text),
                                 problem);
}

static int load(const struct invocation *invocation, struct verification *ret,
                struct problem *problem)
{
        int r = check_usage(invocation, problem);

        if (r == 0)
                r = load_keys(invocation, ret, problem);
        if (r == 0)
                r = artifact_open(invocation->operands[0], &ret->artifact, problem);
        if (r == 0)
                r = load_signature(option_value(invocation, OPTION_SIGNATURE), ret, problem);
        if (r == 0)
                r = check_quorum(option_value(invocation, OPTION_POLICY), ret, problem);
        return r;
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(verification_done) struct verification v = {};
        struct proof proof = {};
        int r = load(invocation, &v, problem);

        if (r == 0)
                r = verify(&v, &proof, problem);
        if (r == 0)
                return answer_of(print_proof(&v, &proof, invocation->json, problem), problem);
        if (r == -EKEYREJECTED)
                return print_no(invocation->json, problem) < 0 ? ANSWER_UNKNOWN : ANSWER_NO;
        return answer_of(r, problem);
}

const struct verb verb_verify = {
        .name = "verify",
        .operands = "FILE",
        .help = "tell whether a signature of a file is good; needs no agent",
        .operands_min = 1,
        .operands_max = 1,
        .options =
                {
                        [OPTION_KEYRING] = {"keyring", "r", "FILE", "the key ring to trust"},
                        [OPTION_KEY] = {"key", "k", "NAME", "only by this key of the ring"},
                        [OPTION_PUBLIC_KEY] = {"public-key", "p", "FILE",
                                               "the one key to trust, as PEM, instead of a ring"},
                        [OPTION_SIGNATURE] = {"signature", "s", "FILE",
                                              "the signature: bundle, raw or proof"},
                        [OPTION_ALGORITHM] = {"algorithm", "a", "ALGORITHM",
                                              "only by this algorithm of the public key",
                                              .words = key_algorithms},
                        [OPTION_POLICY] = {"policy", NULL, "FILE",
                                           "the witnesses who must have cosigned the proof"},
                },
        .run = run,
};
