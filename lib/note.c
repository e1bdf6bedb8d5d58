/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/note.h"

#include <errno.h>

#include "lib/base64.h"
#include "lib/utf8.h"

#define LINE_START   "\xe2\x80\x94 " /* em dash and space */
#define TYPE_ED25519 0x01

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
        if (r == 0 && signature->blob.size <= NOTE_KEY_ID_SIZE)
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

void note_key_id(const char *name, const struct pubkey *key, uint8_t ret[NOTE_KEY_ID_SIZE])
{
        const uint8_t type = TYPE_ED25519;
        const struct view parts[] = {view_string(name), view_string("\n"), view_of(&type, 1),
                                     pubkey_ed25519(key)};
        struct sha256 hash = *pubkey_fingerprint(key);

        if (pubkey_ed25519(key).size > 0)
                hash = sha256_of_parts(parts, ARRAY_SIZE(parts));
        memcpy(ret, hash.bytes, NOTE_KEY_ID_SIZE);
}

static const struct algorithm *algorithm_of(const struct pubkey *key)
{
        return algorithm_find(pubkey_ed25519(key).size > 0 ? "ed25519" : "ecdsa-p256");
}

int note_verify(const struct note *note, const char *name, struct pubkey *key,
                struct problem *problem)
{
        uint8_t id[NOTE_KEY_ID_SIZE];
        int r = -ENOKEY;

        note_key_id(name, key, id);
        for (size_t i = 0; i < note->count; i++) {
                struct view blob = buf_view(&note->signatures[i].blob);

                if (!view_is(note->signatures[i].name, name) ||
                    memcmp(blob.data, id, sizeof(id)) != 0)
                        continue;
                r = pubkey_verify_message(key, algorithm_of(key), note->text,
                                          view_of(blob.data + sizeof(id), blob.size - sizeof(id)));
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
        uint8_t id[NOTE_KEY_ID_SIZE];

        assert(note_name_is_valid(name));
        note_key_id(name, key, id);
        buf_put(&blob, id, sizeof(id));
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
