/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where the bytes of a spooled buf are (BUF_SPOOLED), so that there can be more of them than memory
 * should hold.
 *
 * The first few are in memory. When there are more, all of them go into a file without a name, in
 * the folder that TMPDIR names or in /var/tmp, which only this process has; it is mapped, so that
 * the bytes stay where they were and are read like any. Room on the disk is reserved before it is
 * written to. Who walks over the bytes says now and then that those he has seen need no memory any
 * more.
 */

#include "lib/problem.h"
#include "lib/reader.h"

#define SPOOL_MEMORY ((size_t)2 << 20) /* bytes of a buf that have no file */
#define SPOOL_STEP   ((size_t)4 << 20) /* by which the file grows */
#define SPOOL_SLICE  ((size_t)3 << 18) /* what is looked at at a time: a multiple of 3 and of 4 */

/* For lib/buf.c. -ENOMEM, or the errno of the file. */
int spool_enlarge(struct buf *buf, size_t needed) _must_use_;
void spool_release(struct buf *buf);

/* The bytes that are in a file need no memory until somebody looks at them again. Any thread may
 * look at them meanwhile. Of a buf that is not spooled, nothing happens. */
void spool_rest(const struct buf *buf);

/* The next bytes from @offset on: at most SPOOL_SLICE, none at the end. Those before need no memory
 * any more. */
struct view spool_slice(const struct buf *buf, size_t offset);

/* @bytes as a buf to be read, which owns nothing. */
struct buf spool_borrow(struct view bytes);

/* Says where the temporary files are, if nothing was said yet and @error is one of theirs; returns
 * @error. */
int spool_problem(struct problem *problem, int error);
