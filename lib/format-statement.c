/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/format.h"

#include "lib/statement.h"

#include <errno.h>

/* What is signed is a statement about the content, which it names by digest: as a bundle with an
 * envelope, or as the envelope alone. */

const struct buf *format_statement_of(const struct signature *signature)
{
        if (signature->bundle.envelope.payload_type)
                return &signature->bundle.envelope.payload;
        return &signature->attributes;
}

int format_digest_statement(struct signature *signature, const char *hash)
{
        int r;

        if (format_has_digest(signature, hash))
                return 0;
        signature->hash = NULL;
        r = dsse_digest_of(hash, DSSE_IN_TOTO, format_statement_of(signature), signature->digest,
                           &signature->digest_size);
        if (r == 0)
                signature->hash = hash;
        return r;
}

int format_take_envelope(struct signature *ret, struct problem *problem)
{
        const struct dsse *envelope = &ret->bundle.envelope;

        if (!string_equal(envelope->payload_type, DSSE_IN_TOTO))
                return problem_set(problem, -EBADMSG,
                                   "envelope: payloadType: expected \"" DSSE_IN_TOTO
                                   "\", found \"%.100s\"",
                                   envelope->payload_type);
        buf_put_view(&ret->value, buf_view(&envelope->signature));
        return buf_error(&ret->value);
}

/* The bundle has been read, and has an envelope. */
static int parse_bundle(struct view file, struct signature *ret, struct problem *problem)
{
        (void)file;
        return format_take_envelope(ret, problem);
}

static int parse_envelope(struct view file, struct signature *ret, struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *object = NULL;
        int r;

        if (file.size > BUNDLE_ENVELOPE_SIZE_MAX)
                return problem_set(problem, -EBADMSG, "envelope: longer than %zu bytes",
                                   BUNDLE_ENVELOPE_SIZE_MAX);
        r = json_parse_object(file, &object, problem);
        if (r < 0)
                return problem_prefix(problem, r, "envelope");
        r = dsse_parse(object, &ret->bundle.envelope, problem);
        return r < 0 ? r : format_take_envelope(ret, problem);
}

static int digest(struct signature *signature, const struct format_signer *signer,
                  struct format_content *content, struct problem *problem)
{
        (void)content, (void)problem;
        return format_digest_statement(signature, signer->algorithm->hash);
}

static int put_bundle(struct buf *buf, const struct signature *signature,
                      const struct format_signer *signer)
{
        const struct tlog_statement statement = {signer->pubkey, signer->algorithm,
                                                 view_of(signature->digest, signature->digest_size),
                                                 buf_view(&signature->value)};
        char hint[BUNDLE_HINT_SIZE];

        return bundle_put_envelope(buf, bundle_hint(signer->pubkey, hint),
                                   format_statement_of(signature), &statement, signature->entry);
}

static int put_envelope(struct buf *buf, const struct signature *signature,
                        const struct format_signer *signer)
{
        (void)signer;
        dsse_put(buf, DSSE_IN_TOTO, format_statement_of(signature), buf_view(&signature->value));
        buf_put_u8(buf, '\n');
        return buf_error(buf);
}

/* Whether it is a bundle, and one of those, shows when it has been read. */
static int recognises_nothing(struct view file)
{
        (void)file;
        return 0;
}

/* An object whose members are those of an envelope: what else it has, the parser refuses. */
static int recognises_envelope(struct view file)
{
        static const char member[] = "\"payloadType\"", bundle[] = "\"dsseEnvelope\"";

        return format_bundle.recognises(file) &&
               memmem(file.data, file.size, member, strlen(member)) &&
               !memmem(file.data, file.size, bundle, strlen(bundle));
}

const struct format format_statement = {
        .name = "attestation",
        .suffix = ".intoto.sigstore.json",
        .of_statements = 1,
        .recognises = recognises_nothing,
        .parse = parse_bundle,
        .digest = digest,
        .put = put_bundle,
};

const struct format format_dsse = {
        .name = "dsse",
        .suffix = ".intoto.json",
        .of_statements = 1,
        .recognises = recognises_envelope,
        .parse = parse_envelope,
        .digest = digest,
        .put = put_envelope,
};
