/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the parts of the journal writer share. Private to agent/writer*.c.
 *
 * writer.c puts batches together, writer-segment.c makes them durable in the write-ahead file,
 * writer-tile.c turns durable entries into tiles and bundles, writer-partial.c cares for those that
 * are not full, writer-recovery.c rebuilds all of this from the files.
 */

#include "agent/writer.h"
#include "lib/journal.h"
#include "lib/tile.h"
#include "lib/wal.h"

/* So many files of full tiles and bundles are written together, as soon as there are so many: the
 * loop stands still for a few milliseconds, and their folders are synced once. */
#define WRITER_FLUSH_FILES 16
/* Bytes of a segment, from when on a new one is begun without waiting for a checkpoint. */
#define WRITER_SEGMENT_MAX ((uint64_t)8 << 20)
/* Bytes of full bundles that wait for their file: no record is taken any more. */
#define WRITER_UNFLUSHED_LIMIT ((size_t)64 << 20)
#define WRITER_ROOM_MIN        ((uint64_t)4 << 20) /* bytes free before a full journal is tried again */
#define WRITER_FILES_MIN       ((uint64_t)16)      /* so many files, too */
#define WRITER_BATCH_OVERDUE   512 /* entries: commit without waiting for an idle loop */
#define WRITER_SEGMENT_STEP    ((uint64_t)64 << 10) /* bytes by which a segment grows */

/* The newest nodes of the tree, from which proofs are made without looking at a file or at a whole
 * tile: so many of the leaves, half as many of each height above, two from WRITER_RECENT_HEIGHT on.
 * More than the calls that wait for a checkpoint. */
#define WRITER_RECENT_HEIGHT 12
#define WRITER_RECENT        ((uint64_t)2 << WRITER_RECENT_HEIGHT)
#define WRITER_RECENT_NODES  (2 * WRITER_RECENT + 2 * MERKLE_HEIGHT_MAX)

/* The hashes of a level that are in its newest, incomplete tile. */
struct writer_level {
        uint64_t number;
        unsigned width; /* 0 to TILE_WIDTH - 1 */
        struct sha256 hash[TILE_WIDTH];
};

/* A full tile or bundle that is not in its file yet. */
struct writer_file {
        struct writer_file *next;
        struct tile tile;
        struct buf content;
};

/* The partial files of the newest tile of a level, or of the newest bundle, by their width. */
struct writer_partials {
        uint64_t number;
        uint32_t room[TILE_WIDTH];   /* bytes on the disk; 0: not there */
        uint8_t durable[TILE_WIDTH]; /* written by this writer */
};

struct writer_waiting {
        uint32_t count; /* entries */
        writer_function done;
        void *context;
};

struct writer {
        struct journal *journal; /* the same folder, for reading back */
        int dir_fd;
        int lock_fd;
        sd_event_source *commit_source, *late_source;
        enum writer_state state;
        char reason[256];
        struct writer_events events;

        int segment_fd;
        uint64_t segment_first;
        uint64_t segment_size; /* bytes that are durable */
        uint64_t segment_room; /* of the file: what follows segment_size is zeros */

        struct wal_batch batch;
        struct buf waiting; /* struct writer_waiting for each run of entries in the batch */

        struct merkle_tree tree;    /* of all durable entries */
        struct merkle_tree reread;  /* of those read back from their bundles so far */
        struct merkle_tree checked; /* of those read back from the write-ahead file so far */
        uint64_t checked_end;       /* bytes of the newest segment that this was */
        struct writer_level levels[TILE_LEVELS];
        struct sha256 recent[WRITER_RECENT_NODES];
        uint64_t recent_from; /* the first entry whose nodes are kept */
        struct buf edge;      /* bundle of the entries whose leaf hashes are in levels[0] */

        struct writer_file *unflushed, **unflushed_end;
        size_t unflushed_size;
        unsigned unflushed_count;
        uint64_t flushed; /* entries in full bundles on disk: a multiple of TILE_WIDTH */

        struct writer_partials partials[TILE_LEVELS + 1]; /* bundles first */
        uint64_t partials_room;                           /* of all */
        uint64_t prepared, published, published_before;   /* sizes of checkpoints */
};

/* Makes the batch durable at the end of the segment. -ENOSPC, -EROFS: it is not, as the state and
 * its reason say. */
int writer_write_batch(struct writer *writer) _must_use_;

/* When tiles cannot be written, the write-ahead file and our memory must not grow for ever: -ENOSPC
 * and the state once too much waits for them. */
int writer_make_room(struct writer *writer) _must_use_;

/* Enters the state, unless the journal is sealed, and tells of it. */
void writer_set_state(struct writer *writer, enum writer_state state);

/* What an entry is refused with in that state: 0, -ENOSPC or -EROFS. */
int writer_state_error(enum writer_state state) _must_use_;

/* Adds a durable entry to tree, levels and bundle. -ENOMEM. */
int writer_add(struct writer *writer, struct view entry, const struct sha256 *leaf) _must_use_;

/* Keeps the nodes of heights 0 to @height that the newest entry has completed. */
void writer_keep_recent(struct writer *writer, unsigned height, const struct sha256 *completed);

/* Reads what has been added since the last time from its bundles, as an auditor will, and hashes it
 * again: memory and disk must agree before the log key says so. -EROFS: they do not. */
int writer_reread_bundles(struct writer *writer, struct problem *problem) _must_use_;

/* Writes the first WRITER_FLUSH_FILES full tiles and bundles that wait. */
int writer_flush_some(struct writer *writer, struct problem *problem) _must_use_;

/* Writes all that wait, then trims the write-ahead file. */
int writer_flush(struct writer *writer, struct problem *problem) _must_use_;

/* Puts one tile or bundle in place, durably. */
int writer_write_tile(struct writer *writer, const struct tile *tile, struct view content,
                      struct problem *problem) _must_use_;

/* Writes what a checkpoint of the head needs beside the full tiles, unless it is there. */
int writer_write_partials(struct writer *writer, struct problem *problem) _must_use_;

/* Once the full file is there its partials may go. One that stays costs room, nothing else. */
void writer_remove_partials(struct writer *writer, const struct tile *tile);

/* The prepared checkpoint has been published: partial files of older ones may go. */
void writer_trim_partials(struct writer *writer);

/* Looks for partial files, of the published checkpoint and of those before it. */
void writer_find_partials(struct writer *writer, uint64_t published);

/* Begins a new segment with the entries that are in no full bundle: those before it are needed no
 * more once the full bundles are durable. */
int writer_begin_segment(struct writer *writer, struct problem *problem) _must_use_;

/* Lets go of the newest segment, without the zeros at its end. */
void writer_close_segment(struct writer *writer);

/* Seals the journal, for the reason given. */
void writer_seal(struct writer *writer, const char *format, ...) _printf_(2, 3);

/* Rebuilds the writer from its folder; see writer_open(). */
int writer_recover(struct writer *writer, const struct writer_options *options,
                   struct writer_recovery *ret, struct problem *problem) _must_use_;
