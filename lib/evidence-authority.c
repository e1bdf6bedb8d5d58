/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/evidence-check.h"

#include <errno.h>

/* The certificates of the evidence; those that do not parse are none. */
struct chain {
        struct certificate *certificates[EVIDENCE_CERTIFICATES_MAX + 1]; /* ended by NULL */
        size_t count;
};

static void chain_done(struct chain *chain)
{
        for (size_t i = 0; i < chain->count; i++)
                certificate_free(chain->certificates[i]);
}

static int read_chain(const struct evidence *evidence, struct chain *ret)
{
        for (size_t i = 0; i < evidence->certificate_count; i++) {
                int r = certificate_parse(buf_view(&evidence->certificates[i]),
                                          &ret->certificates[ret->count]);

                if (r == -ENOMEM)
                        return r;
                if (r == 0)
                        ret->count++;
        }
        return 0;
}

/* Whether the certificate is for what the evidence is about. */
static int is_leaf(const struct evidence *evidence, const struct keyring_key *key,
                   const struct certificate *certificate)
{
        if (evidence->kind == EVIDENCE_TPM2)
                return certificate_is_endorsement(certificate);
        return view_equal(certificate_spki(certificate), pubkey_spki(key->pubkey));
}

static int check_leaf(const struct evidence *evidence, const struct chain *chain,
                      const struct certificate *leaf, const struct authorities *authorities,
                      struct endorsed_device *ret_device, struct problem *problem)
{
        int r = authorities_verify(authorities, leaf, chain->certificates, problem);

        if (r < 0 || evidence->kind != EVIDENCE_TPM2)
                return r;
        return certificate_device(leaf, ret_device, problem);
}

/* The first leaf that is good; @wanted (may be NULL) is the SHA-256 of the one to look for. The
 * last reason why not stays in @problem. */
static int find_leaf(const struct evidence *evidence, const struct keyring_key *key,
                     const struct authorities *authorities, const struct sha256 *wanted,
                     struct evidence_proof *proof, struct problem *problem)
{
        _cleanup_(chain_done) struct chain chain = {};
        int r = read_chain(evidence, &chain), found = -ENOKEY;

        for (size_t i = 0; r == 0 && i < chain.count; i++) {
                struct certificate *leaf = chain.certificates[i];

                if (!is_leaf(evidence, key, leaf) ||
                    (wanted &&
                     !view_equal(sha256_view(wanted), sha256_view(certificate_fingerprint(leaf)))))
                        continue;
                *problem = (struct problem){};
                found = check_leaf(evidence, &chain, leaf, authorities, &proof->device, problem);
                if (found == -ENOMEM)
                        return found;
                if (found < 0)
                        continue;
                certificate_free(proof->authority_for);
                proof->authority_for = leaf;
                chain.certificates[i] = NULL;
                return 0;
        }
        return r < 0 ? r : found;
}

int evidence_check_authority(const struct evidence *evidence, const struct keyring_key *key,
                             const struct authorities *authorities, struct evidence_proof *proof,
                             struct problem *problem)
{
        struct problem reason = {};
        int r = find_leaf(evidence, key, authorities, NULL, proof, &reason);

        if (r == -ENOKEY)
                return problem_set(problem, -EKEYREJECTED,
                                   evidence->kind == EVIDENCE_TPM2
                                           ? "there is no certificate of an endorsement key"
                                           : "there is no certificate of the key");
        return r < 0 ? problem_set(problem, r, "%s", problem_text(&reason, r)) : 0;
}

int evidence_check_secret(const struct evidence *evidence, const struct challenge_secret *secret,
                          const struct authorities *authorities, struct evidence_proof *proof,
                          struct problem *problem)
{
        struct problem reason = {};
        int r;

        if (evidence->kind != EVIDENCE_TPM2)
                return problem_set(problem, -EKEYREJECTED,
                                   "challenge: a PKCS#11 token answers none");
        if (!view_equal(tpm_name_view(&secret->attestation_key),
                        tpm_name_view(&proof->attestation_name)))
                return problem_set(problem, -EKEYREJECTED,
                                   "challenge: it was made for another attestation key");
        r = find_leaf(evidence, NULL, authorities, &secret->certificate, proof, &reason);
        if (r == -ENOKEY)
                return problem_set(problem, -EKEYREJECTED,
                                   "challenge: it was made for another endorsement key");
        if (r < 0)
                return problem_set(problem, r, "%s", problem_text(&reason, r));
        if (!view_equal(buf_view(&evidence->activated),
                        view_of(secret->secret, sizeof(secret->secret))))
                return problem_set(problem, -EKEYREJECTED,
                                   evidence->activated.size > 0 ? "challenge: the answer is wrong"
                                                                : "challenge: it was not answered");
        proof->bound = 1;
        return 0;
}
