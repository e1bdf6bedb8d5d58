/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/attestation.h"

#include <errno.h>
#include <fcntl.h>

#include "lib/file.h"

void attestation_trust_done(struct attestation_trust *trust)
{
        authorities_free(trust->authorities);
        free(trust->secrets);
        buf_done(&trust->nonce);
        *trust = (struct attestation_trust){};
}

int attestation_trust_add_authorities(struct attestation_trust *trust, const char *path,
                                      struct problem *problem)
{
        return authorities_load(path, &trust->authorities, problem);
}

int attestation_trust_add_secret(struct attestation_trust *trust, const char *path,
                                 struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(CHALLENGE_TEXT_MAX);
        struct challenge_secret secret, *more;
        struct problem reason = {};
        int r = file_read(AT_FDCWD, path, &text, problem);

        if (r < 0)
                return r;
        r = challenge_secret_parse(buf_view(&text), &secret, &reason);
        if (r < 0)
                return problem_set(problem, r, "%s: %s", path, problem_text(&reason, r));
        more = reallocarray(trust->secrets, trust->secret_count + 1, sizeof(*more));
        if (!more)
                return -ENOMEM;
        trust->secrets = more;
        trust->secrets[trust->secret_count++] = secret;
        return 0;
}

int attestation_trust_set_name(struct attestation_trust *trust, const char *hex,
                               struct problem *problem)
{
        if (!hex)
                return 0;
        if (hex_decode(view_string(hex), trust->name.bytes, TPM_NAME_SIZE) < 0)
                return problem_set(problem, -EINVAL,
                                   "attestation key: expected a Name of %zu bytes in hexadecimal",
                                   TPM_NAME_SIZE);
        trust->has_name = 1;
        return 0;
}

int attestation_trust_set_nonce(struct attestation_trust *trust, const char *hex,
                                struct problem *problem)
{
        size_t size = hex ? strlen(hex) / 2 : 0;
        uint8_t nonce[EVIDENCE_NONCE_MAX];

        if (!hex)
                return 0;
        if (size == 0 || size > sizeof(nonce) || hex_decode(view_string(hex), nonce, size) < 0)
                return problem_set(problem, -EINVAL,
                                   "nonce: expected at most %zu bytes in hexadecimal",
                                   EVIDENCE_NONCE_MAX);
        buf_put(&trust->nonce, nonce, size);
        return buf_error(&trust->nonce);
}

/* The challenge that this attestation answers, if it is one of ours; else one of its attestation
 * key, or any, for the reason why not. */
static const struct challenge_secret *find_secret(const struct attestation_trust *trust,
                                                  const struct evidence_proof *proof)
{
        const struct challenge_secret *best = trust->secrets;

        for (size_t i = 0; i < trust->secret_count; i++) {
                const struct challenge_secret *secret = &trust->secrets[i];

                if (!view_equal(tpm_name_view(&secret->attestation_key),
                                tpm_name_view(&proof->attestation_name)))
                        continue;
                best = secret;
                if (view_equal(proof->attest.head.qualifying,
                               view_of(secret->nonce, sizeof(secret->nonce))))
                        return secret;
        }
        return best;
}

static int check_binding(const struct attestation_trust *trust, const struct evidence *evidence,
                         struct evidence_proof *proof, struct problem *problem)
{
        const struct challenge_secret *secret = find_secret(trust, proof);

        if (secret)
                return evidence_check_secret(evidence, secret, trust->authorities, proof, problem);
        if (!trust->has_name ||
            !view_equal(tpm_name_view(&trust->name), tpm_name_view(&proof->attestation_name)))
                return problem_set(problem, -EKEYREJECTED,
                                   "attestation key: expected the one that was challenged before");
        proof->bound = 1;
        return 0;
}

static int check_nonce(const struct attestation_trust *trust, const struct evidence *evidence,
                       const struct evidence_proof *proof, struct problem *problem)
{
        const struct challenge_secret *secret = find_secret(trust, proof);

        if (trust->nonce.size > 0)
                return evidence_check_nonce(evidence, proof, buf_view(&trust->nonce), problem);
        if (secret && evidence->kind == EVIDENCE_TPM2)
                return evidence_check_nonce(evidence, proof,
                                            view_of(secret->nonce, sizeof(secret->nonce)), problem);
        return 0;
}

int attestation_trust_check(const struct attestation_trust *trust,
                            const struct attestation *attestation, const struct keyring_key *key,
                            struct evidence_proof *ret, struct problem *problem)
{
        const struct evidence *evidence = &attestation->evidence;
        int r = evidence_check(evidence, key, ret, problem);

        if (r == 0)
                r = evidence_check_authority(evidence, key, trust->authorities, ret, problem);
        if (r == 0 && evidence->kind == EVIDENCE_TPM2)
                r = check_binding(trust, evidence, ret, problem);
        return r < 0 ? r : check_nonce(trust, evidence, ret, problem);
}
