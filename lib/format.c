/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/format.h"

#include <errno.h>

#include "lib/utc.h"

/* In the order in which they are tried: raw signatures look like anything. */
static const struct format *const formats[] = {
        &format_dsse,      /* of statements; bundles are of another form */
        &format_bundle,    /* of files, and in the same form */
        &format_oms,       /* of models */
        &format_statement, /* of statements, and in the same form */
        &format_proof,     &format_sshsig, &format_openpgp, &format_cms, &format_raw,
};

const char *const format_names[] = {"bundle", "cms",    "oms",        "openpgp",
                                    "raw",    "sshsig", "tlog-proof", NULL};

const char *const format_statement_names[] = {"attestation", "dsse", NULL};

const struct format *format_at(size_t index)
{
        return index < ARRAY_SIZE(formats) ? formats[index] : NULL;
}

const struct format *format_find(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
                if (string_equal(formats[i]->name, name))
                        return formats[i];
        return NULL;
}

int format_signer_of(const struct keyring_key *key, struct format_signer *ret)
{
        *ret = (struct format_signer){
                .pubkey = key->pubkey, .algorithm = key->algorithm, .name = key->name};
        return utc_parse(key->created, &ret->created);
}

void signature_done(struct signature *signature)
{
        if (!signature)
                return;
        buf_done(&signature->attributes);
        buf_done(&signature->signer);
        buf_done(&signature->value);
        bundle_done(&signature->bundle);
        *signature = (struct signature){};
}

int signature_parse(struct view file, struct signature *ret, struct problem *problem)
{
        for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
                if (!formats[i]->recognises(file))
                        continue;
                ret->format = formats[i];
                return formats[i]->parse ? formats[i]->parse(file, ret, problem) : 0;
        }
        return problem_set(problem, -EBADMSG, "no signature");
}

int signature_digest(struct signature *signature, const struct format_signer *signer,
                     struct format_content *content, struct problem *problem)
{
        return signature->format->digest(signature, signer, content, problem);
}
