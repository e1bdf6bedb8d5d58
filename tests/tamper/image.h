/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The files of a journal folder in memory, to be changed at will and then put on the disk.
 */

#include "tests/unit/folder.h"

#define IMAGE_FILES 160
#define IMAGE_PATH  64

struct image_file {
        char path[IMAGE_PATH]; /* relative to the journal */
        struct buf content;
};

struct image {
        struct image_file files[IMAGE_FILES];
        size_t count;
};

/* All regular files of the folder but the lock, which means nothing. */
void image_load(struct image *ret, const char *path);
void image_done(struct image *image);
void image_copy(struct image *to, const struct image *from);

/* The content, or NULL. */
struct buf *image_find(struct image *image, const char *path);
struct view image_view(const struct image *image, const char *path, int *ret_there);

/* The emptied content of a file that is there from now on. */
struct buf *image_put(struct image *image, const char *path);
void image_remove(struct image *image, const char *path);

/* Removes all files below that folder. */
void image_clear(struct image *image, const char *folder);

/* Makes the folder, which holds @there, hold @image. */
void image_store(const struct image *image, const struct image *there, const struct folder *folder);

/* Whether both have the file alike, or neither. */
int image_same(const struct image *a, const struct image *b, const char *path);
