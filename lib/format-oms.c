/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/format.h"
#include "lib/oms.h"

#include <errno.h>

/* Whether it is one shows when the bundle has been read. */
static int recognises(struct view file)
{
        (void)file;
        return 0;
}

/* The bundle has been read, and has an envelope. The statement is for who has verified it. */
static int parse(struct view file, struct signature *ret, struct problem *problem)
{
        (void)file;
        return format_take_envelope(ret, problem);
}

static int prepare(const struct format_signer *signer, struct format_content *content,
                   struct signature *ret, struct problem *problem)
{
        (void)content, (void)ret;
        if (signer->algorithm->kind == ALGORITHM_ECDSA)
                return 0;
        return problem_set(problem, -EOPNOTSUPP,
                           "OpenSSF Model Signing takes ECDSA keys only, this one is %s",
                           signer->algorithm->name);
}

/* Unlike that of other bundles, this hint must be the key's. */
static int check_hint(const struct signature *signature, const struct format_signer *signer,
                      struct problem *problem)
{
        const char *found = signature->bundle.hint;
        char expected[HEX_SIZE(SHA256_SIZE)];
        int r = oms_hint(signer->pubkey, expected);

        if (r < 0 || !found || !found[0] || string_equal(found, expected))
                return r;
        (void)problem; /* another key may be the one that is meant */
        return -EKEYREJECTED;
}

static int digest(struct signature *signature, const struct format_signer *signer,
                  struct format_content *content, struct problem *problem)
{
        int r = check_hint(signature, signer, problem);

        (void)content;
        if (r < 0)
                return r;
        if (signer->algorithm->kind != ALGORITHM_ECDSA)
                return -EKEYREJECTED;
        return format_digest_statement(signature, signer->algorithm->hash);
}

static int put(struct buf *buf, const struct signature *signature,
               const struct format_signer *signer)
{
        const struct tlog_statement statement = {signer->pubkey, signer->algorithm,
                                                 view_of(signature->digest, signature->digest_size),
                                                 buf_view(&signature->value)};
        char hint[HEX_SIZE(SHA256_SIZE)];
        int r = oms_hint(signer->pubkey, hint);

        return r < 0 ? r
                     : bundle_put_envelope(buf, hint, format_statement_of(signature), &statement,
                                           signature->entry);
}

const struct format format_oms = {
        .name = "oms",
        .suffix = "model.sig",
        .of_models = 1,
        .recognises = recognises,
        .parse = parse,
        .prepare = prepare,
        .digest = digest,
        .put = put,
};
