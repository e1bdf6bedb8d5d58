/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sign.h"

#include <errno.h>
#include <time.h>

#include "cli/claim.h"
#include "cli/key.h"
#include "cli/option.h"
#include "cli/output.h"
#include "cli/sign-logged.h"

static struct sign *sign_of(struct format_content *content)
{
        return (struct sign *)(void *)((char *)content - offsetof(struct sign, content));
}

/* Of a digest that was given, nothing else can be hashed. */
static int digest_given(struct sign *sign, const char *hash, struct view trailer, uint8_t *ret,
                        struct problem *problem)
{
        const struct algorithm *algorithm = sign->signing.key.algorithm;
        int r;

        if (trailer.size > 0 || !string_equal(hash, algorithm->hash))
                return problem_set(problem, -EINVAL,
                                   "sign: --format %s needs the file, not its digest",
                                   sign->format->name);
        r = digest_parse(option_value(sign->invocation, SIGN_DIGEST), algorithm, sign->given,
                         problem);
        if (r == 0)
                memcpy(ret, sign->given, algorithm->digest_size);
        return r;
}

static int digest_content(struct format_content *content, const char *hash, struct view trailer,
                          uint8_t *ret, struct problem *problem)
{
        struct sign *sign = sign_of(content);

        if (!sign->artifact.path)
                return digest_given(sign, hash, trailer, ret, problem);
        return artifact_digest(&sign->artifact, hash, trailer, ret, problem);
}

static int read_content(struct format_content *content, struct buf *ret, struct problem *problem)
{
        struct sign *sign = sign_of(content);
        const struct keyring_key *key = &sign->signing.key;

        if (sign->artifact.path)
                return artifact_read(&sign->artifact, ret, problem);
        return problem_set(problem, -EINVAL,
                           "sign: key %s is %s, which signs messages: expected the file, not its "
                           "digest",
                           key->name, key->algorithm->name);
}

/* What the witness of the key signs, as bytes. */
static int write_request(const struct sign *sign, struct problem *problem)
{
        const struct keyring_key *key = &sign->signing.key;
        uint8_t request[GATE_REQUEST_SIZE];
        int r;

        if (!key->gate.witness)
                return problem_set(problem, -EINVAL, "key %s has no witness", key->name);
        r = gate_request(&key->gate, key->pubkey, key->algorithm, sign->signing.digest, request);
        return r < 0 ? r
                     : output_write_file(sign->output, view_of(request, sizeof(request)), problem);
}

static int add_digest(json_t *digests, const struct algorithm *algorithm, const char *text,
                      struct problem *problem)
{
        uint8_t bytes[DIGEST_SIZE_MAX];
        int r = digest_parse(text, algorithm, bytes, problem);

        if (r < 0)
                return r;
        return json_array_append_new(digests, json_string(text)) < 0 ? -ENOMEM : 0;
}

static int add_file(struct sign *sign, json_t *digests, struct problem *problem)
{
        const struct algorithm *algorithm = sign->signing.key.algorithm;
        _cleanup_(buf_done) struct buf text = {};
        uint8_t bytes[DIGEST_SIZE_MAX];
        int r = artifact_digest(&sign->artifact, algorithm->hash, (struct view){}, bytes, problem);

        digest_put(&text, algorithm->hash, view_of(bytes, algorithm->digest_size));
        buf_put_u8(&text, '\0');
        if (r == 0)
                r = buf_error(&text);
        return r < 0 ? r : add_digest(digests, algorithm, (const char *)text.data, problem);
}

/* Of the file, or all that were given. */
static int collect_digests(struct sign *sign, json_t *digests, struct problem *problem)
{
        const char *text;
        int r = 0;

        if (sign->artifact.path)
                return add_file(sign, digests, problem);
        for (size_t i = 0; r == 0 && (text = option_value_at(sign->invocation, SIGN_DIGEST, i));
             i++)
                r = add_digest(digests, sign->signing.key.algorithm, text, problem);
        return r;
}

static enum answer run_logged(struct sign *sign, struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *digests = json_array();
        struct logging logging = {&sign->signing.key, digests, NULL, sign->output,
                                  sign->signing.version};
        int r = digests ? collect_digests(sign, digests, problem) : -ENOMEM;

        if (r < 0)
                return answer_of(r, problem);
        logging.claims = json_incref(sign->signing.claims);
        return sign_logged(sign->invocation, &logging, problem);
}

/* What is signed, down to its digest. */
static int find_digest(struct sign *sign, struct problem *problem)
{
        const struct keyring_key *key = &sign->signing.key;
        struct signature *signature = &sign->signature;
        int r = 0;

        sign->content = (struct format_content){digest_content, sign->artifact.path, read_content};
        r = format_check_algorithm(sign->format, key->algorithm, problem);
        if (r == 0)
                r = format_signer_of(key, &sign->signer);
        if (r < 0)
                return r;
        sign->signer.name_space = sign->name_space;
        sign->signer.certificate = buf_view(&sign->certificate);
        sign->signer.time = (uint64_t)time(NULL);
        if (sign->format->prepare)
                r = sign->format->prepare(&sign->signer, &sign->content, signature, problem);
        if (r == 0 && sign->reuse.path) {
                sign->model.reuse = &sign->reuse;
                r = reuse_load(&sign->signer, key->pubkey, &sign->reuse, problem);
        }
        if (r == 0 && sign->model.path)
                r = model_describe(&sign->model, sign->output, sign->with_proof,
                                   &signature->attributes, problem);
        if (r == 0)
                r = signature_digest(signature, &sign->signer, &sign->content, problem);
        sign->signing.digest = view_of(signature->digest, signature->digest_size);
        sign->signing.message = buf_view(&signature->message);
        return r;
}

static enum answer make(struct sign *sign, struct problem *problem)
{
        struct signing *signing = &sign->signing;
        enum answer answer;
        int r = find_digest(sign, problem);

        if (r == 0 && sign->request)
                return answer_of(write_request(sign, problem), problem);
        if (r < 0)
                return answer_of(r, problem);
        /* The bundle of a transparent key proves that the signature is in the journal. */
        signing->wants_entry = signing->key.transparency == TRANSPARENCY_REKOR &&
                               (sign->format == &format_bundle ||
                                sign->format == &format_manifest || sign->format == &format_oms);
        signing->wants_proof = sign->with_proof;
        answer = signing_run(sign->invocation, signing, problem);
        if (answer != ANSWER_YES)
                return answer;
        buf_put_view(&sign->signature.value, buf_view(&signing->value));
        sign->signature.entry = signing->wants_entry ? &signing->entry : NULL;
        r = buf_error(&sign->signature.value);
        return answer_of(r < 0 ? r : sign_publish(sign, problem), problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(sign_done) struct sign sign = {};
        enum answer answer;
        int r = sign_prepare(invocation, &sign, problem);

        if (r == 0)
                r = key_parse_version(option_value(invocation, SIGN_VERSION), &sign.signing.version,
                                      problem);
        if (r < 0)
                return answer_of(r, problem);
        answer = signing_open(invocation, option_value(invocation, SIGN_KEY), &sign.signing,
                              problem);
        if (answer != ANSWER_YES)
                return answer;
        return sign.format->is_logged ? run_logged(&sign, problem) : make(&sign, problem);
}

const struct verb verb_sign = {
        .name = "sign",
        .operands = "[FILE|DIR]",
        .help = "have the agent sign a file, a model or a digest",
        .operands_max = 1,
        .options =
                {
                        [SIGN_KEY] = {"key", "k", "NAME", "the key to sign with"},
                        [SIGN_VERSION] = {"version", NULL, "N",
                                          "that version, which is in its overlap"},
                        [SIGN_DIGEST] = {"digest", "d", "HASH:HEX",
                                         "sign this digest instead of a FILE; repeats, for proofs",
                                         .repeats = 1},
                        [SIGN_OUTPUT] = {"output", "o", "FILE",
                                         "write the signature there; - is standard output"},
                        [SIGN_FORMAT] = {"format", "f", "FORMAT",
                                         "bundle (default for files), oms (default for "
                                         "directories), raw (default for digests) or another",
                                         .words = format_names},
                        [SIGN_AUTHORIZATION] = {"authorization", NULL, "FILE",
                                                "what the witness of the key signed for this"},
                        [SIGN_REQUEST] = {"print-authorization-request", NULL, NULL,
                                          "write what the witness is to sign, and sign nothing"},
                        [SIGN_CLAIM] = {"claim", "c", "NAME=VALUE",
                                        "record this claim with the signature; repeats",
                                        .repeats = 1},
                        [SIGN_WITH_PROOF] = {"with-proof", NULL, NULL,
                                             "wait for a checkpoint, and write the proof "
                                             "beside the signature"},
                        [SIGN_NAMESPACE] = {"namespace", "n", "NAME",
                                            "what an SSH signature is for: file, git or another"},
                        [SIGN_CERTIFICATE] = {"certificate", NULL, "FILE",
                                              "the X.509 certificate of the key, for CMS"},
                        [SIGN_JOBS] = {"jobs", "j", "N", "hash so many files of a model at a time"},
                        [SIGN_IGNORE] = {"ignore", NULL, "PATH",
                                         "leave this path of a model out; repeats", .repeats = 1},
                        [SIGN_PRECOMPUTED] = {"precomputed", NULL, "MANIFEST",
                                              "take the digests in this sha256sum manifest for "
                                              "those of the files"},
                        [SIGN_REUSE] =
                                {"reuse-verified", NULL, "SIGNATURE",
                                 "do not read files of a model again that are unchanged since "
                                 "this signature by the same key was made"},
                },
        .run = run,
};
