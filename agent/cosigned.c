/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cosigned.h"

#include <errno.h>

#include "lib/base64.h"

void cosigned_done(struct cosigned *cosigned)
{
        buf_done(&cosigned->note);
        *cosigned = (struct cosigned){};
}

/* Puts @from, which is given up, in the place of @to. */
static void replace(struct cosigned *to, struct cosigned *from)
{
        cosigned_done(to);
        *to = *from;
        *from = (struct cosigned){};
}

int cosigned_set(struct cosigned *cosigned, struct view bytes, const struct config *config,
                 struct problem *problem)
{
        _cleanup_(cosigned_done) struct cosigned fresh = {.note = BUF_INIT(NOTE_SIZE_MAX)};
        _cleanup_(note_done) struct note note = {};
        int r = note_parse(bytes, &note, problem);

        if (r == 0)
                r = checkpoint_parse_text(note.text, config->origin, &fresh.checkpoint, problem);
        if (r < 0)
                return r;
        fresh.text_size = note.text.size;
        for (size_t i = 0; i < config->witness_count; i++)
                if (vkey_verify(&config->witnesses[i].key, &note, NULL, NULL) == 0)
                        fresh.by |= UINT32_C(1) << i;
        buf_put_view(&fresh.note, bytes);
        if (buf_error(&fresh.note))
                return buf_error(&fresh.note);
        replace(cosigned, &fresh);
        return 0;
}

int cosigned_copy(const struct cosigned *from, struct cosigned *to)
{
        _cleanup_(cosigned_done) struct cosigned copy = *from;

        copy.note = BUF_INIT(NOTE_SIZE_MAX);
        buf_put_view(&copy.note, buf_view(&from->note));
        if (buf_error(&copy.note))
                return buf_error(&copy.note);
        replace(to, &copy);
        return 0;
}

static int is_by(const struct note_signature *signature, const struct vkey *key)
{
        return view_is(signature->name, key->name) &&
               memcmp(signature->blob.data, key->id, VKEY_ID_SIZE) == 0;
}

int cosigned_add(struct cosigned *cosigned, size_t witness, const struct vkey *key,
                 struct view line)
{
        _cleanup_(cosigned_done) struct cosigned fresh = *cosigned;
        _cleanup_(note_done) struct note note = {};
        int r = note_parse(buf_view(&cosigned->note), &note, NULL);

        fresh.note = BUF_INIT(NOTE_SIZE_MAX);
        if (r < 0)
                return r;
        buf_put_view(&fresh.note, note.text);
        buf_put_u8(&fresh.note, '\n');
        for (size_t i = 0; i < note.count; i++) {
                if (is_by(&note.signatures[i], key))
                        continue;
                buf_put_string(&fresh.note, "\xe2\x80\x94 ");
                buf_put_view(&fresh.note, note.signatures[i].name);
                buf_put_u8(&fresh.note, ' ');
                base64_encode(&fresh.note, buf_view(&note.signatures[i].blob));
                buf_put_u8(&fresh.note, '\n');
        }
        buf_put_view(&fresh.note, line);
        if (buf_error(&fresh.note))
                return buf_error(&fresh.note);
        fresh.by |= UINT32_C(1) << witness;
        replace(cosigned, &fresh);
        return 0;
}

int cosigned_is_of(const struct cosigned *cosigned, uint64_t size)
{
        return cosigned->note.size > 0 && cosigned->checkpoint.size == size;
}

int cosigned_has(const struct cosigned *cosigned, size_t witness)
{
        return (cosigned->by >> witness & 1) != 0;
}

unsigned cosigned_count(const struct cosigned *cosigned)
{
        return (unsigned)__builtin_popcount(cosigned->by);
}

struct view cosigned_text(const struct cosigned *cosigned)
{
        return view_of(cosigned->note.data, cosigned->text_size);
}
