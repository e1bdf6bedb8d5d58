/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The write-ahead file: the newest records of a journal, before they are in full entry bundles.
 *
 * A segment is a file "wal/<first index, 20 digits>" of batches, one after the other:
 *
 *     "HMwb" · u32 count · u64 first index · u32 size · check (32) · count × (u32 length ‖ entry)
 *
 * A segment may end in zeros, room for batches to come.
 *
 * `size` is that of all the lengths and entries. `check` is SHA-256 over the 20 bytes before it and
 * the leaf hash of each entry. A batch is written whole and made durable by one fdatasync() before
 * the next is written. So a batch that is cut short or fails its check at the very end of the
 * newest segment was never promised to anybody: a torn tail. A bad batch with a good one after it,
 * or with a newer segment after it, is damage.
 */

#include "lib/merkle.h"

#define WAL_DIRECTORY   "wal"
#define WAL_HEAD_SIZE   ((size_t)52)
#define WAL_BATCH_MAX   ((size_t)16 << 20) /* bytes of one batch */
#define WAL_BATCH_COUNT 4096               /* entries of one batch */
#define WAL_NAME_SIZE   28

/* A batch being put together. */
struct wal_batch {
        struct buf bytes; /* head, then entries */
        struct buf leaves;
        uint64_t first;
        uint32_t count;
};

/* "wal/<index>"; returns @ret. */
char *wal_path(uint64_t first, char ret[WAL_NAME_SIZE]);

void wal_batch_init(struct wal_batch *batch, uint64_t first);
void wal_batch_done(struct wal_batch *batch);

/* Makes room for @count more entries of @size bytes in all, so that adding them does not fail.
 * -EMSGSIZE: the batch is full; -ENOMEM, which sticks in the batch. */
int wal_batch_reserve(struct wal_batch *batch, uint32_t count, size_t size) _must_use_;

/* Adds an entry and its leaf hash. -EMSGSIZE: entry too long or batch full; -ENOMEM. */
int wal_batch_add(struct wal_batch *batch, struct view entry, const struct sha256 *leaf) _must_use_;

/* Fills in the head. The bytes to be written are batch->bytes. -ENOMEM, -EMSGSIZE. */
int wal_batch_finish(struct wal_batch *batch) _must_use_;

struct wal_entry {
        struct view bytes;
        struct sha256 leaf;
};

/* What wal_read_batch() found. */
enum wal_found {
        WAL_BATCH, /* a good batch */
        WAL_END,   /* nothing more, or zeros alone */
        WAL_TORN,  /* a bad batch and no good one after it */
        WAL_BAD,   /* a bad batch with a good one after it */
};

/* Reads the batch at *@offset of a segment and moves the offset past it. @ret_entries has
 * WAL_BATCH_COUNT places and borrows from @segment. @expected is the index that the batch must
 * begin with. */
enum wal_found wal_read_batch(struct view segment, size_t *offset, uint64_t expected,
                              struct wal_entry *ret_entries, uint32_t *ret_count);
