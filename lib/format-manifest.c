/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/format.h"

#include <errno.h>

#include "lib/spool.h"

/* A manifest of sha256sum(1), which lists the files of a directory, and beside it the signature of
 * that file: the bundle that any file gets. The manifest is among the attributes. */

/* Which manifest the bundle is about shows by its name. */
static int recognises(struct view file)
{
        (void)file;
        return 0;
}

static int compare(const struct signature *signature, struct problem *problem)
{
        const struct bundle *bundle = &signature->bundle;

        if (!bundle->hash || view_equal(view_of(signature->digest, signature->digest_size),
                                        view_of(bundle->digest, bundle->digest_size)))
                return 0;
        return problem_set(problem, -EKEYREJECTED, "the manifest is not the one that was signed");
}

static int hash_manifest(struct signature *signature, const char *hash)
{
        _cleanup_(digest_stream_done) struct digest_stream stream = digest_stream_begin(hash);
        struct view slice;
        int r;

        signature->hash = NULL;
        for (size_t i = 0; (slice = spool_slice(&signature->attributes, i)).size > 0;
             i += slice.size)
                digest_stream_put(&stream, slice);
        r = digest_stream_end(&stream, signature->digest, &signature->digest_size);
        if (r == 0)
                signature->hash = hash;
        return r;
}

static int digest(struct signature *signature, const struct format_signer *signer,
                  struct format_content *content, struct problem *problem)
{
        const char *hash = signer->algorithm->hash;
        int r;

        (void)content;
        if (signature->bundle.hash && !string_equal(signature->bundle.hash, hash))
                return -EKEYREJECTED;
        r = format_has_digest(signature, hash) ? 0 : hash_manifest(signature, hash);
        return r < 0 ? r : compare(signature, problem);
}

static int put(struct buf *buf, const struct signature *signature,
               const struct format_signer *signer)
{
        return format_bundle.put(buf, signature, signer);
}

const struct format format_manifest = {
        .name = "manifest",
        .suffix = FORMAT_MANIFEST_NAME ".sigstore.json",
        .of_models = 1,
        .recognises = recognises,
        .digest = digest,
        .put = put,
};
