/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define FOLDER_DEFAULT "/var/tmp"
#define NAME_MAX_SIZE  4096
#define SHARE          16 /* of the addresses that a process may have: some buffers live at a time */
#define LEFT_SHARE     4  /* of those that are left */

static size_t page_size(void)
{
        return (size_t)sysconf(_SC_PAGESIZE);
}

/* Addresses for all that the buf may ever hold, so that nothing moves; or for as much as can be had
 * where they are scarce, as under `ulimit -v`. */
static size_t wanted_size(const struct buf *buf)
{
        size_t limit = buf->limit > 0 ? buf->limit : BUF_LIMIT_DEFAULT;
        struct rlimit addresses;

        if (getrlimit(RLIMIT_AS, &addresses) == 0 && addresses.rlim_cur != RLIM_INFINITY &&
            addresses.rlim_cur / SHARE < limit)
                limit = (size_t)(addresses.rlim_cur / SHARE);
        return (limit + SPOOL_STEP) / SPOOL_STEP * SPOOL_STEP + SPOOL_STEP;
}

static uint8_t *map_nothing(size_t size)
{
        void *data =
                mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        return data == MAP_FAILED ? NULL : data;
}

static size_t whole_steps(size_t size)
{
        return size < 2 * SPOOL_STEP ? 2 * SPOOL_STEP : size / SPOOL_STEP * SPOOL_STEP;
}

/* Where there are not as many, most of those that there are is left to others. */
static int reserve(struct buf *buf)
{
        const size_t wanted = wanted_size(buf);
        size_t size = wanted, kept;
        uint8_t *data = map_nothing(size);

        while (!data && size > 2 * SPOOL_STEP) {
                size = whole_steps(size / 2);
                data = map_nothing(size);
        }
        if (!data)
                return -ENOMEM;
        kept = size < wanted ? whole_steps(size / LEFT_SHARE) : size;
        if (kept < size)
                (void)munmap(data + kept, size - kept); /* else it has more */
        buf->data = data;
        buf->reserved = kept;
        return 0;
}

static const char *folder(void)
{
        const char *given = secure_getenv("TMPDIR");

        return given && given[0] ? given : FOLDER_DEFAULT;
}

static int open_named(void)
{
        char name[NAME_MAX_SIZE];
        int fd, length = snprintf(name, sizeof(name), "%s/hallmark-XXXXXX", folder());

        if (length < 0 || (size_t)length >= sizeof(name))
                return -ENAMETOOLONG;
        fd = mkostemp(name, O_CLOEXEC);
        if (fd < 0)
                return -errno;
        (void)unlink(name); /* else a file stays behind that nobody misses */
        return fd;
}

/* Not every file system has files without a name. */
static int open_file(void)
{
        int fd = open(folder(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);

        if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT))
                return open_named();
        return fd < 0 ? -errno : fd;
}

static int write_at_once(int fd, const struct buf *buf)
{
        for (size_t done = 0; done < buf->size;) {
                ssize_t written = pwrite(fd, buf->data + done, buf->size - done, (off_t)done);

                if (written < 0 && errno == EINTR)
                        continue;
                if (written <= 0)
                        return written < 0 ? -errno : -EIO;
                done += (size_t)written;
        }
        return 0;
}

/* What is written where the disk has no room for it would end the process. */
static int extend(struct buf *buf, size_t begin, size_t capacity)
{
        int fd = buf->spool - 1, r;

        do
                r = posix_fallocate(fd, (off_t)begin, (off_t)(capacity - begin));
        while (r == EINTR);
        if (r != 0)
                return -r;
        if (mmap(buf->data + begin, capacity - begin, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_FIXED, fd, (off_t)begin) == MAP_FAILED)
                return -errno;
        buf->capacity = capacity;
        spool_rest(buf);
        return 0;
}

static int move_to_file(struct buf *buf, size_t capacity)
{
        int fd = open_file();
        int r = fd < 0 ? fd : write_at_once(fd, buf);

        if (r == 0) {
                buf->spool = fd + 1;
                r = extend(buf, 0, capacity);
        }
        if (r < 0) {
                buf->spool = 0; /* it is in memory still */
                fd_closep(&fd);
        }
        return r;
}

static int grow_memory(struct buf *buf, size_t needed)
{
        size_t capacity = buf->capacity > 0 ? buf->capacity : page_size();

        while (capacity <= needed)
                capacity *= 2;
        if (mprotect(buf->data, capacity, PROT_READ | PROT_WRITE) < 0)
                return -errno;
        buf->capacity = capacity;
        return 0;
}

int spool_enlarge(struct buf *buf, size_t needed)
{
        size_t capacity = (needed / SPOOL_STEP + 1) * SPOOL_STEP;
        int r = buf->data ? 0 : reserve(buf);

        if (r < 0 || capacity > buf->reserved)
                return -ENOMEM;
        if (needed < SPOOL_MEMORY)
                return grow_memory(buf, needed);
        if (buf->spool == 0)
                return move_to_file(buf, capacity);
        return extend(buf, buf->capacity, capacity);
}

void spool_release(struct buf *buf)
{
        if (!buf->data)
                return;
        (void)munmap(buf->data, buf->reserved); /* what was mapped there */
        if (buf->spool > 0)
                (void)close(buf->spool - 1); /* nobody reads it any more */
}

void spool_rest(const struct buf *buf)
{
        /* Of a shared mapping, the bytes are in the file's page cache, written or not. */
        if (buf->spool > 0)
                (void)madvise(buf->data, buf->capacity, MADV_DONTNEED);
}

struct view spool_slice(const struct buf *buf, size_t offset)
{
        size_t left = buf->size - offset;

        if (left == 0)
                return view_of(NULL, 0);
        if (offset > 0)
                spool_rest(buf);
        return view_of(buf->data + offset, left < SPOOL_SLICE ? left : SPOOL_SLICE);
}

struct buf spool_borrow(struct view bytes)
{
        return (struct buf){.data = (uint8_t *)(uintptr_t)bytes.data, .size = bytes.size};
}

int spool_problem(struct problem *problem, int error)
{
        switch (error) {
        case -ENOSPC:
        case -EDQUOT:
        case -ENOENT:
        case -ENOTDIR:
        case -EACCES:
        case -EROFS:
        case -EFBIG:
                return problem_set(problem, error,
                                   "temporary file in %.200s: %s; TMPDIR names another folder",
                                   folder(), strerror(-error));
        default:
                return error;
        }
}
