/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tamper/rebuild.h"

#include "lib/merkle.h"
#include "lib/tile.h"
#include "lib/wal.h"

void records_read(struct record_list *ret, const struct image *image, size_t size)
{
        char path[TILE_PATH_SIZE];

        ret->count = 0;
        while (ret->count < size) {
                size_t number = ret->count / TILE_WIDTH, left = size - ret->count;
                unsigned width = left < TILE_WIDTH ? (unsigned)left : TILE_WIDTH;
                struct reader reader;
                int there;

                reader = reader_init(
                        image_view(image, tile_path(TILE_ENTRIES, number, width, path), &there));
                assert(there && size <= RECORDS_MAX);
                for (unsigned i = 0; i < width; i++)
                        ret->at[ret->count++] = tile_read_entry(&reader);
                assert(!reader.bad);
        }
}

void records_copy(struct record_list *to, const struct record_list *from)
{
        assert(from->made_count == 0);
        memcpy(to->at, from->at, from->count * sizeof(*from->at));
        to->count = from->count;
        to->made_count = 0;
}

void records_done(struct record_list *list)
{
        for (size_t i = 0; i < RECORDS_MADE; i++)
                buf_done(&list->made[i]);
}

struct buf *records_make(struct record_list *list)
{
        assert(list->made_count < RECORDS_MADE);
        buf_clear(&list->made[list->made_count]);
        return &list->made[list->made_count++];
}

void records_insert(struct record_list *list, size_t index, struct view record)
{
        assert(list->count < RECORDS_MAX && index <= list->count);
        memmove(&list->at[index + 1], &list->at[index], (list->count - index) * sizeof(*list->at));
        list->at[index] = record;
        list->count++;
}

void records_remove(struct record_list *list, size_t index)
{
        list->count--;
        memmove(&list->at[index], &list->at[index + 1], (list->count - index) * sizeof(*list->at));
}

static struct merkle_tree tree_of(const struct record_list *list, size_t first, size_t count)
{
        struct sha256 completed[MERKLE_HEIGHT_MAX];
        struct merkle_tree tree = {};

        for (size_t i = first; i < first + count; i++) {
                struct sha256 leaf = merkle_leaf(list->at[i]);

                (void)merkle_push(&tree, &leaf, completed);
        }
        return tree;
}

struct sha256 rebuild_root(const struct record_list *list, size_t size)
{
        struct merkle_tree tree = tree_of(list, 0, size);

        return merkle_root(&tree);
}

void rebuild_bundle(struct image *image, const struct record_list *list, size_t number,
                    unsigned width)
{
        char path[TILE_PATH_SIZE];
        struct buf *content = image_put(image, tile_path(TILE_ENTRIES, number, width, path));

        for (size_t i = number * TILE_WIDTH; i < number * TILE_WIDTH + width; i++) {
                int r = tile_put_entry(content, list->at[i]);

                assert(r == 0);
        }
}

void rebuild_tile(struct image *image, const struct record_list *list, int level, size_t number,
                  unsigned width)
{
        size_t leaves = (size_t)1 << (level * TILE_HEIGHT);
        char path[TILE_PATH_SIZE];
        struct buf *content = image_put(image, tile_path(level, number, width, path));

        for (size_t i = number * TILE_WIDTH; i < number * TILE_WIDTH + width; i++) {
                struct merkle_tree tree = tree_of(list, i * leaves, leaves);
                struct sha256 hash = merkle_root(&tree);

                buf_put_view(content, sha256_view(&hash));
        }
}

void rebuild_segment(struct image *image, const struct record_list *list, size_t first,
                     size_t batch_size)
{
        char path[WAL_NAME_SIZE];
        struct buf *content = image_put(image, wal_path(first, path));

        while (first < list->count) {
                _cleanup_(wal_batch_done) struct wal_batch batch = {};
                int r = 0;

                wal_batch_init(&batch, first);
                for (size_t i = 0; i < batch_size && first < list->count && r == 0; i++, first++) {
                        struct sha256 leaf = merkle_leaf(list->at[first]);

                        r = wal_batch_add(&batch, list->at[first], &leaf);
                }
                if (r == 0)
                        r = wal_batch_finish(&batch);
                assert(r == 0);
                buf_put_view(content, buf_view(&batch.bytes));
        }
}

void rebuild(struct image *image, const struct record_list *list, size_t size)
{
        image_clear(image, "tile/");
        image_clear(image, "wal/");
        for (int level = TILE_ENTRIES; level < TILE_LEVELS; level++) {
                size_t hashes = (size_t)tile_hashes(level < 0 ? 0 : level, size);

                for (size_t number = 0; number * TILE_WIDTH < hashes; number++) {
                        size_t left = hashes - number * TILE_WIDTH;
                        unsigned width = left < TILE_WIDTH ? (unsigned)left : TILE_WIDTH;

                        if (level == TILE_ENTRIES)
                                rebuild_bundle(image, list, number, width);
                        else
                                rebuild_tile(image, list, level, number, width);
                }
        }
        rebuild_segment(image, list, size / TILE_WIDTH * TILE_WIDTH, 9);
}
