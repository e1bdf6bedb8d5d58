/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "cli/claim.h"
#include "cli/key.h"
#include "cli/option.h"
#include "lib/armor.h"
#include "lib/base64.h"
#include "lib/file.h"

#define AUTHORIZATION_MAX ((size_t)4096)
#define CERTIFICATE_LABEL "CERTIFICATE"
#define CERTIFICATE_MAX   ((size_t)65536)

void sign_done(struct sign *sign)
{
        artifact_done(&sign->artifact);
        model_done(&sign->model);
        reuse_done(&sign->reuse);
        free(sign->manifest);
        free(sign->output);
        buf_done(&sign->certificate);
        signing_done(&sign->signing);
        signature_done(&sign->signature);
}

static const char *given(const struct sign *sign, enum sign_option option)
{
        return option_value(sign->invocation, option);
}

/* In the directory, with its signature beside it. */
static int choose_manifest(struct sign *sign)
{
        const char *output = given(sign, SIGN_OUTPUT), *path = sign->model.path;
        int r;

        if (output)
                r = asprintf(&sign->manifest, "%s", output);
        else
                r = asprintf(&sign->manifest, "%s%s%s", path,
                             path[strlen(path) - 1] != '/' ? "/" : "", FORMAT_MANIFEST_NAME);
        if (r < 0) {
                sign->manifest = NULL;
                return -ENOMEM;
        }
        sign->model.manifest = sign->manifest;
        if (asprintf(&sign->output, "%s%s", sign->manifest, format_bundle.suffix) < 0) {
                sign->output = NULL;
                return -ENOMEM;
        }
        return 0;
}

static int choose_output(struct sign *sign)
{
        const struct invocation *invocation = sign->invocation;
        const char *output = given(sign, SIGN_OUTPUT), *path;
        int r = 0;

        if (sign->format == &format_manifest)
                return choose_manifest(sign);
        if (output || sign->request || invocation->operand_count == 0) {
                sign->output = strdup(output ? output : "-");
                return sign->output ? 0 : -ENOMEM;
        }
        path = invocation->operands[0];
        r = asprintf(&sign->output, "%s%s%s", path,
                     sign->format->of_models && path[strlen(path) - 1] != '/' ? "/" : "",
                     sign->format->suffix);
        if (r < 0)
                sign->output = NULL;
        return r < 0 ? -ENOMEM : 0;
}

static int check_output(const struct sign *sign, struct problem *problem)
{
        int standard = string_equal(sign->output, "-");

        if (sign->manifest && string_equal(sign->manifest, "-"))
                return problem_set(problem, -EINVAL,
                                   "sign: --format manifest writes two files, expected --output "
                                   "FILE");
        if (standard && sign->invocation->json)
                return problem_set(problem, -EINVAL,
                                   "sign: --json prints facts, expected --output FILE for the "
                                   "signature");
        if (standard && (sign->format->is_binary || sign->request) && isatty(STDOUT_FILENO))
                return problem_set(problem, -EINVAL,
                                   "sign: a %s signature is no text for a terminal, expected "
                                   "--output FILE",
                                   sign->format->name);
        if (standard && sign->with_proof)
                return problem_set(problem, -EINVAL,
                                   "sign: --with-proof writes two files, expected --output FILE");
        if (sign->artifact.path && artifact_is(&sign->artifact, sign->output))
                return problem_set(problem, -EINVAL,
                                   "%s: the signature would overwrite the file that is signed",
                                   sign->output);
        return 0;
}

static int read_authorization(struct sign *sign, struct problem *problem)
{
        _cleanup_(buf_done) struct buf bytes = BUF_INIT(AUTHORIZATION_MAX);
        const char *path = given(sign, SIGN_AUTHORIZATION);
        int r;

        if (!path)
                return 0;
        r = file_read(AT_FDCWD, path, &bytes, problem);
        if (r < 0)
                return r;
        base64_encode(&sign->signing.authorization, buf_view(&bytes));
        return buf_error(&sign->signing.authorization);
}

/* PEM or DER. */
static int read_certificate(struct sign *sign, struct problem *problem)
{
        _cleanup_(buf_done) struct buf file = BUF_INIT(CERTIFICATE_MAX);
        const char *path = given(sign, SIGN_CERTIFICATE);
        int r;

        if (!path)
                return 0;
        if (sign->format != &format_cms)
                return problem_set(problem, -EINVAL, "sign: --certificate is for --format cms");
        r = file_read(AT_FDCWD, path, &file, problem);
        if (r < 0)
                return r;
        if (armor_is(buf_view(&file), CERTIFICATE_LABEL))
                r = armor_parse(buf_view(&file), CERTIFICATE_LABEL, &sign->certificate);
        else
                buf_put_view(&sign->certificate, buf_view(&file));
        if (r == -EBADMSG)
                return problem_set(problem, r, "%s: expected one certificate, PEM or DER", path);
        return r < 0 ? r : buf_error(&sign->certificate);
}

/* The parser has made sure that the word is one of the table. */
static const struct format *find_format(const struct sign *sign)
{
        const char *word = given(sign, SIGN_FORMAT);

        if (word)
                return format_find(word);
        if (sign->model.path)
                return &format_oms;
        return given(sign, SIGN_DIGEST) ? &format_raw : &format_bundle;
}

static int choose_format(struct sign *sign, struct problem *problem)
{
        const struct format *format = sign->request ? &format_raw : find_format(sign);

        sign->format = sign->signature.format = format;
        sign->with_proof = given(sign, SIGN_WITH_PROOF) != NULL;
        if (!format->is_logged && option_value_at(sign->invocation, SIGN_DIGEST, 1))
                return problem_set(problem, -EINVAL,
                                   "sign: several --digest need --format tlog-proof");
        if (format->is_logged && sign->with_proof)
                return problem_set(problem, -EINVAL,
                                   "sign: --format tlog-proof is a proof, without --with-proof");
        sign->name_space = given(sign, SIGN_NAMESPACE);
        if (sign->name_space && format != &format_sshsig)
                return problem_set(problem, -EINVAL, "sign: --namespace is for --format sshsig");
        if (sign->name_space && !sign->name_space[0])
                return problem_set(problem, -EINVAL, "sign: --namespace: expected a name");
        if (!sign->name_space)
                sign->name_space = FORMAT_NAMESPACE;
        if (format->of_models != (sign->model.path != NULL))
                return problem_set(problem, -EINVAL, "sign: --format %s is for %s", format->name,
                                   format->of_models ? "directories" : "files");
        return 0;
}

/* A file or the directory of a model. */
static int open_operand(struct sign *sign, struct problem *problem)
{
        const char *path = sign->invocation->operands[0];

        if (model_is(path))
                return model_open(path, &sign->model, problem);
        return artifact_open(path, &sign->artifact, problem);
}

static int check_usage(const struct sign *sign, struct problem *problem)
{
        if (!given(sign, SIGN_KEY))
                return problem_set(problem, -EINVAL, "sign: expected --key NAME");
        if ((given(sign, SIGN_DIGEST) != NULL) == (sign->invocation->operand_count > 0))
                return problem_set(problem, -EINVAL, "sign: expected either FILE or --digest");
        if (sign->request && given(sign, SIGN_AUTHORIZATION))
                return problem_set(problem, -EINVAL,
                                   "sign: --print-authorization-request comes before "
                                   "--authorization");
        return key_check_name(given(sign, SIGN_KEY), problem);
}

/* What only models have. */
static int read_model_options(struct sign *sign, struct problem *problem)
{
        static const enum sign_option options[] = {SIGN_JOBS, SIGN_IGNORE, SIGN_PRECOMPUTED,
                                                   SIGN_REUSE};

        for (size_t i = 0; i < ARRAY_SIZE(options) && !sign->model.path; i++)
                if (given(sign, options[i]))
                        return problem_set(problem, -EINVAL, "sign: --%s is for directories",
                                           sign->invocation->verb->options[options[i]].name);
        if (!sign->model.path)
                return 0;
        sign->model.precomputed = given(sign, SIGN_PRECOMPUTED);
        sign->reuse.path = given(sign, SIGN_REUSE);
        return model_set_options(&sign->model, sign->invocation, SIGN_JOBS, SIGN_IGNORE, problem);
}

int sign_prepare(const struct invocation *invocation, struct sign *ret, struct problem *problem)
{
        int r;

        ret->invocation = invocation;
        ret->request = given(ret, SIGN_REQUEST) != NULL;
        r = check_usage(ret, problem);
        if (r == 0 && !given(ret, SIGN_DIGEST))
                r = open_operand(ret, problem);
        if (r == 0)
                r = choose_format(ret, problem);
        if (r == 0)
                r = read_model_options(ret, problem);
        if (r == 0)
                r = read_certificate(ret, problem);
        if (r == 0)
                r = read_authorization(ret, problem);
        if (r == 0)
                r = claims_read(invocation, SIGN_CLAIM, &ret->signing.claims, problem);
        if (r == 0)
                r = choose_output(ret);
        return r < 0 ? r : check_output(ret, problem);
}
