/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tile.h"
#include "tests/test.h"

#include <errno.h>

static void test_paths(void)
{
        static const struct {
                int level;
                uint64_t number;
                unsigned width;
                const char *path;
        } rows[] = {
                {0, 0, 256, "tile/0/000"},
                {0, 0, 1, "tile/0/000.p/1"},
                {0, 1, 255, "tile/0/001.p/255"},
                {3, 999, 256, "tile/3/999"},
                {3, 1000, 256, "tile/3/x001/000"},
                {0, 1234067, 256, "tile/0/x001/x234/067"},
                {0, 1234067, 8, "tile/0/x001/x234/067.p/8"},
                {7, 999999, 256, "tile/7/x999/999"},
                {1, 1000000, 256, "tile/1/x001/x000/000"},
                {TILE_ENTRIES, 0, 256, "tile/entries/000"},
                {TILE_ENTRIES, 1234067, 99, "tile/entries/x001/x234/067.p/99"},
                {TILE_ENTRIES, UINT64_MAX, 255,
                 "tile/entries/x018/x446/x744/x073/x709/x551/615.p/255"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char path[TILE_PATH_SIZE];

                expect(tile_path(rows[i].level, rows[i].number, rows[i].width, path) == path);
                expect_text(view_string(path), rows[i].path);
        }
}

static void test_hashes(void)
{
        static const struct {
                int level;
                uint64_t size, hashes;
        } rows[] = {
                {0, 0, 0},     {0, 1, 1},
                {0, 256, 256}, {1, 255, 0},
                {1, 256, 1},   {1, 511, 1},
                {1, 512, 2},   {2, 65535, 0},
                {2, 65536, 1}, {7, UINT64_MAX, 255},
                {3, 70000, 0}, {7, (uint64_t)1 << 56, 1},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                expect_integer(tile_hashes(rows[i].level, rows[i].size), rows[i].hashes);
}

static void test_entries(void)
{
        static const uint8_t expected[] = {0, 0, 0, 3, 'a', 'b', 'c', 0, 1, 0};
        _cleanup_(buf_done) struct buf bundle = {};
        struct reader reader;

        expect_integer(tile_put_entry(&bundle, view_of(NULL, 0)), 0);
        expect_integer(tile_put_entry(&bundle, view_string("abc")), 0);
        expect_integer(tile_put_entry(&bundle, view_of("\0", 1)), 0);
        expect_view(buf_view(&bundle), view_of(expected, sizeof(expected)));
        reader = reader_init(buf_view(&bundle));
        expect_text(tile_read_entry(&reader), "");
        expect_text(tile_read_entry(&reader), "abc");
        expect_view(tile_read_entry(&reader), view_of("\0", 1));
        expect_integer(reader_end(&reader), 0);
        (void)tile_read_entry(&reader);
        expect_integer(reader_end(&reader), -EBADMSG);
}

static void test_every_truncation_of_an_entry(void)
{
        static const uint8_t bytes[] = {0, 3, 'a', 'b', 'c'};

        for (size_t size = 0; size < sizeof(bytes); size++) {
                struct reader reader = reader_init(view_of(bytes, size));

                expect_integer(tile_read_entry(&reader).size, 0);
                expect_integer(reader_end(&reader), -EBADMSG);
        }
}

static void test_longest_entry(void)
{
        static const uint8_t bytes[ENTRY_SIZE_MAX + 1];
        _cleanup_(buf_done) struct buf bundle = {};
        struct reader reader;

        expect_integer(tile_put_entry(&bundle, view_of(bytes, sizeof(bytes))), -EMSGSIZE);
        expect_integer(bundle.size, 0);
        expect_integer(tile_put_entry(&bundle, view_of(bytes, ENTRY_SIZE_MAX)), 0);
        reader = reader_init(buf_view(&bundle));
        expect_integer(tile_read_entry(&reader).size, ENTRY_SIZE_MAX);
        expect_integer(reader_end(&reader), 0);
}

int main(void)
{
        test_paths();
        test_hashes();
        test_entries();
        test_every_truncation_of_an_entry();
        test_longest_entry();
        return test_result();
}
