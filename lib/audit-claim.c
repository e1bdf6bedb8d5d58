/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/audit-account.h"

#include <errno.h>

#include "lib/base64.h"
#include "lib/pubkey.h"

#define HIERARCHY_ENDORSEMENT "\x40\x00\x00\x0b"

void audit_claim_done(struct audit_claim *claim)
{
        buf_done(&claim->response);
        buf_done(&claim->name);
}

static int read_name(struct view text, struct buf *ret)
{
        uint8_t name[COMMAND_AUDIT_NAME_SIZE];

        if (hex_decode(text, name, sizeof(name)) < 0)
                return -EBADMSG;
        buf_put(ret, name, sizeof(name));
        return buf_error(ret);
}

static int check_signature(const struct record *record, const struct audit_claim *claim,
                           struct problem *problem)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");
        _cleanup_(buf_done) struct buf spki = BUF_INIT(SPKI_SIZE_MAX), der = {};
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        struct sha256 digest = sha256_of(claim->attest_bytes);

        if (base64_decode(&spki, record_string(record, "attestationKey")) < 0 ||
            pubkey_from_spki(buf_view(&spki), &key) < 0)
                return problem_set(problem, -EBADMSG, "audit: attestationKey is no public key");
        if (command_audit_read_signature(claim->signature, algorithm, &der) < 0 ||
            pubkey_verify(key, algorithm, sha256_view(&digest), buf_view(&der)) < 0)
                return problem_set(problem, -EKEYREJECTED,
                                   "audit: the attestation key has not signed this attestation");
        return 0;
}

/* The qualified Name of a primary key: its nameAlg and a digest over hierarchy and Name (TPM 2.0
 * Part 1 §16). */
static int check_signer(const struct audit_claim *claim, struct problem *problem)
{
        const struct view parts[] = {view_of(HIERARCHY_ENDORSEMENT, 4), buf_view(&claim->name)};
        struct sha256 digest = sha256_of_parts(parts, ARRAY_SIZE(parts));
        struct view signer = claim->attest.head.signer;

        if (signer.size != COMMAND_AUDIT_NAME_SIZE || signer.data[0] != 0 ||
            signer.data[1] != COMMAND_AUDIT_ALGORITHM ||
            !view_equal(view_of(signer.data + 2, SHA256_SIZE), sha256_view(&digest)))
                return problem_set(problem, -EKEYREJECTED,
                                   "audit: attested by another key than attestationName of the "
                                   "endorsement hierarchy");
        return 0;
}

static int check_head(const struct record *record, const struct audit_claim *claim,
                      const struct audit_context *context, struct problem *problem)
{
        struct sha256 root;
        int64_t size = 0;
        int r = record_integer(record, "size", &size);

        if (r == 0 && size >= 0)
                r = tree_window_root(context->window, (uint64_t)size, &root);
        if (r < 0 || size < 0)
                return problem_set(problem, -EKEYREJECTED,
                                   "audit: attests the tree of %lld records, which was none when "
                                   "its interval ended",
                                   (long long)size);
        if (!view_equal(claim->attest.head.qualifying, sha256_view(&root)))
                return problem_set(
                        problem, -EKEYREJECTED,
                        "audit: attests another tree of %lld records than this journal's",
                        (long long)size);
        return 0;
}

static int check_list(const struct audit_claim *claim, struct problem *problem)
{
        const struct sha256 list = command_audit_list();

        if (claim->attest.algorithm == COMMAND_AUDIT_ALGORITHM &&
            view_equal(claim->attest.commands, sha256_view(&list)))
                return 0;
        return problem_set(problem, -EKEYREJECTED,
                           "audit: the TPM audited other commands, or with another hash");
}

int audit_claim_read(const struct record *record, const struct audit_context *context,
                     struct audit_claim *ret, struct problem *problem)
{
        struct view outcome = record_string(record, "outcome");
        int r;

        *ret = (struct audit_claim){.response = BUF_INIT(COMMAND_AUDIT_RESPONSE_MAX)};
        ret->foreign = view_is(outcome, "foreign");
        ret->broken = ret->foreign || view_is(outcome, "broken");
        ret->key = sha256_of(record_string(record, "attestationKey"));
        r = ret->broken || view_is(outcome, "complete") ? 0 : -EBADMSG;
        if (r == 0)
                r = base64_decode(&ret->response, record_string(record, "response"));
        if (r == 0)
                r = command_audit_read_look(buf_view(&ret->response), &ret->attest_bytes,
                                            &ret->signature);
        if (r == 0)
                r = read_name(record_string(record, "attestationName"), &ret->name);
        if (r < 0)
                return r == -ENOMEM ? r
                                    : problem_set(problem, -EBADMSG,
                                                  "audit: outcome, response or attestationName is "
                                                  "malformed");
        r = attest_parse_audit(ret->attest_bytes, &ret->attest, problem);
        if (r == 0)
                r = check_signature(record, ret, problem);
        if (r == 0)
                r = check_signer(ret, problem);
        if (r == 0)
                r = check_list(ret, problem);
        return r < 0 ? r : check_head(record, ret, context, problem);
}
