/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify.h"

#include <errno.h>

#include "cli/key.h"

static int digest_content(struct format_content *content, const char *hash, struct view trailer,
                          uint8_t *ret, struct problem *problem)
{
        struct verification *v = (void *)((char *)content - offsetof(struct verification, content));

        return artifact_digest(&v->artifact, hash, trailer, ret, problem);
}

static int read_content(struct format_content *content, struct buf *ret, struct problem *problem)
{
        struct verification *v = (void *)((char *)content - offsetof(struct verification, content));

        return artifact_read(&v->artifact, ret, problem);
}

/* What a bundle says about a log must be true, even though the signature would be good without. */
static int check_log_entries(const struct verification *v, struct problem *problem)
{
        const struct signature *signature = &v->signature;
        const struct tlog_statement statement = {
                trust_pubkey(&v->trust, &v->proof), v->proof.algorithm,
                view_of(signature->digest, signature->digest_size), buf_view(&signature->value)};
        int r;

        if (!v->proof.key || signature->bundle.entry_count == 0)
                return 0;
        r = bundle_verify_entries(&signature->bundle, &v->trust.ring, &statement, problem);
        if (r == 0 || r == -ENOMEM)
                return r;
        return problem_prefix(problem, -EKEYREJECTED, "%s", v->path);
}

/* A logged signature is the checkpoint's, which has been verified: the file must be among those
 * that the record is about. */
static int verify_logged(struct verification *v, struct problem *problem)
{
        const struct keyring_key *key = v->logged.key;
        const char *name = v->trust.key_name;
        char found[HEX_SIZE(DIGEST_SIZE_MAX)];
        struct view digest = view_of(v->signature.digest, key->algorithm->digest_size);
        int r;

        if (name && !string_equal(name, key->name))
                return problem_set(problem, -EKEYREJECTED, "%s: logged under key %s, not %s",
                                   v->path, key->name, name);
        r = artifact_digest(&v->artifact, key->algorithm->hash, (struct view){},
                            v->signature.digest, problem);
        if (r < 0)
                return r;
        v->signature.digest_size = key->algorithm->digest_size;
        if (!logged_has(&v->logged, digest))
                return problem_set(problem, -EKEYREJECTED,
                                   "%s: digest: the tlog-proof is about %zu other%s, found %s:%s",
                                   v->path, json_array_size(v->logged.digests),
                                   json_array_size(v->logged.digests) == 1 ? "" : "s",
                                   key->algorithm->hash, hex_encode(digest, found));
        v->proof = (struct trust_proof){key, key->algorithm};
        return trust_check_standing(&v->trust, key, v->path, problem);
}

/* The proof beside the signature names the key that made it. */
static int check_proof(const struct verification *v, struct problem *problem)
{
        if (v->proof_file.size == 0 || v->logged.key == v->proof.key)
                return 0;
        return problem_set(problem, -EKEYREJECTED,
                           "%s%s: proof: of key %s version %u, not %s version %u",
                           v->signature_path, format_proof.suffix, v->logged.key->name,
                           v->logged.key->version, v->proof.key->name, v->proof.key->version);
}

static int verify(struct verification *v, struct problem *problem)
{
        int r;

        v->content = (struct format_content){digest_content, v->path, read_content};
        if (v->logged.digests && v->signature.format->is_logged)
                return verify_logged(v, problem);
        r = trust_verify(&v->trust, &v->signature, &v->content, &v->proof, problem);
        if (r == 0)
                r = check_log_entries(v, problem);
        if (r == 0)
                r = check_proof(v, problem);
        if (r == 0 && v->signature.format->of_statements)
                r = verification_check_statement(v, problem);
        else if (r == 0 && v->model.path)
                r = verification_compare_model(v, problem);
        return r;
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(verification_done) struct verification v = {};
        int r = verification_load(invocation, &v, problem);

        if (r == 0)
                r = verify(&v, problem);
        if (r == 0)
                return answer_of(verification_print(&v, problem), problem);
        if (r == -EKEYREJECTED)
                return verification_print_no(&v, problem) < 0 ? ANSWER_UNKNOWN : ANSWER_NO;
        return answer_of(r, problem);
}

static const char *const purposes[] = {"general", "model", "dataset", "provenance", NULL};

const struct verb verb_verify = {
        .name = "verify",
        .operands = "FILE|DIR",
        .help = "tell whether a signature of a file or a model is good; needs no agent",
        .operands_min = 1,
        .operands_max = 1,
        .options =
                {
                        [VERIFY_KEYRING] = {"keyring", "r", "FILE", "the key ring to trust"},
                        [VERIFY_ORIGIN] = {"origin", NULL, "ORIGIN",
                                           "which of several rings in a file to trust"},
                        [VERIFY_KEY] = {"key", "k", "NAME", "only by this key of the ring"},
                        [VERIFY_PUBLIC_KEY] = {"public-key", "p", "FILE",
                                               "the one key to trust, as PEM, instead of a ring"},
                        [VERIFY_SIGNATURE] = {"signature", "s", "FILE",
                                              "the signature; else the one beside the FILE or in "
                                              "the DIR"},
                        [VERIFY_ALGORITHM] = {"algorithm", "a", "ALGORITHM",
                                              "only by this algorithm of the public key",
                                              .words = key_algorithms},
                        [VERIFY_PURPOSE] = {"purpose", NULL, "PURPOSE",
                                            "only by a key of this purpose", .words = purposes},
                        [VERIFY_REQUIRE_LOG] = {"require-log", NULL, NULL,
                                                "only if it is proved to be in the journal"},
                        [VERIFY_POLICY] = {"policy", NULL, "FILE",
                                           "the witnesses who must have cosigned the proof"},
                        [VERIFY_JOURNAL] = {"journal", NULL, "DIR",
                                            "look there for the record of the signature"},
                        [VERIFY_NAMESPACE] = {"namespace", "n", "NAME",
                                              "what an SSH signature must be for"},
                        [VERIFY_JOBS] = {"jobs", "j", "N",
                                         "hash so many files of a model at a time"},
                        [VERIFY_IGNORE] = {"ignore", NULL, "PATH",
                                           "leave this path of a model out; repeats", .repeats = 1},
                        [VERIFY_PREDICATE_TYPE] = {"predicate-type", NULL, "URI",
                                                   "only an attestation of this type"},
                        [VERIFY_WHERE] = {"where", "w", "PATH=VALUE",
                                          "only an attestation that says this; repeats",
                                          .repeats = 1},
                },
        .run = run,
};
