/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * All bytes of a file once, from its begin to its end: in place where the page cache has them, else
 * read, and then dropped from it again. One at a time in each thread.
 */

#include "lib/page-cache.h"
#include "lib/reader.h"

/* What is given at a time. It stays in the cache of a processor between copy and use. */
#define FILE_PASS_BLOCK ((size_t)1 << 18)

/* Of what is looked at in place, in all threads together. */
#define FILE_PASS_MAPPED_MAX ((size_t)32 << 20)

struct file_pass {
        int fd;
        uint64_t size;
        uint8_t *block;
        size_t keep; /* bytes that are kept in place */
        uint64_t offset;
        struct page_cache cache;
        struct view window; /* that is mapped; size 0: none */
        uint64_t window_at;
};

/* Where files are read to: FILE_PASS_BLOCK bytes, for free(), or NULL. The kernel copies pages to
 * an address that is not far after the begin of a page, as malloc() gives, at a third of the speed.
 */
uint8_t *file_pass_block(void) _must_use_;

/* @size is what the file had; @block is one of file_pass_block(), and stays the caller's, as the
 * descriptor does; @threads pass at the same time. */
struct file_pass file_pass_begin(int fd, uint64_t size, uint8_t *block, unsigned threads);

/* The next bytes, until the next call; none at the end, which is after @size of them. They can be
 * believed when the next call has succeeded. -EBUSY: the file is shorter; the errno of read(). */
int file_pass_next(struct file_pass *pass, struct view *ret) _must_use_;

/* After the last call, whatever it returned. */
void file_pass_end(struct file_pass *pass);
