/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>

#include "cli/option.h"
#include "cli/output.h"
#include "lib/attestation.h"
#include "lib/evidence-check.h"
#include "lib/file.h"

enum { OPTION_CA, OPTION_OUTPUT, OPTION_SECRET };

static int load(const struct invocation *invocation, struct attestation *ret,
                struct authorities **ret_authorities, struct problem *problem)
{
        const char *ca = option_value(invocation, OPTION_CA);
        int r;

        if (!ca || !option_value(invocation, OPTION_OUTPUT) ||
            !option_value(invocation, OPTION_SECRET))
                return problem_set(problem, -EINVAL,
                                   "key challenge: expected --ca, --output and --secret");
        r = attestation_load(invocation->operands[0], ret, problem);
        return r < 0 ? r : authorities_load(ca, ret_authorities, problem);
}

/* Whom to ask: the endorsement key for which an authority vouches, and the attestation key that
 * claims to be beside it. Whether it is, the answer shows. */
static int prove(const struct attestation *attestation, const struct authorities *authorities,
                 struct evidence_proof *ret, struct problem *problem)
{
        int r;

        if (attestation->evidence.kind != EVIDENCE_TPM2)
                return problem_set(problem, -EKEYREJECTED,
                                   "challenge: a PKCS#11 token answers none");
        r = evidence_check(&attestation->evidence, &attestation->key, ret, problem);
        return r < 0 ? r
                     : evidence_check_authority(&attestation->evidence, &attestation->key,
                                                authorities, ret, problem);
}

/* The secret first: a challenge without it is worth nothing. */
static int write_both(const struct invocation *invocation, const struct evidence_proof *proof,
                      struct problem *problem)
{
        _cleanup_(challenge_done) struct challenge challenge = {};
        _cleanup_(buf_done) struct buf text = {}, secret_text = {};
        struct challenge_secret secret;
        int r = challenge_make(proof->authority_for, &proof->attestation_name, &challenge, &secret);

        if (r == -EOPNOTSUPP || r == -EBADMSG)
                return problem_set(problem, -EKEYREJECTED,
                                   "the certificate is for a kind of endorsement key that is not "
                                   "known here");
        if (r == 0)
                r = challenge_secret_put(&secret_text, &secret);
        if (r == 0)
                r = challenge_put(&text, &challenge);
        if (r == 0)
                r = file_replace(AT_FDCWD, option_value(invocation, OPTION_SECRET),
                                 buf_view(&secret_text), 0600, problem);
        return r < 0 ? r
                     : output_write_file(option_value(invocation, OPTION_OUTPUT), buf_view(&text),
                                         problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(authorities_freep) struct authorities *authorities = NULL;
        _cleanup_(attestation_done) struct attestation attestation = {};
        _cleanup_(evidence_proof_done) struct evidence_proof proof = {};
        int r = load(invocation, &attestation, &authorities, problem);

        if (r < 0)
                return answer_of(r, problem);
        r = prove(&attestation, authorities, &proof, problem);
        if (r == 0)
                r = write_both(invocation, &proof, problem);
        if (r == -EKEYREJECTED || r == -EBADMSG) {
                (void)problem_prefix(problem, r, "%s", invocation->operands[0]);
                return ANSWER_NO;
        }
        return answer_of(r, problem);
}

const struct verb verb_key_challenge = {
        .group = "key",
        .name = "challenge",
        .operands = "FILE",
        .help = "ask the TPM of an attestation what only it can tell, without that TPM",
        .operands_min = 1,
        .operands_max = 1,
        .options =
                {
                        [OPTION_CA] = {"ca", NULL, "DIR",
                                       "certificates of the authorities to trust"},
                        [OPTION_OUTPUT] = {"output", "o", "FILE",
                                           "write the challenge there; - is standard output"},
                        [OPTION_SECRET] = {"secret", "s", "FILE",
                                           "write there by what to know the answer"},
                },
        .run = run,
};
