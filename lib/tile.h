/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where the hashes and entries of a log lie in its folder: C2SP tlog-tiles.
 *
 * A tile holds up to TILE_WIDTH hashes of one level; slot i of tile n at level l is the root over
 * the entries
 * [(n·256+i)·256^l, (n·256+i+1)·256^l). An entry bundle holds the entries of the level-0 tile of
 * the same number, each as uint16 big-endian length and bytes.
 */

#include "lib/digest.h"

#define TILE_HEIGHT      8
#define TILE_WIDTH       256
#define TILE_LEVELS      8    /* 256^8 entries is all that an uint64 counts */
#define TILE_FOLDER      1000 /* tiles of a level in one folder */
#define TILE_PATH_SIZE   64
#define TILE_ENTRIES     (-1) /* in place of a level: the entry bundle */
#define ENTRY_SIZE_MAX   ((size_t)65535)
#define ENTRY_BUNDLE_MAX (TILE_WIDTH * (ENTRY_SIZE_MAX + 2))

/* "tile/<level>/<number>[.p/<width>]" or "tile/entries/…". @width TILE_WIDTH stands for the full
 * tile. Returns
 * @ret. */
char *tile_path(int level, uint64_t number, unsigned width, char ret[TILE_PATH_SIZE]);

/* How many hashes of level @level a tree of @size has in all. */
uint64_t tile_hashes(int level, uint64_t size);

/* Appends one entry to a bundle. -EMSGSIZE over ENTRY_SIZE_MAX. */
int tile_put_entry(struct buf *bundle, struct view entry) _must_use_;

/* The next entry of a bundle; reader->bad tells when it is cut short. */
struct view tile_read_entry(struct reader *reader);
