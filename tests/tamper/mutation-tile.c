/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tile.h"
#include "tests/tamper/mutation.h"

/* Of tiles and bundles by somebody who knows what they are; the checkpoint stays. */

#define HASH SHA256_SIZE

static unsigned last_width(const struct material *material)
{
        return (unsigned)(material->size % TILE_WIDTH);
}

/* The tile or bundle that holds the record, as a checkpoint of the whole has it. */
static struct tile_place {
        size_t number;
        unsigned width;
} place_of(const struct material *material, size_t index)
{
        size_t number = index / TILE_WIDTH;

        return (struct tile_place){
                number, number == material->size / TILE_WIDTH ? last_width(material) : TILE_WIDTH};
}

static int level_of(struct material *material)
{
        return (int)material_random(material, 3) - 1;
}

static void exchange_hashes(struct material *material, struct image *image)
{
        struct buf *content = &material_pick(material, image, "tile/0")->content;
        size_t a = material_random(material, content->size / HASH) * HASH;
        size_t b = material_random(material, content->size / HASH) * HASH;
        uint8_t kept[HASH];

        memcpy(kept, content->data + a, HASH);
        memcpy(content->data + a, content->data + b, HASH);
        memcpy(content->data + b, kept, HASH);
}

static void repeat_hash(struct material *material, struct image *image)
{
        const char *folder = material_random(material, 4) == 0 ? "tile/1" : "tile/0";
        struct buf *content = &material_pick(material, image, folder)->content;
        size_t a = material_random(material, content->size / HASH) * HASH;
        size_t b = material_random(material, content->size / HASH) * HASH;

        memmove(content->data + a, content->data + b, HASH);
}

/* One record, edited in its bundle, in its hash tile, or in both, and nowhere else. */
static void edit_in_tile(struct material *material, struct image *image)
{
        struct record_list list = {};
        size_t index = material_random(material, material->size);
        struct tile_place place = place_of(material, index);
        size_t way = material_random(material, 3);

        records_copy(&list, &material->records);
        list.at[index] = material_edit(material, &list, list.at[index]);
        if (way != 0)
                rebuild_bundle(image, &list, place.number, place.width);
        if (way != 1)
                rebuild_tile(image, &list, 0, place.number, place.width);
        records_done(&list);
}

static void reorder_in_bundle(struct material *material, struct image *image)
{
        struct record_list list = {};
        size_t index = material_random(material, material->size);
        struct tile_place place = place_of(material, index);
        size_t other = place.number * TILE_WIDTH + material_random(material, place.width);
        struct view kept;

        records_copy(&list, &material->records);
        kept = list.at[index];
        list.at[index] = list.at[other];
        if (material_random(material, 3) > 0)
                list.at[other] = kept; /* else one stands there twice */
        rebuild_bundle(image, &list, place.number, place.width);
        if (material_random(material, 3) == 0)
                rebuild_tile(image, &list, 0, place.number, place.width);
        records_done(&list);
}

/* Shorter by a record, or longer. */
static void resize_bundle(struct material *material, struct image *image)
{
        struct record_list list = {};
        size_t index = material_random(material, material->size);
        struct tile_place place = place_of(material, index);
        struct buf *content;
        char path[TILE_PATH_SIZE];
        int r = 0;

        records_copy(&list, &material->records);
        if (material_random(material, 2) == 0)
                records_remove(&list, index);
        else
                records_insert(&list, index, list.at[material_random(material, material->size)]);
        content = image_put(image, tile_path(TILE_ENTRIES, place.number, place.width, path));
        for (size_t i = 0; i < place.width + list.count - material->size && r == 0; i++)
                r = tile_put_entry(content, list.at[place.number * TILE_WIDTH + i]);
        assert(r == 0);
}

/* A partial file of an older checkpoint, which is the front of the newer one but for one thing. */
static void make_stale_partial(struct material *material, struct image *image)
{
        struct record_list list = {};
        size_t index = material_random(material, material->size);
        struct tile_place place = place_of(material, index);
        unsigned width;

        records_copy(&list, &material->records);
        width = (unsigned)(index % TILE_WIDTH + 1 +
                           material_random(material, place.width - index % TILE_WIDTH));
        if (width == TILE_WIDTH)
                width--;
        list.at[index] = material_edit(material, &list, list.at[index]);
        if (material_random(material, 2) == 0)
                rebuild_bundle(image, &list, place.number, width);
        else
                rebuild_tile(image, &list, 0, place.number, width);
        records_done(&list);
}

/* More than the checkpoint covers, or a width that the content has not. */
static void rename_partial(struct material *material, struct image *image)
{
        int level = level_of(material);
        size_t number = level == 1 ? 0 : material->size / TILE_WIDTH;
        unsigned width =
                level == 1 ? (unsigned)(material->size / TILE_WIDTH) : last_width(material);
        unsigned other = (unsigned)(1 + material_random(material, TILE_WIDTH - 1));
        char path[TILE_PATH_SIZE];
        struct buf copy = {};
        int there;

        if (other == width)
                return;
        buf_put_view(&copy, image_view(image, tile_path(level, number, width, path), &there));
        if (material_random(material, 2) == 0)
                image_remove(image, path); /* in its place, else beside it */
        buf_put_view(image_put(image, tile_path(level, number, other, path)), buf_view(&copy));
        buf_done(&copy);
}

/* A full tile becomes a partial one, or the other way round. */
static void change_fullness(struct material *material, struct image *image)
{
        int level = (int)material_random(material, 2) - 1;
        size_t number = material_random(material, material->size / TILE_WIDTH + 1);
        struct tile_place place = place_of(material, number * TILE_WIDTH);
        struct buf copy = {};
        char path[TILE_PATH_SIZE];
        int there;

        buf_put_view(&copy, image_view(image, tile_path(level, number, place.width, path), &there));
        image_remove(image, path);
        place.width = place.width < TILE_WIDTH ? TILE_WIDTH : TILE_WIDTH - 1;
        buf_put_view(image_put(image, tile_path(level, number, place.width, path)),
                     buf_view(&copy));
        buf_done(&copy);
}

static void exchange_levels(struct material *material, struct image *image)
{
        struct image_file *a = material_pick(material, image, "tile/0");
        struct image_file *b =
                material_pick(material, image, material_random(material, 2) ? "tile/1" : "tile/e");
        struct buf kept = a->content;

        a->content = b->content;
        b->content = kept;
}

/* Two whole tiles with their bundles: consistent with each other, but not in this order. */
static void exchange_tiles(struct material *material, struct image *image)
{
        struct record_list list = {};

        records_copy(&list, &material->records);
        memcpy(&list.at[0], &material->records.at[TILE_WIDTH], TILE_WIDTH * sizeof(*list.at));
        memcpy(&list.at[TILE_WIDTH], &material->records.at[0], TILE_WIDTH * sizeof(*list.at));
        for (size_t number = 0; number < 2; number++) {
                rebuild_bundle(image, &list, number, TILE_WIDTH);
                rebuild_tile(image, &list, 0, number, TILE_WIDTH);
        }
        if (material_random(material, 2) == 0)
                rebuild_tile(image, &list, 1, 0, (unsigned)(material->size / TILE_WIDTH));
        /* One of them in one place only, perhaps. */
        if (material_random(material, 2) == 0)
                rebuild_bundle(image, &material->records, material_random(material, 2), TILE_WIDTH);
}

const struct mutation mutations_of_tiles[] = {
        {"hashes exchanged", exchange_hashes, EXPECT_NAMED},
        {"a hash repeated", repeat_hash, EXPECT_NAMED},
        {"a record edited in one tile", edit_in_tile, EXPECT_NAMED},
        {"a bundle in another order", reorder_in_bundle, EXPECT_NAMED},
        {"a bundle shorter or longer", resize_bundle, EXPECT_NAMED},
        {"a stale partial tile that differs", make_stale_partial, EXPECT_NAMED},
        {"a partial tile of another width", rename_partial, EXPECT_NAMED},
        {"full and partial exchanged", change_fullness, EXPECT_NAMED},
        {"levels exchanged", exchange_levels, EXPECT_NAMED},
        {"tiles exchanged", exchange_tiles, EXPECT_EITHER},
        {},
};
