/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reading a journal folder: a C2SP tlog-tiles log (checkpoint, tile/…) plus the write-ahead files
 * (wal/…).
 *
 * The entries up to the newest full bundle, or up to the published checkpoint, come from entry
 * bundles, the rest from the write-ahead files. Reading does not verify: lib/replay.h does.
 */

#include "lib/tile.h"
#include "lib/wal.h"

#define JOURNAL_COSIGNED "checkpoint.cosigned" /* the newest one that witnesses cosigned */
#define JOURNAL_LOCK     WAL_DIRECTORY "/lock" /* the writer holds an OFD write lock on it */

struct journal;

/* Opens a folder for reading, a live one or a copy. Errors are those of open(); -ENOTDIR. */
int journal_open(const char *path, struct journal **ret, struct problem *problem) _must_use_;
struct journal *journal_free(struct journal *journal);

/* Where the files of a journal are that is not in a folder here: on a web server, for instance. */
struct journal_source {
        /* All of the file of that path in the journal, at most ret->limit bytes. -ENOENT: there is
         * none; -EMSGSIZE. Errors are named in @problem. Called by one thread at a time. */
        int (*read)(void *context, const char *path, struct buf *ret, struct problem *problem);
        void (*free)(void *context); /* by journal_free() */
        void *context;
};

/* A journal of such files, called @name. It has checkpoint and tiles, is not live as far as can be
 * seen, and has no write-ahead files: journal_dir_fd() is -1. On failure @source->context is still
 * the caller's. -ENOMEM. */
int journal_open_source(const char *name, const struct journal_source *source,
                        struct journal **ret) _must_use_;
DEFINE_CLEANUP(struct journal *, journal_free)

const char *journal_path(const struct journal *journal);
int journal_dir_fd(const struct journal *journal);

/* Whether an agent holds the journal open for writing now. */
int journal_is_live(const struct journal *journal);

/* The published checkpoint, verbatim. -ENOENT when there is none. */
int journal_read_checkpoint(const struct journal *journal, struct buf *ret,
                            struct problem *problem) _must_use_;

/* The checkpoint that is kept for its cosignatures, JOURNAL_COSIGNED. -ENOENT when there is none.
 */
int journal_read_cosigned(const struct journal *journal, struct buf *ret,
                          struct problem *problem) _must_use_;

/* One file of hashes or entries. */
struct tile {
        int level; /* or TILE_ENTRIES */
        uint64_t number;
        unsigned width; /* hashes or entries wanted, 1 to TILE_WIDTH */
};

/* The bytes of a tile or entry bundle: of the full one, else of the partial one of just that width,
 * else of the wider one that the checkpoint published meanwhile has. *@ret_width tells how many
 * hashes or entries the file holds: tile->width or more. -ENOENT; -EBADMSG: a hash tile of the
 * wrong size. */
int journal_read_tile(const struct journal *journal, const struct tile *tile, struct buf *ret,
                      unsigned *ret_width, struct problem *problem) _must_use_;

/* The segments of the write-ahead file: first index of each, ascending. The caller frees
 * *@ret_firsts. */
int journal_list_segments(const struct journal *journal, uint64_t **ret_firsts, size_t *ret_count,
                          struct problem *problem) _must_use_;

/* All of the segment that begins with index @first. -ENOENT when it has been trimmed. */
int journal_read_segment(const struct journal *journal, uint64_t first, struct buf *ret,
                         struct problem *problem) _must_use_;

typedef int (*journal_entry_function)(uint64_t index, struct view bytes, void *context);

/* One entry after the other, from index @from on. @entry is called with each; a negative return
 * ends the walk with it. *@ret_next is the index after the last entry. A torn tail ends the walk
 * without error. -EBADMSG: bundle or segment damaged, naming it. A live journal may be walked again
 * from *@ret_next for what came since. */
int journal_walk(const struct journal *journal, uint64_t from, journal_entry_function entry,
                 void *context, uint64_t *ret_next, struct problem *problem) _must_use_;

/* The same for entries that no checkpoint covers: of one that is in both, the copy in the
 * write-ahead file, which has a check, is taken and not the one in a bundle, which has none yet. */
int journal_walk_unsealed(const struct journal *journal, uint64_t from,
                          journal_entry_function entry, void *context, uint64_t *ret_next,
                          struct problem *problem) _must_use_;

/* The entries from @from up to @size, out of entry bundles alone: those that a checkpoint of that
 * size publishes. -ENOENT: one is missing. Else as journal_walk(). */
int journal_walk_sealed(const struct journal *journal, uint64_t from, uint64_t size,
                        journal_entry_function entry, void *context,
                        struct problem *problem) _must_use_;
