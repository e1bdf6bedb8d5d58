/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/page-cache.h"

#include <fcntl.h>
#include <sys/mman.h>

#define WINDOW_SIZE ((uint64_t)64 << 20) /* what is dropped at a time */
#define SAMPLE_STEP ((size_t)2 << 20)
#define SAMPLE_SIZE ((size_t)1 << 17)    /* of each step */
#define AHEAD_SIZE  ((uint64_t)32 << 20) /* more than the kernel reads ahead */

/* How many pages of a sample are in memory; all of them when it cannot be told. */
static size_t count_resident(uint8_t *sample, size_t count)
{
        unsigned char pages[SAMPLE_SIZE / 4096];
        size_t page_size = (size_t)sysconf(_SC_PAGESIZE), resident = 0;

        if (count > sizeof(pages) || mincore(sample, count * page_size, pages) < 0)
                return count;
        for (size_t i = 0; i < count; i++)
                resident += pages[i] & 1;
        return resident;
}

/* Whether fewer than half of the pages, of samples all over, are in memory. Nothing is mapped in or
 * read. */
static int is_cold(int fd, uint64_t offset, size_t size)
{
        size_t page_size = (size_t)sysconf(_SC_PAGESIZE), resident = 0, in_all = 0;
        uint8_t *mapped = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, (off_t)offset);

        if (mapped == MAP_FAILED)
                return 0;
        for (size_t at = 0; at < size; at += SAMPLE_STEP) {
                size_t part = size - at < SAMPLE_SIZE ? size - at : SAMPLE_SIZE;
                size_t count = (part + page_size - 1) / page_size;

                resident += count_resident(mapped + at, count);
                in_all += count;
        }
        (void)munmap(mapped, size); /* what was mapped just now */
        return resident < in_all / 2;
}

struct page_cache page_cache_begin(int fd, uint64_t size)
{
        if (size >= PAGE_CACHE_SIZE_MIN)
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

        if (cache->size < PAGE_CACHE_SIZE_MIN || offset < cache->end)
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
