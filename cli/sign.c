/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "cli/agent.h"
#include "cli/artifact.h"
#include "cli/claim.h"
#include "cli/key.h"
#include "cli/log-entry.h"
#include "cli/option.h"
#include "cli/output.h"
#include "cli/sign-logged.h"
#include "lib/base64.h"
#include "lib/bundle.h"
#include "lib/file.h"

#define AUTHORIZATION_MAX ((size_t)4096)

enum {
        OPTION_KEY,
        OPTION_DIGEST,
        OPTION_OUTPUT,
        OPTION_FORMAT,
        OPTION_CLAIM,
        OPTION_AUTHORIZATION,
        OPTION_REQUEST,
        OPTION_WITH_PROOF
};

enum format { FORMAT_BUNDLE, FORMAT_RAW, FORMAT_PROOF };

static const char *const formats[] = {"bundle", "raw", "tlog-proof", NULL};
static const char *const suffixes[] = {".sigstore.json", ".sig", ".tlog-proof"};

/* What is asked for and what came back. */
struct signing {
        struct artifact artifact; /* without a path when the digest was given */
        struct keyring_key key;
        char *output; /* "-" for standard output */
        enum format format;
        int with_proof;           /* a bundle or raw signature gets one beside it */
        int request;              /* only what a witness is to sign is asked for */
        struct buf authorization; /* base64; empty: none */
        uint8_t digest_bytes[DIGEST_SIZE_MAX];
        struct view digest;
        struct buf digest_text; /* HASH:HEX and a NUL */
        struct varlink_reply reply;
        struct buf signature;
        struct tlog_entry entry; /* for the bundle, of a transparent key */
};

static void signing_done(struct signing *signing)
{
        artifact_done(&signing->artifact);
        keyring_key_done(&signing->key);
        free(signing->output);
        buf_done(&signing->digest_text);
        buf_done(&signing->authorization);
        varlink_reply_done(&signing->reply);
        buf_done(&signing->signature);
        tlog_entry_done(&signing->entry);
}

/* The bundle of a transparent key proves that the signature is in the journal. */
static int wants_entry(const struct signing *signing)
{
        return signing->format == FORMAT_BUNDLE && signing->key.transparency == TRANSPARENCY_REKOR;
}

static int choose_output(const struct invocation *invocation, struct signing *ret)
{
        const char *output = option_value(invocation, OPTION_OUTPUT);
        int r = 0;

        if (output || ret->request || invocation->operand_count == 0) {
                ret->output = strdup(output ? output : "-");
                return ret->output ? 0 : -ENOMEM;
        }
        r = asprintf(&ret->output, "%s%s", invocation->operands[0], suffixes[ret->format]);
        if (r < 0)
                ret->output = NULL;
        return r < 0 ? -ENOMEM : 0;
}

static int check_output(const struct invocation *invocation, const struct signing *signing,
                        struct problem *problem)
{
        int standard = string_equal(signing->output, "-");

        if (standard && invocation->json)
                return problem_set(problem, -EINVAL,
                                   "sign: --json prints facts, expected --output FILE for the "
                                   "signature");
        if (standard && signing->format == FORMAT_RAW && isatty(STDOUT_FILENO))
                return problem_set(problem, -EINVAL,
                                   "sign: a raw signature is no text for a terminal, expected "
                                   "--output FILE");
        if (standard && signing->with_proof)
                return problem_set(problem, -EINVAL,
                                   "sign: --with-proof writes two files, expected --output FILE");
        if (signing->artifact.path && artifact_is(&signing->artifact, signing->output))
                return problem_set(problem, -EINVAL,
                                   "%s: the signature would overwrite the file that is signed",
                                   signing->output);
        return 0;
}

static int read_authorization(const struct invocation *invocation, struct buf *ret,
                              struct problem *problem)
{
        _cleanup_(buf_done) struct buf bytes = BUF_INIT(AUTHORIZATION_MAX);
        const char *path = option_value(invocation, OPTION_AUTHORIZATION);
        int r;

        if (!path)
                return 0;
        r = file_read(AT_FDCWD, path, &bytes, problem);
        if (r < 0)
                return r;
        base64_encode(ret, buf_view(&bytes));
        return buf_error(ret);
}

/* What the witness of the key signs, as bytes. */
static int write_request(const struct signing *signing, struct problem *problem)
{
        uint8_t request[GATE_REQUEST_SIZE];
        int r;

        if (!signing->key.gate.witness)
                return problem_set(problem, -EINVAL, "key %s has no witness", signing->key.name);
        r = gate_request(&signing->key.gate, signing->key.pubkey, signing->key.algorithm,
                         signing->digest, request);
        return r < 0 ? r
                     : output_write_file(signing->output, view_of(request, sizeof(request)),
                                         problem);
}

/* The parser has made sure that the word is one of the table. */
static enum format find_format(const struct invocation *invocation)
{
        const char *word = option_value(invocation, OPTION_FORMAT);
        int by_digest = option_value(invocation, OPTION_DIGEST) != NULL;
        enum format format = FORMAT_BUNDLE;

        if (!word)
                return by_digest ? FORMAT_RAW : FORMAT_BUNDLE;
        while (!string_equal(formats[format], word))
                format++;
        return format;
}

static int choose_format(const struct invocation *invocation, struct signing *ret,
                         struct problem *problem)
{
        ret->format = ret->request ? FORMAT_RAW : find_format(invocation);
        ret->with_proof = option_value(invocation, OPTION_WITH_PROOF) != NULL;
        if (ret->format != FORMAT_PROOF && option_value_at(invocation, OPTION_DIGEST, 1))
                return problem_set(problem, -EINVAL,
                                   "sign: several --digest need --format tlog-proof");
        if (ret->format == FORMAT_PROOF && ret->with_proof)
                return problem_set(problem, -EINVAL,
                                   "sign: --format tlog-proof is a proof, without --with-proof");
        return 0;
}

static int prepare(const struct invocation *invocation, struct signing *ret,
                   struct problem *problem)
{
        int by_digest = option_value(invocation, OPTION_DIGEST) != NULL, r;

        if (!option_value(invocation, OPTION_KEY))
                return problem_set(problem, -EINVAL, "sign: expected --key NAME");
        if (by_digest == (invocation->operand_count > 0))
                return problem_set(problem, -EINVAL, "sign: expected either FILE or --digest");
        r = key_check_name(option_value(invocation, OPTION_KEY), problem);
        if (r == 0 && !by_digest)
                r = artifact_open(invocation->operands[0], &ret->artifact, problem);
        if (r < 0)
                return r;
        ret->request = option_value(invocation, OPTION_REQUEST) != NULL;
        r = choose_format(invocation, ret, problem);
        if (r < 0)
                return r;
        if (ret->request && option_value(invocation, OPTION_AUTHORIZATION))
                return problem_set(problem, -EINVAL,
                                   "sign: --print-authorization-request comes before "
                                   "--authorization");
        r = read_authorization(invocation, &ret->authorization, problem);
        if (r < 0)
                return r;
        r = choose_output(invocation, ret);
        return r < 0 ? r : check_output(invocation, ret, problem);
}

static int find_digest(const struct invocation *invocation, struct signing *ret,
                       struct problem *problem)
{
        const struct algorithm *algorithm = ret->key.algorithm;
        int r;

        if (ret->artifact.path) {
                r = artifact_digest(&ret->artifact, algorithm->hash, &ret->digest, problem);
        } else {
                r = digest_parse(option_value(invocation, OPTION_DIGEST), algorithm,
                                 ret->digest_bytes, problem);
                ret->digest = view_of(ret->digest_bytes, algorithm->digest_size);
        }
        if (r < 0)
                return r;
        digest_put(&ret->digest_text, algorithm->hash, ret->digest);
        buf_put_u8(&ret->digest_text, '\0');
        return buf_error(&ret->digest_text);
}

static int build_call(const struct invocation *invocation, const struct signing *signing,
                      json_t **ret, struct problem *problem)
{
        json_t *claims = NULL;
        int r = claims_read(invocation, OPTION_CLAIM, &claims, problem);

        if (r < 0)
                return r;
        *ret = json_pack("{s:s, s:s, s:s, s:o*, s:o*}", "key", signing->key.name, "digest",
                         (const char *)signing->digest_text.data, "algorithm",
                         signing->key.algorithm->name, "claims", claims, "proof",
                         wants_entry(signing) || signing->with_proof ? json_true() : NULL);
        if (*ret && signing->authorization.size > 0 &&
            json_object_set_new(*ret, "authorization",
                                json_stringn((const char *)signing->authorization.data,
                                             signing->authorization.size)) < 0) {
                json_decref(*ret);
                return -ENOMEM;
        }
        return *ret ? 0 : -ENOMEM;
}

static int expect_member(const json_t *reply, const char *member, const char *expected,
                         struct problem *problem)
{
        const char *found = json_member_string(reply, member);

        if (string_equal(found, expected))
                return 0;
        return problem_set(problem, -EBADMSG, "agent: %s: expected %s, found %.150s", member,
                           expected, found);
}

/* What the agent says it signed must be what it was asked to sign, by the key it told before. */
static int check_reply(const struct signing *signing, struct problem *problem)
{
        static const struct json_member members[] = {
                {"key", JSON_STRING, 1},       {"version", JSON_INTEGER, 1},
                {"algorithm", JSON_STRING, 1}, {"digest", JSON_STRING, 1},
                {"signature", JSON_STRING, 1}, {"fingerprint", JSON_STRING, 1},
                {"index", JSON_INTEGER, 1},    {"time", JSON_STRING, 1},
                {"proof", JSON_STRING, 0},     {"entryProof", JSON_STRING, 0},
        };
        const json_t *reply = signing->reply.parameters;
        char fingerprint[HEX_SIZE(SHA256_SIZE)];
        int r = json_check_members(reply, "agent: reply", members, ARRAY_SIZE(members), problem);

        if (r < 0)
                return r;
        (void)hex_encode(sha256_view(pubkey_fingerprint(signing->key.pubkey)), fingerprint);
        r = expect_member(reply, "key", signing->key.name, problem);
        if (r == 0)
                r = expect_member(reply, "digest", (const char *)signing->digest_text.data,
                                  problem);
        if (r == 0)
                r = expect_member(reply, "algorithm", signing->key.algorithm->name, problem);
        if (r == 0 && json_member_integer(reply, "version", 0) != signing->key.version)
                r = problem_set(problem, -EBADMSG, "agent: version: expected %u, found %lld",
                                signing->key.version,
                                (long long)json_member_integer(reply, "version", 0));
        return r < 0 ? r : expect_member(reply, "fingerprint", fingerprint, problem);
}

static int check_signature(struct signing *signing, struct problem *problem)
{
        int r = base64_decode(
                &signing->signature,
                view_string(json_member_string(signing->reply.parameters, "signature")));

        if (r == -EBADMSG)
                return problem_set(problem, r, "agent: signature: no standard base64");
        if (r < 0)
                return r;
        r = pubkey_verify(signing->key.pubkey, signing->key.algorithm, signing->digest,
                          buf_view(&signing->signature));
        if (r == -EKEYREJECTED)
                return problem_set(problem, r,
                                   "agent: its signature does not verify with key %s version %u",
                                   signing->key.name, signing->key.version);
        return r;
}

static struct tlog_statement statement_of(const struct signing *signing)
{
        return (struct tlog_statement){signing->key.pubkey, signing->key.algorithm, signing->digest,
                                       buf_view(&signing->signature)};
}

static enum answer make_entry(const struct invocation *invocation, struct signing *signing,
                              struct problem *problem)
{
        const struct tlog_statement statement = statement_of(signing);
        const char *proof = json_member_string(signing->reply.parameters, "entryProof");

        if (!wants_entry(signing))
                return ANSWER_YES;
        if (!proof) {
                (void)problem_set(problem, -EBADMSG,
                                  "agent: it proves no entry of transparent key %s",
                                  signing->key.name);
                return ANSWER_UNKNOWN;
        }
        return log_entry_make(invocation, proof, &statement, &signing->entry, problem);
}

static int publish(const struct signing *signing, struct problem *problem)
{
        const struct tlog_statement statement = statement_of(signing);
        _cleanup_(buf_done) struct buf bundle = {};
        int r;

        if (signing->format == FORMAT_RAW)
                return output_write_file(signing->output, buf_view(&signing->signature), problem);
        r = bundle_put(&bundle, &statement, wants_entry(signing) ? &signing->entry : NULL);
        if (r < 0)
                return r;
        return output_write_file(signing->output, buf_view(&bundle), problem);
}

/* Beside the signature: OUTPUT.tlog-proof. */
static int publish_proof(const struct signing *signing, struct problem *problem)
{
        const char *proof = json_member_string(signing->reply.parameters, "proof");
        _cleanup_(freep) char *path = NULL;

        if (asprintf(&path, "%s%s", signing->output, suffixes[FORMAT_PROOF]) < 0)
                return -ENOMEM;
        return output_write_file(path, view_string(proof), problem);
}

/* The signature is good without it, but what was asked for is both. */
static enum answer check_proof(const struct invocation *invocation, const struct signing *signing,
                               struct problem *problem)
{
        const struct logging logging = {.key = &signing->key};
        const json_t *reply = signing->reply.parameters;
        const char *proof = json_member_string(reply, "proof");

        if (!signing->with_proof)
                return ANSWER_YES;
        if (!proof)
                return answer_of(problem_set(problem, -EBADMSG, "agent: reply: no proof"), problem);
        return sign_check_proof(invocation, &logging, proof,
                                (uint64_t)json_member_integer(reply, "index", 0), problem);
}

static int print_facts(const struct signing *signing, int json, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};
        json_t *reply = signing->reply.parameters;

        if (string_equal(signing->output, "-"))
                return 0;
        if (json)
                return output_write_json(json_pack("{s:s, s:s, s:O, s:O, s:O, s:O, s:O, s:O}",
                                                   "output", signing->output, "format",
                                                   formats[signing->format], "key",
                                                   json_object_get(reply, "key"), "version",
                                                   json_object_get(reply, "version"), "fingerprint",
                                                   json_object_get(reply, "fingerprint"), "digest",
                                                   json_object_get(reply, "digest"), "index",
                                                   json_object_get(reply, "index"), "time",
                                                   json_object_get(reply, "time")),
                                         problem);
        output_put_text(&text, view_string(signing->output));
        buf_put_format(&text, ": signed by key %s version %u, %s, record %lld\n", signing->key.name,
                       signing->key.version, (const char *)signing->digest_text.data,
                       (long long)json_member_integer(reply, "index", 0));
        return output_write(&text, problem);
}

/* Nothing is published before it has been verified. */
static enum answer finish(const struct invocation *invocation, struct signing *signing,
                          struct problem *problem)
{
        enum answer answer;
        int r = check_reply(signing, problem);

        if (r == 0)
                r = check_signature(signing, problem);
        if (r < 0)
                return answer_of(r, problem);
        answer = make_entry(invocation, signing, problem);
        if (answer != ANSWER_YES)
                return answer;
        answer = check_proof(invocation, signing, problem);
        if (answer != ANSWER_YES)
                return answer;
        r = publish(signing, problem);
        if (r == 0 && signing->with_proof)
                r = publish_proof(signing, problem);
        if (r == 0)
                r = print_facts(signing, invocation->json, problem);
        return answer_of(r, problem);
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

/* Of the file, or all that were given. */
static int collect_digests(const struct invocation *invocation, struct signing *signing,
                           json_t *digests, struct problem *problem)
{
        const char *text;
        int r = 0;

        if (signing->artifact.path) {
                r = find_digest(invocation, signing, problem);
                return r < 0 ? r
                             : add_digest(digests, signing->key.algorithm,
                                          (const char *)signing->digest_text.data, problem);
        }
        for (size_t i = 0; r == 0 && (text = option_value_at(invocation, OPTION_DIGEST, i)); i++)
                r = add_digest(digests, signing->key.algorithm, text, problem);
        return r;
}

static enum answer run_logged(const struct invocation *invocation, struct signing *signing,
                              struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *digests = json_array();
        struct logging logging = {&signing->key, digests, NULL, signing->output};
        int r = digests ? 0 : -ENOMEM;

        if (r == 0)
                r = collect_digests(invocation, signing, digests, problem);
        if (r == 0)
                r = claims_read(invocation, OPTION_CLAIM, &logging.claims, problem);
        return r < 0 ? answer_of(r, problem) : sign_logged(invocation, &logging, problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(signing_done) struct signing signing = {};
        json_t *call = NULL;
        enum answer answer;
        int r = prepare(invocation, &signing, problem);

        if (r < 0)
                return answer_of(r, problem);
        answer = agent_get_key(invocation->socket, option_value(invocation, OPTION_KEY), 0,
                               &signing.key, problem);
        if (answer != ANSWER_YES)
                return answer;
        if (signing.format == FORMAT_PROOF)
                return run_logged(invocation, &signing, problem);
        r = find_digest(invocation, &signing, problem);
        if (r == 0 && signing.request)
                return answer_of(write_request(&signing, problem), problem);
        if (r == 0)
                r = build_call(invocation, &signing, &call, problem);
        if (r < 0)
                return answer_of(r, problem);
        answer = agent_call(invocation->socket, SIGNER ".Sign", call, &signing.reply, problem);
        if (answer != ANSWER_YES)
                return answer;
        return finish(invocation, &signing, problem);
}

const struct verb verb_sign = {
        .name = "sign",
        .operands = "[FILE]",
        .help = "have the agent sign a file or a digest",
        .operands_max = 1,
        .options =
                {
                        [OPTION_KEY] = {"key", "k", "NAME", "the key to sign with"},
                        [OPTION_DIGEST] =
                                {"digest", "d", "HASH:HEX",
                                 "sign this digest instead of a FILE; repeats, for proofs",
                                 .repeats = 1},
                        [OPTION_OUTPUT] = {"output", "o", "FILE",
                                           "write the signature there; - is standard output"},
                        [OPTION_FORMAT] =
                                {"format", "f", "FORMAT",
                                 "bundle (default for files), raw (default for digests) or tlog-proof",
                                 .words = formats},
                        [OPTION_AUTHORIZATION] = {"authorization", NULL, "FILE",
                                                  "what the witness of the key signed for this"},
                        [OPTION_REQUEST] = {"print-authorization-request", NULL, NULL,
                                            "write what the witness is to sign, and sign nothing"},
                        [OPTION_CLAIM] = {"claim", "c", "NAME=VALUE",
                                          "record this claim with the signature; repeats",
                                          .repeats = 1},
                        [OPTION_WITH_PROOF] = {"with-proof", NULL, NULL,
                                               "wait for a checkpoint, and write the proof "
                                               "beside the signature"},
                },
        .run = run,
};
