/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/format.h"
#include "lib/tlog-proof.h"

/* A proof of a single signature holds what a bundle does: the digest, and the signature. */
static int digest(struct signature *signature, const struct format_signer *signer,
                  struct format_content *content, struct problem *problem)
{
        return format_bundle.digest(signature, signer, content, problem);
}

const struct format format_proof = {
        .name = "tlog-proof",
        .suffix = ".tlog-proof",
        .is_logged = 1,
        .recognises = tlog_proof_is,
        .digest = digest,
};
