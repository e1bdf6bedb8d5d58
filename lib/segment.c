/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/segment.h"

#include <errno.h>

#define REREADS_MAX 3

int segment_init(struct segment *ret, const struct journal *journal)
{
        struct wal_entry *entries = calloc(WAL_BATCH_COUNT, sizeof(*entries));

        if (!entries)
                return -ENOMEM;
        *ret = (struct segment){.journal = journal, .entries = entries};
        return 0;
}

void segment_done(struct segment *segment)
{
        buf_done(&segment->bytes);
        free(segment->entries);
}

int segment_open(struct segment *segment, uint64_t first, struct problem *problem)
{
        segment->first = segment->index = first;
        segment->offset = 0;
        segment->count = 0;
        return journal_read_segment(segment->journal, first, &segment->bytes, problem);
}

/* Whether there is reason to look again, and the segment could be read again. */
static int read_again(struct segment *segment)
{
        return journal_is_live(segment->journal) &&
               journal_read_segment(segment->journal, segment->first, &segment->bytes, NULL) == 0 &&
               segment->bytes.size >= segment->offset;
}

enum wal_found segment_next(struct segment *segment)
{
        for (int attempt = 0;; attempt++) {
                enum wal_found found =
                        wal_read_batch(buf_view(&segment->bytes), &segment->offset, segment->index,
                                       segment->entries, &segment->count);

                if (found == WAL_BATCH)
                        segment->index += segment->count;
                if (found != WAL_BAD || attempt == REREADS_MAX || !read_again(segment))
                        return found;
        }
}
