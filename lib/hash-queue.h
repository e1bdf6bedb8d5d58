/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Hashing the files of an inventory on all processors, the largest first, so that no processor is
 * left alone with a large one at the end; small ones, of less than a megabyte, in their order.
 *
 * A digest is believed only if the file was the one of the inventory, as it was listed, when it had
 * been read. What was not in the page cache before is dropped from it again.
 */

#include "lib/inventory.h"

struct hash_progress {
        uint64_t bytes, bytes_in_all;
        size_t files, files_in_all;
};

struct hash_queue {
        int root_fd;
        const char *path; /* of the directory, for messages */
        unsigned jobs;    /* files at a time; 0: as many as there are processors */
        /* Called now and then by any thread, by one at a time; NULL: not at all. */
        void (*progress)(void *context, const struct hash_progress *progress);
        void *context;
};

/* Fills in the digests of all files whose source is INVENTORY_UNKNOWN. -EBUSY: a file changed;
 * -ENOMEM; the errno of open() and read(); with the name of the file. */
int hash_queue_run(const struct hash_queue *queue, struct inventory *inventory,
                   struct problem *problem) _must_use_;
