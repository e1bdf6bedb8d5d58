/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * System calls that fail on request. The linker puts these in the place of the real ones
 * (changing_calls in meson.build names them): the n-th call of one kind fails, and only it, or each
 * one from then on.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum fault_call {
        FAULT_NONE,
        FAULT_PWRITE,
        FAULT_WRITE,
        FAULT_FDATASYNC,
        FAULT_FSYNC,
        FAULT_RENAME,
        FAULT_FTRUNCATE,
        FAULT_OPEN,
        FAULT_MKDIR,
        FAULT_UNLINK,
};

static const char *const fault_names[] = {"none",   "pwrite",    "write", "fdatasync", "fsync",
                                          "rename", "ftruncate", "open",  "mkdir",     "unlink"};

static struct {
        enum fault_call call;
        enum fault_call also; /* fails each time */
        int error;
        unsigned at; /* which call, counted from 1 */
        int stays;   /* all later ones, too */
        int half;    /* of a write: half of the bytes, and no error before the next one */
        unsigned count, fired;
} fault;

static int fault_hits(enum fault_call call)
{
        errno = fault.error;
        if (call != FAULT_NONE && call == fault.also)
                return 1;
        if (call != fault.call)
                return 0;
        fault.count++;
        if (fault.count < fault.at ||
            (fault.count > fault.at + (unsigned)fault.half && !fault.stays))
                return 0;
        fault.fired++;
        return 1;
}

/* How many bytes of a write come through. -1: errno is set. */
static ssize_t fault_write(enum fault_call call, size_t size)
{
        if (!fault_hits(call))
                return (ssize_t)size;
        return fault.half && fault.count == fault.at && size > 1 ? (ssize_t)(size / 2) : -1;
}

ssize_t __real_pwrite64(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __real_ftruncate64(int fd, off_t size);
int __wrap_ftruncate64(int fd, off_t size);
int __real_openat64(int dir_fd, const char *path, int flags, ...);
int __wrap_openat64(int dir_fd, const char *path, int flags, ...);
int __real_mkdirat(int dir_fd, const char *path, mode_t mode);
int __wrap_mkdirat(int dir_fd, const char *path, mode_t mode);
int __real_unlinkat(int dir_fd, const char *path, int flags);
int __wrap_unlinkat(int dir_fd, const char *path, int flags);

ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t size, off_t offset)
{
        ssize_t through = fault_write(FAULT_PWRITE, size);

        return through < 0 ? -1 : __real_pwrite64(fd, bytes, (size_t)through, offset);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
        ssize_t through = fault_write(FAULT_WRITE, size);

        return through < 0 ? -1 : __real_write(fd, bytes, (size_t)through);
}

/* No machine dies here: what does not fail need not reach the disk. */
int __wrap_fdatasync(int fd)
{
        return fault_hits(FAULT_FDATASYNC) ? -1 : 0;
}

int __wrap_fsync(int fd)
{
        return fault_hits(FAULT_FSYNC) ? -1 : 0;
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
        return fault_hits(FAULT_RENAME) ? -1 : __real_renameat(from_fd, from, to_fd, to);
}

int __wrap_ftruncate64(int fd, off_t size)
{
        return fault_hits(FAULT_FTRUNCATE) ? -1 : __real_ftruncate64(fd, size);
}

int __wrap_openat64(int dir_fd, const char *path, int flags, ...)
{
        va_list arguments;
        mode_t mode;

        va_start(arguments, flags);
        mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
        va_end(arguments);
        return fault_hits(FAULT_OPEN) ? -1 : __real_openat64(dir_fd, path, flags, mode);
}

int __wrap_mkdirat(int dir_fd, const char *path, mode_t mode)
{
        return fault_hits(FAULT_MKDIR) ? -1 : __real_mkdirat(dir_fd, path, mode);
}

int __wrap_unlinkat(int dir_fd, const char *path, int flags)
{
        return fault_hits(FAULT_UNLINK) ? -1 : __real_unlinkat(dir_fd, path, flags);
}
