/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/add-checkpoint.h"

#include <errno.h>

#include "lib/base64.h"

int add_checkpoint_put(struct buf *buf, uint64_t old, const struct merkle_proof *proof,
                       struct view checkpoint)
{
        buf_put_string(buf, "old ");
        buf_put_decimal(buf, old);
        buf_put_u8(buf, '\n');
        for (size_t i = 0; i < proof->count; i++) {
                base64_encode(buf, sha256_view(&proof->hash[i]));
                buf_put_u8(buf, '\n');
        }
        buf_put_u8(buf, '\n');
        buf_put_view(buf, checkpoint);
        return buf_error(buf);
}

/* The last line of the key's: what was verified is every one of them. */
static void put_line(const struct note *note, const struct vkey *key, struct buf *ret)
{
        for (size_t i = 0; i < note->count; i++) {
                struct view blob = buf_view(&note->signatures[i].blob);

                if (!view_is(note->signatures[i].name, key->name) ||
                    memcmp(blob.data, key->id, VKEY_ID_SIZE) != 0)
                        continue;
                buf_clear(ret);
                buf_put_format(ret, "\xe2\x80\x94 %s ", key->name);
                base64_encode(ret, blob);
                buf_put_u8(ret, '\n');
        }
}

int add_checkpoint_read_cosignature(struct view body, struct view text, const struct vkey *key,
                                    struct buf *ret_line, uint64_t *ret_time,
                                    struct problem *problem)
{
        _cleanup_(buf_done) struct buf bytes = BUF_INIT(NOTE_SIZE_MAX);
        _cleanup_(note_done) struct note note = {};
        uint64_t time = 0;
        int r;

        buf_put_view(&bytes, text);
        buf_put_u8(&bytes, '\n');
        buf_put_view(&bytes, body);
        if (buf_error(&bytes))
                return problem_set(problem, -EBADMSG, "answer: too long");
        r = note_parse(buf_view(&bytes), &note, NULL);
        /* A blank line in the answer would have moved what is signed. */
        if (r == -EBADMSG || (r == 0 && !view_equal(note.text, text)))
                return problem_set(problem, -EBADMSG, "answer: expected signature lines");
        if (r == 0)
                r = vkey_verify(key, &note, &time, problem);
        if (r == 0 && time == 0)
                r = problem_set(problem, -EKEYREJECTED, "cosignature without a time");
        if (r < 0)
                return r;
        put_line(&note, key, ret_line);
        *ret_time = time;
        return buf_error(ret_line);
}

int add_checkpoint_read_size(struct view body, uint64_t *ret, struct problem *problem)
{
        struct reader reader = reader_init(body);
        struct view number = reader_until(&reader, '\n');

        if (reader_end(&reader) < 0 || view_parse_decimal(number, ret) < 0 ||
            *ret > UINT64_MAX >> 1)
                return problem_set(problem, -EBADMSG, "answer 409: expected a size and a newline");
        return 0;
}
