/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reading a large file once, from its begin to its end, and leaving the page cache as it was: what
 * others had read stays, what came for us goes. Only advice to the kernel; nothing here can fail.
 */

#include "lib/macro.h"

#define PAGE_CACHE_SIZE_MIN ((uint64_t)8 << 20) /* smaller files drive nothing out */

struct page_cache {
        int fd;
        uint64_t size;        /* of the file */
        uint64_t window, end; /* the bytes whose pages were looked at last */
        int cold;             /* they were not in the cache */
};

struct page_cache page_cache_begin(int fd, uint64_t size);

/* Before the bytes at @offset are read. Offsets do not go back. From PAGE_CACHE_SIZE_MIN on, tells
 * until @end whether they are in the cache. */
void page_cache_before(struct page_cache *cache, uint64_t offset);

/* After the last read, which ended at @offset. */
void page_cache_end(struct page_cache *cache, uint64_t offset);
