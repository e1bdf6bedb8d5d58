/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/file-pass.h"

#include <errno.h>
#include <sys/stat.h>

#include "lib/mapped.h"

#define KEEP_MAX  ((size_t)4 << 20) /* more makes nothing faster */
#define ALIGNMENT ((size_t)4096)    /* the size of a page, or as good as it */

uint8_t *file_pass_block(void)
{
        return aligned_alloc(ALIGNMENT, FILE_PASS_BLOCK);
}

static size_t bytes_to_keep(unsigned threads)
{
        size_t share = FILE_PASS_MAPPED_MAX / threads / FILE_PASS_BLOCK * FILE_PASS_BLOCK;

        if (share > KEEP_MAX)
                return KEEP_MAX;
        return share > FILE_PASS_BLOCK ? share : FILE_PASS_BLOCK;
}

struct file_pass file_pass_begin(int fd, uint64_t size, uint8_t *block, unsigned threads)
{
        return (struct file_pass){.fd = fd,
                                  .size = size,
                                  .block = block,
                                  .keep = bytes_to_keep(threads),
                                  .cache = page_cache_begin(fd, size)};
}

static int check_window(const struct file_pass *pass)
{
        struct stat status;

        if (pass->window.size == 0 || !mapped_is_lost())
                return 0;
        if (fstat(pass->fd, &status) < 0)
                return -errno;
        return (uint64_t)status.st_size < pass->size ? -EBUSY : -EIO;
}

static void leave_window(struct file_pass *pass)
{
        mapped_end();
        pass->window = view_of(NULL, 0);
}

/* What cannot be mapped is read. */
static void enter_window(struct file_pass *pass)
{
        uint64_t end;

        leave_window(pass);
        page_cache_before(&pass->cache, pass->offset);
        if (pass->size < PAGE_CACHE_SIZE_MIN || pass->cache.cold ||
            pass->offset % FILE_PASS_BLOCK != 0)
                return;
        end = pass->cache.end < pass->size ? pass->cache.end : pass->size;
        if (mapped_begin(pass->fd, pass->offset, (size_t)(end - pass->offset), &pass->window) == 0)
                pass->window_at = pass->offset;
}

static struct view look(const struct file_pass *pass, size_t size)
{
        size_t place = (size_t)(pass->offset - pass->window_at);

        if (place > 0 && place % pass->keep == 0)
                mapped_rest(place);
        return view_of(pass->window.data + place, size);
}

static int read_block(const struct file_pass *pass, size_t size, struct view *ret)
{
        ssize_t got;

        do
                got = pread(pass->fd, pass->block, size, (off_t)pass->offset);
        while (got < 0 && errno == EINTR);
        if (got <= 0)
                return got < 0 ? -errno : -EBUSY;
        *ret = view_of(pass->block, (size_t)got);
        return 0;
}

int file_pass_next(struct file_pass *pass, struct view *ret)
{
        uint64_t left = pass->size - pass->offset;
        size_t size = left < FILE_PASS_BLOCK ? (size_t)left : FILE_PASS_BLOCK;
        int r = check_window(pass);

        if (r < 0)
                return r;
        if (size == 0) {
                *ret = view_of(NULL, 0);
                return 0;
        }
        if (pass->offset >= pass->cache.end)
                enter_window(pass);
        if (pass->window.size > 0)
                *ret = look(pass, size);
        else
                r = read_block(pass, size, ret);
        if (r == 0)
                pass->offset += ret->size;
        return r;
}

void file_pass_end(struct file_pass *pass)
{
        leave_window(pass);
        page_cache_end(&pass->cache, pass->offset);
}
