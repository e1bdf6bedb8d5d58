/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The bytes of a file where the page cache has them, to be looked at without a copy.
 *
 * Who looks at bytes that the file lost meanwhile, or that the disk does not give, would be ended
 * by SIGBUS. Here they read as zeros, and whoever asks is told. A handler of that signal is there
 * from the first mapping on; what is no matter of a mapping goes to the handler before it. One at a
 * time in each thread, which looks at it alone.
 */

#include "lib/reader.h"

/* Maps @size bytes from @offset on, a multiple of the page size; they are looked at from their
 * begin to their end. @ret is untouched, and -errno, when the file system or memory does not have
 * that: the file can still be read. */
int mapped_begin(int fd, uint64_t offset, size_t size, struct view *ret) _must_use_;

/* The first @size bytes, a multiple of the page size, need no memory any more. */
void mapped_rest(size_t size);

/* Whether bytes that were looked at were not those of the file. */
int mapped_is_lost(void);

/* Takes the mapping away. Does nothing when there is none. */
void mapped_end(void);
