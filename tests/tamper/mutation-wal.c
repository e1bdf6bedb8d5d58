/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/wal.h"
#include "tests/tamper/mutation.h"

/*
 * Of the write-ahead file. The journal is one that was stopped in order, so whatever it holds is
 * in the bundles, too. That it is not there says nothing.
 */

#define TILE 256

static size_t segment_first(const struct material *material)
{
        return material->size / TILE * TILE;
}

/* The records that are in the bundles as they were signed, and in a segment as they were not. */
static void rewrite(struct material *material, struct image *image, struct record_list *list)
{
        rebuild_segment(image, list, segment_first(material), 1 + material_random(material, 20));
        records_done(list);
}

static void edit_record(struct material *material, struct image *image)
{
        struct record_list list = {};
        size_t first = segment_first(material);
        size_t index = first + material_random(material, material->size - first);

        records_copy(&list, &material->records);
        list.at[index] = material_edit(material, &list, list.at[index]);
        rewrite(material, image, &list);
}

static void reorder_records(struct material *material, struct image *image)
{
        struct record_list list = {};
        size_t first = segment_first(material), left = material->size - first;
        size_t a = first + material_random(material, left);
        size_t b = first + material_random(material, left);

        records_copy(&list, &material->records);
        list.at[a] = material->records.at[b];
        if (material_random(material, 2) == 0)
                list.at[b] = material->records.at[a];
        rewrite(material, image, &list);
}

static void remove_or_insert_record(struct material *material, struct image *image)
{
        struct record_list list = {};
        size_t first = segment_first(material);
        size_t index = first + material_random(material, material->size - first - 1);

        records_copy(&list, &material->records);
        if (material_random(material, 2) == 0)
                records_remove(&list, index);
        else
                records_insert(&list, index, list.at[material_random(material, list.count)]);
        if (list.count > material->size)
                list.count = material->size; /* no more than there were, or it would be a new one */
        rewrite(material, image, &list);
}

/* Batches of one record each, each a view of the whole segment. */
static size_t split(const struct buf *segment, struct view *ret, size_t max)
{
        size_t at = 0, count = 0;

        while (at < segment->size && count < max) {
                struct reader reader =
                        reader_init(view_of(segment->data + at + 16, segment->size - at - 16));

                ret[count] = view_of(segment->data + at, WAL_HEAD_SIZE + reader_u32(&reader));
                at += ret[count++].size;
        }
        return count;
}

static void put_batches(struct buf *segment, const struct view *batches, size_t count)
{
        struct buf joined = {};

        for (size_t i = 0; i < count; i++)
                buf_put_view(&joined, batches[i]);
        buf_clear(segment);
        buf_put_view(segment, buf_view(&joined));
        buf_done(&joined);
}

/* Whole batches, good ones, that are exchanged, doubled or left out in the middle. */
static void move_batches(struct material *material, struct image *image)
{
        struct view batches[TILE + 1];
        char path[WAL_NAME_SIZE];
        struct buf *segment = image_put(image, wal_path(segment_first(material), path));
        size_t count, a, b;

        rebuild_segment(image, &material->records, segment_first(material), 1);
        count = split(segment, batches, TILE);
        a = material_random(material, count - 1);
        b = material_random(material, count - 1);
        switch (material_random(material, 3)) {
        case 0:
                batches[count] = batches[a];
                batches[a] = batches[b];
                batches[b] = batches[count];
                break;
        case 1:
                memmove(&batches[a + 1], &batches[a], (count++ - a) * sizeof(*batches));
                break;
        default:
                memmove(&batches[a], &batches[a + 1], (--count - a) * sizeof(*batches));
                break;
        }
        put_batches(segment, batches, count);
}

static void edit_head(struct material *material, struct image *image)
{
        char path[WAL_NAME_SIZE];
        struct buf *segment = image_put(image, wal_path(segment_first(material), path));
        struct view batches[TILE];
        size_t at, count;

        rebuild_segment(image, &material->records, segment_first(material),
                        1 + material_random(material, 9));
        count = split(segment, batches, TILE);
        at = (size_t)(batches[material_random(material, count)].data - segment->data);
        segment->data[at + material_random(material, WAL_HEAD_SIZE)] ^=
                (uint8_t)(1 + material_random(material, 255));
}

/* Another segment of records that are not those in the bundles. */
static void add_segment(struct material *material, struct image *image)
{
        struct record_list list = {};
        size_t first = material_random(material, material->size - 1);

        records_copy(&list, &material->records);
        list.count = first + 1 + material_random(material, material->size - first - 1);
        list.at[first] = list.at[first + 1];
        rebuild_segment(image, &list, first, 7);
}

/* Good batches under a name that is not theirs, or far beyond the end. */
static void rename_segment(struct material *material, struct image *image)
{
        size_t first = material_random(material, 2 * material->size);
        char path[WAL_NAME_SIZE];

        if (first == segment_first(material))
                return;
        image_clear(image, "wal/");
        rebuild_segment(image, &material->records, segment_first(material), 3);
        (void)snprintf(image->files[image->count - 1].path, IMAGE_PATH, "%s",
                       wal_path(first, path));
}

/* A tail that was never promised, in a journal that nobody writes any more. */
static void tear(struct material *material, struct image *image)
{
        struct buf *segment = &material_pick(material, image, "wal/")->content;

        buf_put_string(segment, "HMwb");
        for (size_t i = material_random(material, 200); i > 0; i--)
                buf_put_u8(segment, (uint8_t)material_random(material, 256));
}

/* Records once more, after the end: without a key nobody can have them covered. */
static void replay_records(struct material *material, struct image *image)
{
        struct record_list list = {};
        size_t from = material_random(material, material->size);
        size_t count = 1 + material_random(material, material->size - from);

        records_copy(&list, &material->records);
        for (size_t i = 0; i < count && list.count < RECORDS_MAX; i++)
                records_insert(&list, list.count, list.at[from + i]);
        rewrite(material, image, &list);
}

static void append_fork(struct material *material, struct image *image)
{
        struct record_list list = {};

        records_copy(&list, &material->records);
        for (size_t i = material_random(material, material->fork_size);
             i < material->fork_size && list.count < RECORDS_MAX; i++)
                records_insert(&list, list.count, material->fork_records.at[i]);
        rewrite(material, image, &list);
}

const struct mutation mutations_of_wal[] = {
        {"a record edited in the write-ahead file", edit_record, EXPECT_NAMED},
        {"records in another order there", reorder_records, EXPECT_NAMED},
        {"a record more or less there", remove_or_insert_record, EXPECT_NAMED},
        {"batches moved", move_batches, EXPECT_NAMED},
        {"the head of a batch edited", edit_head, EXPECT_NAMED},
        {"a segment added", add_segment, EXPECT_NAMED},
        {"a segment renamed", rename_segment, EXPECT_NAMED},
        {"a torn tail", tear, EXPECT_NAMED},
        {"a range of records replayed", replay_records, EXPECT_UNSEALED},
        {"the records of a fork appended", append_fork, EXPECT_UNSEALED},
        {},
};
