/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reading a segment of the write-ahead file, batch by batch, while an agent may be writing it.
 *
 * The pages of a file are not read at one moment. So what looks like damage in a live journal may
 * be a write that was under way, and is read again from the disk before it is believed.
 */

#include "lib/journal.h"

struct segment {
        const struct journal *journal;
        uint64_t first;
        struct buf bytes;
        size_t offset;             /* of the next batch */
        uint64_t index;            /* of its first entry */
        struct wal_entry *entries; /* of the batch that was read: WAL_BATCH_COUNT places */
        uint32_t count;            /* of these */
};

/* For segment_open(), any number of times. -ENOMEM. */
int segment_init(struct segment *ret, const struct journal *journal) _must_use_;
void segment_done(struct segment *segment);

/* Reads the segment that begins with index @first. Errors as journal_read_segment(). */
int segment_open(struct segment *segment, uint64_t first, struct problem *problem) _must_use_;

/* Reads the next batch into entries; its first entry has the index segment->index - count. */
enum wal_found segment_next(struct segment *segment);
