/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"
#include "lib/note.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

static void put_note(struct buf *buf, const struct note *note)
{
        buf_put_view(buf, note->text);
        buf_put_u8(buf, '\n');
        for (size_t i = 0; i < note->count; i++) {
                buf_put_string(buf, "\xe2\x80\x94 ");
                buf_put_view(buf, note->signatures[i].name);
                buf_put_u8(buf, ' ');
                base64_encode(buf, buf_view(&note->signatures[i].blob));
                buf_put_u8(buf, '\n');
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(note_done) struct note note = {};
        _cleanup_(buf_done) struct buf again = {};
        struct problem problem = {};
        int r = note_parse(view_of(data, size), &note, &problem);

        assert(r == 0 || r == -EBADMSG || r == -EMSGSIZE);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        assert(note.count > 0 && note.count <= NOTE_SIGNATURES_MAX);
        for (size_t i = 0; i < note.count; i++) {
                _cleanup_(freep) char *name = view_dup(note.signatures[i].name);

                assert(name && note_name_is_valid(name));
        }
        put_note(&again, &note);
        assert(view_equal(buf_view(&again), view_of(data, size)));
        return 0;
}
