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
        .signs_messages = 1,
        .recognises = recognises,
        .parse = parse,
        .digest = format_digest_content,
        .put = put,
};
