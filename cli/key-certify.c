/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <time.h>

#include "cli/key.h"
#include "cli/option.h"
#include "cli/output.h"
#include "cli/signing.h"
#include "lib/key-certificate.h"

enum { OPTION_FORMAT, OPTION_OUTPUT };

/* Has the key sign what the certificate says, when it is signed at all. */
static enum answer sign(const struct invocation *invocation,
                        const struct key_certificate *certificate,
                        const struct format_signer *signer, struct signing *signing,
                        struct signature *ret, struct problem *problem)
{
        enum answer answer;
        int r;

        if (!certificate->prepare)
                return ANSWER_YES;
        r = certificate->prepare(signer, ret);
        if (r == -EOPNOTSUPP)
                (void)problem_set(problem, r, "key certify: no %s for a key of algorithm %s",
                                  certificate->name, signer->algorithm->name);
        if (r < 0)
                return answer_of(r, problem);
        signing->digest = view_of(ret->digest, ret->digest_size);
        answer = signing_run(invocation, signing, problem);
        if (answer != ANSWER_YES)
                return answer;
        buf_put_view(&ret->value, buf_view(&signing->value));
        return answer_of(buf_error(&ret->value), problem);
}

static int write_certificate(const struct invocation *invocation,
                             const struct key_certificate *certificate,
                             const struct signature *signature, const struct format_signer *signer,
                             struct problem *problem)
{
        const char *output = option_value(invocation, OPTION_OUTPUT);
        _cleanup_(buf_done) struct buf text = {};
        int r = certificate->put(&text, signature, signer);

        if (r == -EOPNOTSUPP)
                return problem_set(problem, r, "key certify: no %s for a key of algorithm %s",
                                   certificate->name, signer->algorithm->name);
        return r < 0 ? r : output_write_file(output ? output : "-", buf_view(&text), problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(signing_done) struct signing signing = {};
        _cleanup_(signature_done) struct signature signature = {};
        const char *word = option_value(invocation, OPTION_FORMAT);
        const struct key_certificate *certificate = word ? key_certificate_find(word) : NULL;
        struct format_signer signer;
        enum answer answer;
        int r = key_check_name(invocation->operands[0], problem);

        if (r == 0 && !certificate)
                r = problem_set(problem, -EINVAL, "key certify: expected --format FORMAT");
        if (r < 0)
                return answer_of(r, problem);
        answer = signing_open(invocation, invocation->operands[0], &signing, problem);
        if (answer != ANSWER_YES)
                return answer;
        r = format_signer_of(&signing.key, &signer);
        if (r < 0)
                return answer_of(r, problem);
        signer.time = (uint64_t)time(NULL);
        answer = sign(invocation, certificate, &signer, &signing, &signature, problem);
        if (answer != ANSWER_YES)
                return answer;
        return answer_of(write_certificate(invocation, certificate, &signature, &signer, problem),
                         problem);
}

const struct verb verb_key_certify = {
        .group = "key",
        .name = "certify",
        .operands = "NAME",
        .help = "write what other programs want of a key: a certificate, signed by the key itself",
        .operands_min = 1,
        .operands_max = 1,
        .options =
                {
                        [OPTION_FORMAT] = {"format", "f", "FORMAT",
                                           "OpenPGP or X.509 certificate, or a line of "
                                           "allowed_signers for ssh-keygen",
                                           .words = key_certificate_names},
                        [OPTION_OUTPUT] = {"output", "o", "FILE",
                                           "write there; - is standard output"},
                },
        .run = run,
};
