/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tamper/mutation.h"

/* Of files as such, whatever they hold: what disks, copies and vandals do. */

#define SECTOR 512u

static struct buf *pick(struct material *material, struct image *image)
{
        return &material_pick(material, image, "")->content;
}

static size_t at_most(size_t value, size_t limit)
{
        return value < limit ? value : limit;
}

static void change_bytes(struct material *material, struct image *image)
{
        struct buf *content = pick(material, image);

        for (size_t i = 1 + material_random(material, 8); i > 0 && content->size > 0; i--)
                content->data[material_random(material, content->size)] ^=
                        (uint8_t)(1 + material_random(material, 255));
}

static void flip_bit(struct material *material, struct image *image)
{
        struct buf *content = pick(material, image);

        if (content->size > 0)
                content->data[material_random(material, content->size)] ^=
                        (uint8_t)(1u << material_random(material, 8));
}

static void remove_bytes(struct material *material, struct image *image)
{
        struct buf *content = pick(material, image);
        size_t at, size;

        if (content->size == 0)
                return;
        at = material_random(material, content->size);
        size = at_most(1 + material_random(material, 300), content->size - at);
        memmove(content->data + at, content->data + at + size, content->size - at - size);
        content->size -= size;
}

static void insert_bytes(struct material *material, struct image *image)
{
        struct buf *content = pick(material, image), copy = {};
        size_t at = material_random(material, content->size + 1);

        buf_put_view(&copy, buf_view(content));
        content->size = at;
        for (size_t i = 1 + material_random(material, 300); i > 0; i--)
                buf_put_u8(content, (uint8_t)material_random(material, 256));
        buf_put(content, copy.data + at, copy.size - at);
        buf_done(&copy);
}

static void exchange_ranges(struct material *material, struct image *image)
{
        struct buf *content = pick(material, image);
        size_t size = 1 + material_random(material, 200), a, b;

        if (content->size < 2 * size)
                return;
        a = material_random(material, content->size - size + 1);
        b = material_random(material, content->size - size + 1);
        for (size_t i = 0; i < size; i++) {
                uint8_t kept = content->data[a + i];

                content->data[a + i] = content->data[b + i];
                content->data[b + i] = kept;
        }
}

/* A sector that was never written, or holds what belongs elsewhere. */
static void lose_sector(struct material *material, struct image *image)
{
        struct buf *content = pick(material, image), *other = pick(material, image);
        size_t at, size;

        if (content->size == 0)
                return;
        at = material_random(material, content->size) / SECTOR * SECTOR;
        size = at_most(SECTOR, content->size - at);
        if (material_random(material, 2) == 0 || other->size < size || other == content)
                memset(content->data + at, 0, size);
        else
                memcpy(content->data + at,
                       other->data + material_random(material, other->size - size + 1), size);
}

static void cut(struct material *material, struct image *image)
{
        struct buf *content = pick(material, image);

        if (content->size > 0)
                content->size = material_random(material, content->size);
}

static void lengthen(struct material *material, struct image *image)
{
        struct buf *content = pick(material, image);
        size_t size = 1 + material_random(material, 600);
        int zeros = material_random(material, 3) == 0;

        for (size_t i = 0; i < size; i++)
                buf_put_u8(content, zeros ? 0 : (uint8_t)material_random(material, 256));
}

static void empty(struct material *material, struct image *image)
{
        buf_clear(pick(material, image));
}

static void remove_file(struct material *material, struct image *image)
{
        image_remove(image, material_pick(material, image, "")->path);
}

static void exchange_files(struct material *material, struct image *image)
{
        struct buf *a = pick(material, image), *b = pick(material, image), kept = *a;

        *a = *b;
        *b = kept;
}

static void copy_over(struct material *material, struct image *image)
{
        struct buf *from = pick(material, image), *to = pick(material, image);

        if (from == to)
                return;
        buf_clear(to);
        buf_put_view(to, buf_view(from));
}

/* A file of the other journal in the place of this one's. */
static void take_from_fork(struct material *material, struct image *image)
{
        for (size_t i = 1 + material_random(material, 4); i > 0; i--) {
                const struct image_file *file = material_pick(material, &material->fork, "");

                buf_put_view(image_put(image, file->path), buf_view(&file->content));
        }
}

static void change_much(struct material *material, struct image *image)
{
        static void (*const changes[])(struct material *, struct image *) = {
                change_bytes, remove_bytes, exchange_ranges, lose_sector, cut,
                lengthen,     remove_file,  exchange_files,  copy_over};

        for (size_t i = 2 + material_random(material, 6); i > 0; i--)
                changes[material_random(material, ARRAY_SIZE(changes))](material, image);
}

const struct mutation mutations_of_bytes[] = {
        {"bytes changed", change_bytes, EXPECT_NAMED},
        {"a bit flipped", flip_bit, EXPECT_NAMED},
        {"bytes removed", remove_bytes, EXPECT_NAMED},
        {"bytes inserted", insert_bytes, EXPECT_NAMED},
        {"ranges exchanged", exchange_ranges, EXPECT_NAMED},
        {"a sector lost", lose_sector, EXPECT_NAMED},
        {"a file cut", cut, EXPECT_NAMED},
        {"a file lengthened", lengthen, EXPECT_NAMED},
        {"a file emptied", empty, EXPECT_NAMED},
        {"a file removed", remove_file, EXPECT_NAMED},
        {"files exchanged", exchange_files, EXPECT_NAMED},
        {"a file copied over another", copy_over, EXPECT_NAMED},
        {"files of a fork", take_from_fork, EXPECT_EITHER},
        {"much changed", change_much, EXPECT_NAMED},
        {},
};
