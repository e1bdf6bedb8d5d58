/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"
#include "lib/checkpoint.h"
#include "tests/tamper/mutation.h"

/* Of the checkpoint, with the journal as it was or rewritten to match it. */

static const char *origin_of(const struct material *material)
{
        return material->ring.origin;
}

static void sign(struct buf *note, const char *name, EVP_PKEY *key)
{
        _cleanup_(pubkey_freep) struct pubkey *public = key_public(key);
        _cleanup_(buf_done) struct buf signature = {};
        struct sha256 digest = note_digest(buf_view(note));
        int r;

        key_sign(key, algorithm_find("ecdsa-p256"), sha256_view(&digest), &signature);
        buf_put_u8(note, '\n');
        r = note_put_signature(note, name, public, buf_view(&signature));
        assert(r == 0);
}

/* Of the tree as it is, or of another one that is there; but with a key that is nobody's. */
static void sign_by_a_stranger(struct material *material, struct image *image)
{
        struct record_list list = {};
        struct checkpoint checkpoint = {.size = material->size};
        struct buf *note;

        records_copy(&list, &material->records);
        if (material_random(material, 2) == 0) {
                size_t index = material_random(material, list.count);

                list.at[index] = material_edit(material, &list, list.at[index]);
                rebuild(image, &list, list.count);
        }
        checkpoint.root = rebuild_root(&list, list.count);
        records_done(&list);
        note = image_put(image, "checkpoint");
        checkpoint_put_text(note, origin_of(material), &checkpoint);
        sign(note, origin_of(material), material->stranger);
}

/* With the identity of the log key: its name and key ID, and another's signature. */
static void forge_key_id(struct material *material, struct image *image)
{
        struct view genuine = buf_view(image_find(&material->real, "checkpoint"));
        struct buf *note = image_put(image, "checkpoint");
        const uint8_t *line = memmem(genuine.data, genuine.size, "\n\n", 2);
        _cleanup_(buf_done) struct buf blob = {}, signature = {};
        struct sha256 digest;

        assert(line);
        buf_put(note, genuine.data, (size_t)(line + 1 - genuine.data));
        if (material_random(material, 2) == 0)
                note->data[strlen(origin_of(material)) + 1] ^= 1; /* a digit of the size */
        digest = note_digest(buf_view(note));
        key_sign(material->stranger, algorithm_find("ecdsa-p256"), sha256_view(&digest),
                 &signature);
        for (size_t i = 0; i < material->ring.count; i++) {
                struct sha256 hash = sha256_of(pubkey_spki(material->ring.keys[i].pubkey));

                if (material->ring.keys[i].purpose == KEY_LOG)
                        buf_put(&blob, hash.bytes, 4);
        }
        buf_put_view(&blob, buf_view(&signature));
        buf_put_format(note, "\n\xe2\x80\x94 %s ", origin_of(material));
        base64_encode(note, buf_view(&blob));
        buf_put_u8(note, '\n');
}

/* An older one, all genuine; with the records of then or those of now. */
static void put_older(struct material *material, struct image *image)
{
        size_t which = material_random(material, material->earlier_count);
        struct record_list list = {};

        records_copy(&list, &material->records);
        if (material_random(material, 3) > 0) {
                if (material_random(material, 2) == 0)
                        list.count = material->earlier_size[which];
                rebuild(image, &list, material->earlier_size[which]);
        }
        buf_put_view(image_put(image, "checkpoint"), buf_view(&material->earlier[which]));
}

/* The other journal whole: each of its files is good. */
static void put_fork(struct material *material, struct image *image)
{
        image_copy(image, &material->fork);
        if (material_random(material, 2) == 0)
                image_clear(image, "wal/");
}

/* The other journal's checkpoint over records of both, or over this one's. */
static void put_fork_checkpoint(struct material *material, struct image *image)
{
        struct record_list list = {};
        size_t at = material_random(material, material->size);

        if (material_random(material, 2) == 0) {
                records_copy(&list, &material->records);
                for (list.count = at; list.count < material->fork_size; list.count++)
                        list.at[list.count] = material->fork_records.at[list.count];
                rebuild(image, &list, list.count);
        }
        buf_put_view(image_put(image, "checkpoint"),
                     buf_view(image_find(&material->fork, "checkpoint")));
}

/* The text of one and the signature of another. */
static void mix(struct material *material, struct image *image)
{
        struct view of_text = buf_view(image_find(&material->real, "checkpoint"));
        struct view of_signature =
                buf_view(&material->earlier[material_random(material, material->earlier_count)]);
        const uint8_t *text_end, *signature_from;
        struct buf *note = image_put(image, "checkpoint");

        if (material_random(material, 2) == 0) {
                struct view kept = of_text;

                of_text = of_signature;
                of_signature = kept;
        }
        text_end = memmem(of_text.data, of_text.size, "\n\n", 2);
        signature_from = memmem(of_signature.data, of_signature.size, "\n\n", 2);
        assert(text_end && signature_from);
        buf_put(note, of_text.data, (size_t)(text_end - of_text.data));
        buf_put(note, signature_from,
                of_signature.size - (size_t)(signature_from - of_signature.data));
}

/* Another size, root, origin or signature, well-formed. */
static void edit_line(struct material *material, struct image *image)
{
        struct buf *note = image_find(image, "checkpoint");
        size_t at;

        do
                at = material_random(material, note->size);
        while (!((note->data[at] >= '0' && note->data[at] <= '9') ||
                 (note->data[at] >= 'a' && note->data[at] <= 'z')));
        note->data[at] = note->data[at] == '7' ? '8' : note->data[at] <= '9' ? '7' : 'q';
}

static void edit_lines(struct material *material, struct image *image)
{
        static const char *const lines[] = {"\n", "extension\n", "7\n", "\xe2\x80\x94 x AAAA\n"};
        struct buf *note = image_find(image, "checkpoint"), copy = {};
        size_t line = material_random(material, 4);
        struct reader reader;

        buf_put_view(&copy, buf_view(note));
        reader = reader_init(buf_view(&copy));
        buf_clear(note);
        while (reader.left > 0) {
                struct view text = reader_until(&reader, '\n');

                if (line-- != 0) {
                        buf_put_view(note, text);
                        buf_put_u8(note, '\n');
                } else if (material_random(material, 2) == 0) {
                        buf_put_string(note, lines[material_random(material, ARRAY_SIZE(lines))]);
                }
        }
        buf_done(&copy);
}

const struct mutation mutations_of_checkpoints[] = {
        {"signed by a stranger", sign_by_a_stranger, EXPECT_HEAD},
        {"signed by a stranger in the log key's name", forge_key_id, EXPECT_HEAD},
        {"an older checkpoint", put_older, EXPECT_HEAD},
        {"a fork in its place", put_fork, EXPECT_HEAD},
        {"the checkpoint of a fork", put_fork_checkpoint, EXPECT_HEAD},
        {"text and signature of two", mix, EXPECT_HEAD},
        {"a character of a checkpoint", edit_line, EXPECT_HEAD},
        {"the lines of a checkpoint", edit_lines, EXPECT_HEAD},
        {},
};
