/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/checkpoint.h"

#include <errno.h>

#include "lib/base64.h"

void checkpoint_put_text(struct buf *buf, const char *origin, const struct checkpoint *checkpoint)
{
        buf_put_string(buf, origin);
        buf_put_u8(buf, '\n');
        buf_put_decimal(buf, checkpoint->size);
        buf_put_u8(buf, '\n');
        base64_encode(buf, sha256_view(&checkpoint->root));
        buf_put_u8(buf, '\n');
}

int checkpoint_parse_text(struct view text, const char *origin, struct checkpoint *ret,
                          struct problem *problem)
{
        _cleanup_(buf_done) struct buf root = BUF_INIT(SHA256_SIZE);
        struct reader reader = reader_init(text);
        struct view found = reader_until(&reader, '\n');
        struct view size = reader_until(&reader, '\n');
        struct view hash = reader_until(&reader, '\n');
        struct checkpoint checkpoint = {};

        if (reader_end(&reader) < 0)
                return problem_set(problem, -EBADMSG,
                                   "checkpoint: expected three lines: origin, size and root");
        if (!view_is(found, origin))
                return problem_set(problem, -EBADMSG,
                                   "checkpoint: expected origin \"%s\", found \"%.*s\"", origin,
                                   (int)found.size, (const char *)found.data);
        if (view_parse_decimal(size, &checkpoint.size) < 0)
                return problem_set(problem, -EBADMSG, "checkpoint: size \"%.*s\" is no number",
                                   (int)size.size, (const char *)size.data);
        if (base64_decode(&root, hash) < 0 || root.size != SHA256_SIZE)
                return problem_set(problem, -EBADMSG,
                                   "checkpoint: root is not the base64 of %d bytes", SHA256_SIZE);
        memcpy(checkpoint.root.bytes, root.data, SHA256_SIZE);
        *ret = checkpoint;
        return 0;
}

int checkpoint_open(struct view bytes, const char *origin, struct pubkey *key,
                    struct checkpoint *ret, struct problem *problem)
{
        _cleanup_(note_done) struct note note = {};
        int r = note_parse(bytes, &note, problem);

        if (r == 0)
                r = note_verify(&note, origin, key, problem);
        if (r == 0)
                r = checkpoint_parse_text(note.text, origin, ret, problem);
        return r;
}
