/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/file-pass.h"
#include "tests/unit/edit.h"

#include <errno.h>
#include <sys/mman.h>

#define BLOCK  FILE_PASS_BLOCK
#define WINDOW ((size_t)64 << 20)

static uint8_t *block;

/* Each eight bytes say where they are. It is in memory, whatever else the machine does. */
static int make_file(size_t size)
{
        int fd = memfd_create("f", MFD_CLOEXEC);

        assert(fd >= 0);
        for (size_t at = 0, part; at < size; at += part) {
                part = size - at < BLOCK ? size - at : BLOCK;
                for (size_t i = 0; i < BLOCK / 8; i++)
                        memcpy(block + 8 * i, &(uint64_t){at + 8 * i}, 8);
                assert(pwrite(fd, block, part, (off_t)at) == (ssize_t)part);
        }
        return fd;
}

static int is_content(struct view part, uint64_t offset)
{
        for (size_t i = 0; i + 8 <= part.size; i += 8)
                if (memcmp(part.data + i, &(uint64_t){offset + i}, 8) != 0)
                        return 0;
        return 1;
}

/* All bytes come, in their order, and then none; @ret_in_place counts those that were not read. */
static void expect_all(int fd, size_t size, size_t *ret_in_place)
{
        struct file_pass pass = file_pass_begin(fd, size, block, 2);
        size_t offset = 0;
        struct view part;
        int r;

        *ret_in_place = 0;
        while ((r = file_pass_next(&pass, &part)) == 0 && part.size > 0) {
                expect(part.size <= BLOCK);
                expect(is_content(part, offset));
                offset += part.size;
                if (part.data != block)
                        *ret_in_place += part.size;
        }
        expect_integer(r, 0);
        expect_integer(offset, size);
        file_pass_end(&pass);
}

static void test_sizes(void)
{
        static const struct {
                size_t size;
                int in_place;
        } rows[] = {
                {0, 0},
                {1, 0},
                {BLOCK, 0},
                {BLOCK + 1, 0},
                {PAGE_CACHE_SIZE_MIN - 1, 0},
                {PAGE_CACHE_SIZE_MIN, 1},
                {PAGE_CACHE_SIZE_MIN + 4097, 1},
                {WINDOW, 1},
                {2 * WINDOW + 8, 1},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                size_t in_place;
                int fd = make_file(rows[i].size);

                expect_all(fd, rows[i].size, &in_place);
                expect_integer(in_place, rows[i].in_place ? rows[i].size : 0);
                (void)close(fd);
        }
}

/* A file that becomes shorter while its bytes are looked at, or read, is no longer the one. */
static void test_shorter(size_t size, size_t before, size_t left)
{
        int fd = make_file(size), r = 0;
        struct file_pass pass = file_pass_begin(fd, size, block, 1);
        struct view part;
        uint64_t sum = 0;

        while (pass.offset < before && r == 0)
                r = file_pass_next(&pass, &part);
        expect_integer(r, 0);
        assert(ftruncate(fd, (off_t)left) == 0);
        while ((r = file_pass_next(&pass, &part)) == 0 && part.size > 0)
                for (size_t i = 0; i < part.size; i++)
                        sum += part.data[i];
        expect_integer(r, -EBUSY);
        expect(sum > 0 || left <= before);
        file_pass_end(&pass);
        (void)close(fd);
}

int main(void)
{
        block = file_pass_block();
        assert(block);
        expect((uintptr_t)block % 4096 == 0);
        test_sizes();
        test_shorter(PAGE_CACHE_SIZE_MIN - 1, BLOCK, 2 * BLOCK);
        test_shorter(PAGE_CACHE_SIZE_MIN, BLOCK, 2 * BLOCK);
        test_shorter(PAGE_CACHE_SIZE_MIN, BLOCK, 0);
        test_shorter(PAGE_CACHE_SIZE_MIN, PAGE_CACHE_SIZE_MIN - BLOCK, PAGE_CACHE_SIZE_MIN - BLOCK);
        free(block);
        return test_result();
}
