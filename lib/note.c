/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/note.h"

#include <errno.h>

#include "lib/base64.h"
#include "lib/utf8.h"

#define LINE_START  "\xe2\x80\x94 " /* em dash and space */
#define KEY_ID_SIZE ((size_t)4)

void note_done(struct note *note)
{
        if (!note)
                return;
        for (size_t i = 0; i < note->count; i++)
                buf_done(&note->signatures[i].blob);
        note->count = 0;
}

static int is_name(struct view name)
{
        struct view rest = name;

        if (name.size == 0 || name.size > NOTE_NAME_MAX || memchr(name.data, '+', name.size))
                return 0;
        while (rest.size > 0) {
                size_t length = utf8_length(rest);

                if (length == 0 || utf8_is_control(rest) || utf8_is_space(rest))
                        return 0;
                rest = view_of(rest.data + length, rest.size - length);
        }
        return 1;
}

int note_name_is_valid(const char *name)
{
        return is_name(view_string(name));
}

/* Only newlines among the control characters. */
static int is_note_text(struct view bytes)
{
        for (size_t i = 0; i < bytes.size; i++)
                if ((bytes.data[i] < 0x20 && bytes.data[i] != '\n') || bytes.data[i] == 0x7f)
                        return 0;
        return utf8_is_valid(bytes);
}

/* The size of the text: up to and with the newline before the last blank line; 0 for none. */
static size_t text_size(struct view bytes)
{
        for (size_t i = bytes.size; i >= 2; i--)
                if (bytes.data[i - 1] == '\n' && bytes.data[i - 2] == '\n')
                        return i - 1;
        return 0;
}

static int parse_signature(struct reader *reader, struct note *note)
{
        struct note_signature *signature = &note->signatures[note->count];
        struct view blob;
        int r;

        reader_expect(reader, LINE_START);
        signature->name = reader_until(reader, ' ');
        blob = reader_until(reader, '\n');
        if (reader->bad || !is_name(signature->name))
                return -EBADMSG;
        signature->blob = BUF_INIT(NOTE_SIZE_MAX);
        note->count++;
        r = base64_decode(&signature->blob, blob);
        if (r == 0 && signature->blob.size <= KEY_ID_SIZE)
                r = -EBADMSG;
        return r;
}

int note_parse(struct view bytes, struct note *ret, struct problem *problem)
{
        struct reader reader;
        size_t size;
        int r;

        ret->count = 0;
        if (bytes.size > NOTE_SIZE_MAX)
                return problem_set(problem, -EMSGSIZE, "note: longer than %zu bytes",
                                   NOTE_SIZE_MAX);
        if (!is_note_text(bytes))
                return problem_set(problem, -EBADMSG,
                                   "note: not UTF-8 text, or with control characters");
        size = text_size(bytes);
        if (size == 0 || size + 1 == bytes.size)
                return problem_set(problem, -EBADMSG,
                                   "note: expected text, a blank line and signatures");
        ret->text = view_of(bytes.data, size);
        reader = reader_init(view_of(bytes.data + size + 1, bytes.size - size - 1));
        for (size_t line = 1; reader.left > 0; line++) {
                if (ret->count == NOTE_SIGNATURES_MAX)
                        return problem_set(problem, -EBADMSG, "note: more than %d signatures",
                                           NOTE_SIGNATURES_MAX);
                r = parse_signature(&reader, ret);
                if (r < 0)
                        return problem_set(problem, r, "note: signature line %zu is malformed",
                                           line);
        }
        return 0;
}

static struct view key_id(const struct pubkey *key)
{
        return view_of(pubkey_fingerprint(key)->bytes, KEY_ID_SIZE);
}

int note_verify(const struct note *note, const char *name, struct pubkey *key,
                struct problem *problem)
{
        struct sha256 digest = note_digest(note->text);
        int r = -ENOKEY;

        for (size_t i = 0; i < note->count; i++) {
                struct view blob = buf_view(&note->signatures[i].blob);

                if (!view_is(note->signatures[i].name, name) ||
                    !view_equal(view_of(blob.data, KEY_ID_SIZE), key_id(key)))
                        continue;
                r = pubkey_verify(key, algorithm_find("ecdsa-p256"), sha256_view(&digest),
                                  view_of(blob.data + KEY_ID_SIZE, blob.size - KEY_ID_SIZE));
                if (r < 0)
                        break;
        }
        if (r == -ENOKEY)
                return problem_set(problem, r, "no signature of \"%s\" by the log key", name);
        if (r < 0)
                return problem_set(problem, r, "signature of \"%s\" does not verify", name);
        return 0;
}

struct sha256 note_digest(struct view text)
{
        return sha256_of(text);
}

int note_put_signature(struct buf *buf, const char *name, const struct pubkey *key,
                       struct view signature)
{
        _cleanup_(buf_done) struct buf blob = {};

        assert(note_name_is_valid(name));
        buf_put_view(&blob, key_id(key));
        buf_put_view(&blob, signature);
        if (buf_error(&blob))
                return buf_error(&blob);
        buf_put_string(buf, LINE_START);
        buf_put_string(buf, name);
        buf_put_u8(buf, ' ');
        base64_encode(buf, buf_view(&blob));
        buf_put_u8(buf, '\n');
        return buf_error(buf);
}
