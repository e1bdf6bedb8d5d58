/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/format.h"

#include <errno.h>

static int recognises(struct view file)
{
        (void)file;
        return 1;
}

static int parse(struct view file, struct signature *ret, struct problem *problem)
{
        (void)problem; /* whether it is one, the key tells */
        buf_put_view(&ret->value, file);
        return buf_error(&ret->value);
}

static int digest(struct signature *signature, const struct format_signer *signer,
                  struct format_content *content, struct problem *problem)
{
        signature->digest_size = signer->algorithm->digest_size;
        return content->digest(content, signer->algorithm->hash, (struct view){}, signature->digest,
                               problem);
}

static int put(struct buf *buf, const struct signature *signature,
               const struct format_signer *signer)
{
        (void)signer;
        buf_put_view(buf, buf_view(&signature->value));
        return buf_error(buf);
}

const struct format format_raw = {
        .name = "raw",
        .suffix = ".sig",
        .is_binary = 1,
        .recognises = recognises,
        .parse = parse,
        .digest = digest,
        .put = put,
};
