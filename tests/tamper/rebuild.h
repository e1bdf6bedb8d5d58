/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Records of a journal, rewritten in memory, and the files that somebody writes for them who knows
 * the format and has no key.
 */

#include "lib/digest.h"
#include "tests/tamper/image.h"

#define RECORDS_MAX  1500
#define RECORDS_MADE 4 /* new ones in one list */

struct record_list {
        struct view at[RECORDS_MAX]; /* borrowed from an image or from made[] */
        size_t count;
        struct buf made[RECORDS_MADE];
        size_t made_count;
};

/* The first @size records out of the bundles; borrows from @image. */
void records_read(struct record_list *ret, const struct image *image, size_t size);
void records_copy(struct record_list *to, const struct record_list *from);
void records_done(struct record_list *list);

/* An empty record that is owned by the list, to be filled and put somewhere. */
struct buf *records_make(struct record_list *list);

void records_insert(struct record_list *list, size_t index, struct view record);
void records_remove(struct record_list *list, size_t index);

void rebuild_bundle(struct image *image, const struct record_list *list, size_t number,
                    unsigned width);
void rebuild_tile(struct image *image, const struct record_list *list, int level, size_t number,
                  unsigned width);
void rebuild_segment(struct image *image, const struct record_list *list, size_t first,
                     size_t batch_size);

/* Everything but the checkpoint, for a tree of the first @size records. */
void rebuild(struct image *image, const struct record_list *list, size_t size);

/* The root over the first @size records. */
struct sha256 rebuild_root(const struct record_list *list, size_t size);
