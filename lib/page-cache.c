/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/page-cache.h"

#include <fcntl.h>
#include <sys/mman.h>

#define SIZE_MIN    ((uint64_t)8 << 20)  /* smaller files drive nothing out */
#define WINDOW_SIZE ((uint64_t)64 << 20) /* what is dropped at a time */
#define AHEAD_SIZE  ((uint64_t)32 << 20) /* more than the kernel reads ahead */

/* Whether fewer than half of the pages are in memory. Nothing is mapped in or read. */
static int is_cold(int fd, uint64_t offset, size_t size)
{
        unsigned char pages[AHEAD_SIZE / 4096];
        size_t page_size = (size_t)sysconf(_SC_PAGESIZE),
               count = (size + page_size - 1) / page_size;
        size_t resident = 0;
        void *mapped;
        int r;

        mapped = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, (off_t)offset);
        if (mapped == MAP_FAILED)
                return 0;
        r = count <= sizeof(pages) ? mincore(mapped, size, pages) : -1;
        (void)munmap(mapped, size); /* what was mapped just now */
        if (r < 0)
                return 0;
        for (size_t i = 0; i < count; i++)
                resident += pages[i] & 1;
        return resident < count / 2;
}

struct page_cache page_cache_begin(int fd, uint64_t size)
{
        if (size >= SIZE_MIN)
                (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
        return (struct page_cache){.fd = fd, .size = size};
}

static void drop(const struct page_cache *cache, uint64_t end)
{
        if (cache->cold && end > cache->window)
                (void)posix_fadvise(cache->fd, (off_t)cache->window, (off_t)(end - cache->window),
                                    POSIX_FADV_DONTNEED);
}

void page_cache_before(struct page_cache *cache, uint64_t offset)
{
        uint64_t window = offset / WINDOW_SIZE * WINDOW_SIZE, left;

        if (cache->size < SIZE_MIN || offset < cache->end)
                return;
        drop(cache, cache->end);
        cache->window = window;
        cache->end = window + WINDOW_SIZE;
        /* The begin of later windows may be there because the kernel has read ahead for us. */
        if (window > 0)
                window += AHEAD_SIZE;
        left = cache->size > window ? cache->size - window : 0;
        if (left >= AHEAD_SIZE || window == 0)
                cache->cold =
                        is_cold(cache->fd, window, (size_t)(left < AHEAD_SIZE ? left : AHEAD_SIZE));
}

void page_cache_end(struct page_cache *cache, uint64_t offset)
{
        drop(cache, offset);
}
