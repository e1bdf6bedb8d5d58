/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "cli/option.h"
#include "lib/checksums.h"
#include "lib/file.h"

#define STATEMENT_FILE_MAX (2 * STATEMENT_SIZE_MAX) /* base64, and what is around it */

void verification_done(struct verification *v)
{
        artifact_done(&v->artifact);
        model_done(&v->model);
        trust_done(&v->trust);
        free(v->signature_path);
        free(v->manifest);
        buf_done(&v->file);
        signature_done(&v->signature);
        logged_done(&v->logged);
        buf_done(&v->proof_file);
        quorum_done(&v->quorum);
        oms_done(&v->oms);
        statement_done(&v->statement);
}

static const char *given(const struct verification *v, enum verify_option option)
{
        return option_value(v->invocation, option);
}

static int check_usage(const struct verification *v, struct problem *problem)
{
        int ring = given(v, VERIFY_KEYRING) != NULL;

        if (ring == (given(v, VERIFY_PUBLIC_KEY) != NULL))
                return problem_set(problem, -EINVAL,
                                   "verify: expected either --keyring or --public-key");
        if (!ring && given(v, VERIFY_ORIGIN))
                return problem_set(problem, -EINVAL, "verify: --origin needs --keyring");
        if (!ring && given(v, VERIFY_KEY))
                return problem_set(problem, -EINVAL, "verify: --key needs --keyring");
        if (!ring && given(v, VERIFY_PURPOSE))
                return problem_set(problem, -EINVAL, "verify: --purpose needs --keyring");
        if (!ring && given(v, VERIFY_REQUIRE_LOG))
                return problem_set(problem, -EINVAL,
                                   "verify: --require-log needs --keyring, which has the log key");
        if (!ring && given(v, VERIFY_JOURNAL))
                return problem_set(problem, -EINVAL,
                                   "verify: --journal needs --keyring, which has the log key");
        if (ring && given(v, VERIFY_ALGORITHM))
                return problem_set(problem, -EINVAL,
                                   "verify: the key ring names the algorithm, --algorithm needs "
                                   "--public-key");
        return verification_check_where(v, problem);
}

static int load_trust(struct verification *v, struct problem *problem)
{
        const char *algorithm = given(v, VERIFY_ALGORITHM);

        v->trust.origin = given(v, VERIFY_ORIGIN);
        v->trust.key_name = given(v, VERIFY_KEY);
        v->trust.purpose = given(v, VERIFY_PURPOSE);
        v->trust.name_space = given(v, VERIFY_NAMESPACE);
        if (!v->trust.name_space)
                v->trust.name_space = FORMAT_NAMESPACE;
        if (algorithm)
                v->trust.algorithm = algorithm_find(algorithm);
        return trust_load(&v->trust, given(v, VERIFY_KEYRING), given(v, VERIFY_PUBLIC_KEY),
                          problem);
}

static int open_operand(struct verification *v, struct problem *problem)
{
        int r;

        if (!model_is(v->path))
                return artifact_open(v->path, &v->artifact, problem);
        r = model_open(v->path, &v->model, problem);
        return r < 0 ? r
                     : model_set_options(&v->model, v->invocation, VERIFY_JOBS, VERIFY_IGNORE,
                                         problem);
}

/* The path of the operand, without slashes at its end. */
static int path_size(const struct verification *v)
{
        size_t size = strlen(v->path);

        while (size > 1 && v->path[size - 1] == '/')
                size--;
        return (int)size;
}

/* Beside the file, or in the model, by the names that `hallmark sign` and `attest` give. */
static int look_for(struct verification *v, int statements, struct problem *problem)
{
        const struct format *format;

        for (size_t i = 0; (format = format_at(i)); i++) {
                _cleanup_(freep) char *path = NULL;

                if (format->of_statements != statements ||
                    (!statements && format->of_models != (v->model.path != NULL)))
                        continue;
                if (asprintf(&path, "%.*s%s%s", path_size(v), v->path, format->of_models ? "/" : "",
                             format->suffix) < 0) {
                        path = NULL;
                        return -ENOMEM;
                }
                if (access(path, F_OK) < 0)
                        continue;
                if (v->signature_path && !string_equal(v->signature_path, path))
                        return problem_set(problem, -EINVAL,
                                           "verify: expected --signature: there are %.150s and "
                                           "%.150s",
                                           v->signature_path, path);
                if (!v->signature_path)
                        v->signature_path = TAKE_PTR(path);
        }
        return 0;
}

/* Of a signature and an attestation, the one that is asked about. */
static int find_signature(struct verification *v, struct problem *problem)
{
        int statements = verification_wants_statement(v);
        int r = look_for(v, statements, problem);

        if (r == 0 && !v->signature_path && !statements)
                r = look_for(v, 1, problem);
        if (r < 0 || v->signature_path)
                return r;
        return problem_set(problem, -EINVAL,
                           "verify: expected --signature: there is none beside %.200s", v->path);
}

static int choose_signature(struct verification *v, struct problem *problem)
{
        const char *path = given(v, VERIFY_SIGNATURE);

        if (!path)
                return find_signature(v, problem);
        v->signature_path = strdup(path);
        return v->signature_path ? 0 : -ENOMEM;
}

/* What needs a log key must not be read as if it said nothing. */
static int check_kind(const struct verification *v, struct problem *problem)
{
        const struct format *format = v->signature.format;

        if (verification_wants_statement(v) && !format->of_statements)
                return problem_set(problem, -EKEYREJECTED, "expected an attestation, found %s",
                                   format->name);
        if (!format->of_statements && format->of_models != (v->model.path != NULL))
                return problem_set(problem, -EKEYREJECTED, "about a %s, but %.200s is a %s",
                                   format->of_models ? "model" : "file", v->path,
                                   v->model.path ? "directory" : "file");
        if (!v->trust.pubkey)
                return 0;
        if (format->is_logged)
                return problem_set(problem, -EINVAL,
                                   "a proof needs --keyring, which has the log key");
        if (v->signature.bundle.entry_count > 0)
                return problem_set(problem, -EINVAL,
                                   "its log entry needs --keyring, which has the log key");
        return 0;
}

static int verify_logged(struct verification *v, struct problem *problem)
{
        struct bundle *signature = &v->signature.bundle;
        int r = trust_choose_by_proof(&v->trust, buf_view(&v->file), problem);

        if (r == 0)
                r = logged_verify(buf_view(&v->file), &v->trust.ring, &v->logged, signature,
                                  problem);
        if (r == 0 && signature->hash)
                buf_put_view(&v->signature.value, buf_view(&signature->signature));
        return r < 0 ? r : buf_error(&v->signature.value);
}

/* Only what lists or says something is large. */
static int check_size(const struct verification *v, struct problem *problem)
{
        const struct format *format = v->signature.format;

        if (format->of_models || format->of_statements || v->file.size <= BUNDLE_SIZE_MAX)
                return 0;
        return problem_set(problem, -EMSGSIZE, "longer than %zu bytes", BUNDLE_SIZE_MAX);
}

/* The bundle beside a manifest is about that, which is about the directory. */
static int load_manifest(struct verification *v, struct problem *problem)
{
        size_t size = strlen(v->signature_path), suffix = strlen(format_bundle.suffix);

        if (!v->model.path || v->signature.format != &format_bundle || size <= suffix ||
            !string_equal(v->signature_path + size - suffix, format_bundle.suffix))
                return 0;
        v->manifest = strndup(v->signature_path, size - suffix);
        if (!v->manifest)
                return -ENOMEM;
        v->signature.format = &format_manifest;
        buf_done(&v->signature.attributes);
        v->signature.attributes = BUF_SPOOLED(CHECKSUMS_SIZE_MAX);
        return file_read(AT_FDCWD, v->manifest, &v->signature.attributes, problem);
}

/* A file that is no signature at all does not verify: -EKEYREJECTED. A kind that is not read here
 * leaves the question open: -EOPNOTSUPP. */
static int load_signature(struct verification *v, struct problem *problem)
{
        int r;

        if (v->model.path) {
                r = format_read(v->signature_path, STATEMENT_FILE_MAX, &v->file, &v->signature,
                                problem);
        } else {
                v->file = BUF_INIT(STATEMENT_FILE_MAX);
                r = file_read(AT_FDCWD, v->signature_path, &v->file, problem);
        }
        if (r < 0)
                return r == -EBADMSG ? -EKEYREJECTED : r;
        r = signature_parse(buf_view(&v->file), &v->signature, problem);
        if (r == 0)
                r = load_manifest(v, problem);
        if (r == 0)
                r = check_size(v, problem);
        if (r == 0)
                r = check_kind(v, problem);
        if (r == 0 && v->signature.format->is_logged)
                r = verify_logged(v, problem);
        for (size_t i = 0; r == 0 && i < v->signature.bundle.entry_count; i++)
                r = trust_choose_by_checkpoint(
                        &v->trust, buf_view(&v->signature.bundle.entries[i].checkpoint), problem);
        if (r < 0)
                (void)problem_prefix(problem, r, "%s", v->signature_path);
        return r == -EBADMSG ? -EKEYREJECTED : r;
}

int verification_is_logged(const struct verification *v)
{
        return v->signature.format->is_logged || v->signature.bundle.entry_count > 0 ||
               v->proof_file.size > 0;
}

/* What has a checkpoint that witnesses can have cosigned: a proof, and each log entry of a bundle.
 */
static int check_quorum(struct verification *v, struct problem *problem)
{
        const char *path = given(v, VERIFY_POLICY);
        int r;

        if (!path)
                return 0;
        if (!verification_is_logged(v))
                return problem_set(
                        problem, -EINVAL,
                        "verify: --policy is about a tlog-proof or log entries, found %s "
                        "without",
                        v->signature.format->name);
        r = quorum_load(path, &v->quorum, problem);
        if (r < 0) /* nothing about the signature */
                return r;
        if (v->signature.format->is_logged)
                return quorum_verify_proof(&v->quorum, buf_view(&v->file), problem);
        if (v->proof_file.size > 0)
                return quorum_verify_proof(&v->quorum, buf_view(&v->proof_file), problem);
        for (size_t i = 0; i < v->signature.bundle.entry_count && r == 0; i++)
                r = quorum_verify(&v->quorum, buf_view(&v->signature.bundle.entries[i].checkpoint),
                                  problem);
        return r == -EBADMSG ? -EKEYREJECTED : r;
}

static int check_log(const struct verification *v, struct problem *problem)
{
        if (!given(v, VERIFY_REQUIRE_LOG) || verification_is_logged(v))
                return 0;
        return problem_set(problem, -EKEYREJECTED,
                           "%s: nothing proves that the signature is in the journal, neither in it "
                           "nor in %s%s",
                           v->signature_path, v->signature_path, format_proof.suffix);
}

int verification_load(const struct invocation *invocation, struct verification *ret,
                      struct problem *problem)
{
        int r;

        ret->invocation = invocation;
        ret->path = invocation->operands[0];
        r = check_usage(ret, problem);
        if (r == 0)
                r = load_trust(ret, problem);
        if (r == 0)
                r = open_operand(ret, problem);
        if (r == 0)
                r = choose_signature(ret, problem);
        if (r == 0)
                r = load_signature(ret, problem);
        if (r == 0)
                r = verification_load_proof(ret, problem);
        if (r == 0)
                r = check_log(ret, problem);
        if (r == 0)
                r = check_quorum(ret, problem);
        return r < 0 ? r : verification_find_moment(ret, problem);
}
