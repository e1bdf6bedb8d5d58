/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/format.h"

#include <errno.h>

#include "lib/oms.h"
#include "lib/spool.h"
#include "lib/statement.h"
#include "lib/utf8.h"

/* Neither DER nor the big number of an RSA signature is text in braces. */
static int recognises(struct view bytes)
{
        size_t i = 0;

        while (i < bytes.size && strchr(" \t\r\n", bytes.data[i]) && bytes.data[i])
                i++;
        return i < bytes.size && bytes.data[i] == '{' && utf8_is_valid(bytes);
}

/* Across the borders of slices, too. */
static int contains(const struct buf *buf, const char *text)
{
        size_t size = strlen(text);
        struct view slice;

        for (size_t i = 0; (slice = spool_slice(buf, i)).size >= size; i += slice.size - size + 1)
                if (memmem(slice.data, slice.size, text, size))
                        return 1;
        return 0;
}

/* By the type of its predicate. What is no statement at all is for the parser of models to refuse.
 */
static const struct format *find_format(const struct dsse *envelope)
{
        _cleanup_(statement_done) struct statement statement = {};

        if (contains(&envelope->payload, "\"" OMS_PREDICATE_TYPE "\"") ||
            (statement_parse(buf_view(&envelope->payload), &statement, NULL) == 0 &&
             string_equal(statement.predicate_type, OMS_PREDICATE_TYPE)))
                return &format_oms;
        return &format_statement;
}

/* The payload that the envelope had. */
static int take_payload(struct signature *ret, struct problem *problem)
{
        struct dsse *envelope = &ret->bundle.envelope;

        if (ret->payload.size == 0)
                return 0;
        if (ret->bundle.hash || envelope->payload.size > 0)
                return problem_set(problem, -EBADMSG, "envelope: two payloads");
        buf_done(&envelope->payload);
        envelope->payload = ret->payload;
        ret->payload = (struct buf){};
        return 0;
}

/* A bundle with an envelope is of a model, or of another statement. */
static int parse(struct view file, struct signature *ret, struct problem *problem)
{
        int r = bundle_parse(file, &ret->bundle, problem);

        if (r == 0)
                r = take_payload(ret, problem);
        if (r < 0)
                return r;
        if (!ret->bundle.hash) {
                ret->format = find_format(&ret->bundle.envelope);
                return ret->format->parse(file, ret, problem);
        }
        buf_put_view(&ret->value, buf_view(&ret->bundle.signature));
        return buf_error(&ret->value);
}

/* The bundle's digest is signed by nobody; it serves to say that the file is another one. */
static int compare(const struct signature *signature, const struct format_content *content,
                   struct problem *problem)
{
        const struct bundle *bundle = &signature->bundle;
        char expected[HEX_SIZE(DIGEST_SIZE_MAX)], found[HEX_SIZE(DIGEST_SIZE_MAX)];
        struct view bundled = view_of(bundle->digest, bundle->digest_size);
        struct view digest = view_of(signature->digest, signature->digest_size);

        if (!bundle->hash || view_equal(digest, bundled)) /* none was read when one is made */
                return 0;
        return problem_set(problem, -EKEYREJECTED, "%s: digest: the %s is about %s:%s, found %s:%s",
                           content->name, signature->format->name, bundle->hash,
                           hex_encode(bundled, expected), bundle->hash, hex_encode(digest, found));
}

static int digest(struct signature *signature, const struct format_signer *signer,
                  struct format_content *content, struct problem *problem)
{
        int r;

        if (signature->bundle.hash &&
            !string_equal(signature->bundle.hash, signer->algorithm->hash))
                return -EKEYREJECTED;
        r = format_digest_content(signature, signer, content, problem);
        return r < 0 ? r : compare(signature, content, problem);
}

static int put(struct buf *buf, const struct signature *signature,
               const struct format_signer *signer)
{
        return bundle_put(
                buf,
                &(struct tlog_statement){signer->pubkey, signer->algorithm,
                                         view_of(signature->digest, signature->digest_size),
                                         buf_view(&signature->value)},
                signature->entry);
}

const struct format format_bundle = {
        .name = "bundle",
        .suffix = ".sigstore.json",
        .signs_messages = 1,
        .recognises = recognises,
        .parse = parse,
        .digest = digest,
        .put = put,
};
