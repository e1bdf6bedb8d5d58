/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/page-cache.h"
#include "tests/unit/edit.h"
#include "tests/unit/folder.h"

#include <sys/mman.h>
#include <sys/vfs.h>

#define SIZE      ((size_t)512 << 20)
#define READ_SIZE ((size_t)1 << 18)
#define TMPFS     0x01021994
#define FRACTION  4 /* of the file may be there: the last window, and what is read ahead */

static size_t resident_pages(int fd)
{
        size_t count = SIZE / 4096, resident = 0;
        unsigned char *pages = malloc(count);
        void *mapped = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
        int r;

        assert(pages && mapped != MAP_FAILED);
        r = mincore(mapped, SIZE, pages);
        assert(r == 0);
        for (size_t i = 0; i < count; i++)
                resident += pages[i] & 1;
        (void)munmap(mapped, SIZE); /* what was mapped just now */
        free(pages);
        return resident;
}

static void read_all(int fd)
{
        static uint8_t block[READ_SIZE];
        struct page_cache cache = page_cache_begin(fd, SIZE);
        size_t offset = 0;

        while (offset < SIZE) {
                ssize_t got;

                page_cache_before(&cache, offset);
                got = read(fd, block, sizeof(block));
                assert(got > 0);
                offset += (size_t)got;
        }
        page_cache_end(&cache, offset);
}

/* A file that nobody had read is not in memory afterwards, however much the kernel reads ahead. */
int main(void)
{
        _cleanup_(folder_done) struct folder folder = folder_new();
        struct statfs status;
        int fd = openat(folder.fd, "sparse", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        assert(fd >= 0 && ftruncate(fd, SIZE) == 0 && fstatfs(fd, &status) == 0);
        if (status.f_type == TMPFS) {
                (void)puts("the temporary folder is in memory");
                (void)close(fd);
                return 77;
        }
        expect_integer(resident_pages(fd), 0);
        read_all(fd);
        expect(resident_pages(fd) < SIZE / 4096 / FRACTION);
        (void)close(fd);
        return test_result();
}
