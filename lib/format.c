/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/format.h"

#include <errno.h>

#include "lib/signed-message.h"
#include "lib/utc.h"

/* In the order in which they are tried: raw signatures look like anything. */
static const struct format *const formats[] = {
        &format_dsse,      /* of statements; bundles are of another form */
        &format_bundle,    /* of files, and in the same form */
        &format_oms,       /* of models */
        &format_manifest,  /* of models: a bundle of a file, beside it */
        &format_statement, /* of statements, and in the same form */
        &format_proof,     &format_sshsig, &format_openpgp, &format_cms, &format_raw,
};

const char *const format_names[] = {"bundle", "cms",    "manifest",   "oms", "openpgp",
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
        buf_done(&signature->message);
        buf_done(&signature->payload);
        bundle_done(&signature->bundle);
        *signature = (struct signature){};
}

int signature_parse(struct view file, struct signature *ret, struct problem *problem)
{
        int r;

        for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
                if (!formats[i]->recognises(file))
                        continue;
                ret->format = formats[i];
                r = formats[i]->parse ? formats[i]->parse(file, ret, problem) : 0;
                if (r == 0 && ret->payload.size > 0)
                        break; /* nothing that has one has used it */
                return r;
        }
        return problem_set(problem, -EBADMSG, "no signature");
}

int signature_digest(struct signature *signature, const struct format_signer *signer,
                     struct format_content *content, struct problem *problem)
{
        if (algorithm_signs_messages(signer->algorithm) && !signature->format->signs_messages)
                return -EKEYREJECTED;
        return signature->format->digest(signature, signer, content, problem);
}

int signature_verify(const struct signature *signature, const struct format_signer *signer,
                     struct pubkey *key)
{
        return signed_message_verify(key, signer->algorithm,
                                     view_of(signature->digest, signature->digest_size),
                                     buf_view(&signature->message), buf_view(&signature->value));
}

int format_check_algorithm(const struct format *format, const struct algorithm *algorithm,
                           struct problem *problem)
{
        if (!algorithm_signs_messages(algorithm) || format->signs_messages || format->is_logged)
                return 0;
        return problem_set(problem, -EOPNOTSUPP,
                           "format %s carries signatures of digests, and %s signs messages: "
                           "expected bundle, raw, sshsig or tlog-proof",
                           format->name, algorithm->name);
}

static int digest_message(struct signature *signature, const struct format_signer *signer,
                          struct format_content *content, struct problem *problem)
{
        struct view message;
        int r;

        buf_clear(&signature->message);
        r = content->message(content, &signature->message, problem);
        message = buf_view(&signature->message);
        return r < 0 ? r
                     : digest_of_parts(signer->algorithm->hash, &message, 1, signature->digest,
                                       &signature->digest_size);
}

int format_digest_content(struct signature *signature, const struct format_signer *signer,
                          struct format_content *content, struct problem *problem)
{
        if (algorithm_signs_messages(signer->algorithm))
                return digest_message(signature, signer, content, problem);
        signature->digest_size = signer->algorithm->digest_size;
        return content->digest(content, signer->algorithm->hash, (struct view){}, signature->digest,
                               problem);
}
