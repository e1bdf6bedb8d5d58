/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whole files: read with a bound, or replaced so that a crash leaves the old one or the new one.
 */

#include <dirent.h>
#include <sys/types.h>

#include "lib/problem.h"
#include "lib/reader.h"

static inline void dir_closep(DIR **dir)
{
        if (*dir)
                (void)closedir(*dir); /* opened for reading: nothing can be lost */
}

/* Reads all of the regular file @path (relative to @dir_fd, which may be AT_FDCWD) into @ret, up to
 * the limit of that buf. -EMSGSIZE over it, -EINVAL when it is no regular file, else the errno. The
 * path is named in @problem. */
int file_read(int dir_fd, const char *path, struct buf *ret, struct problem *problem) _must_use_;

/* The two halves of it: the opened regular file can be looked at before it is read. */
int file_open(int dir_fd, const char *path, int *ret_fd, struct problem *problem) _must_use_;
int file_read_fd(int fd, const char *path, struct buf *ret, struct problem *problem) _must_use_;

/* Writes a temporary file beside @path, fdatasync()s it, renames it over @path and fsync()s the
 * folder. On failure @path is as it was, and the temporary file is gone. That is PATH.tmp or, where
 * there is something of that name, PATH.NUMBER.tmp: nothing that is there is written to. */
int file_replace(int dir_fd, const char *path, struct view content, mode_t mode,
                 struct problem *problem) _must_use_;

/* All of it but the fsync() of the folder, which is left to the caller: until then a crash may
 * leave the old file or the new one. */
int file_put(int dir_fd, const char *path, struct view content, mode_t mode,
             struct problem *problem) _must_use_;

/* As file_replace(), of a buf that may be spooled (lib/spool.h). */
int file_replace_with(int dir_fd, const char *path, const struct buf *content, mode_t mode,
                      struct problem *problem) _must_use_;

/* fsync() of the folder that @path (relative to @dir_fd) is in. */
int file_sync_parent(int dir_fd, const char *path) _must_use_;

/* Writes all of @content, however many calls it takes. */
int file_write_all(int fd, struct view content) _must_use_;
int file_write_buf(int fd, const struct buf *content) _must_use_;
