/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/occupied.h"
#include "tests/unit/written-quickly.h"

/*
 * Partial tiles: those of the two newest checkpoints are always there, and all of them together are
 * little beside the journal.
 */

#define RECORD_SIZE 550 /* of a sign record, about */

static uint64_t entry_bytes(const struct written *written)
{
        uint64_t sum = 0;

        for (size_t i = 0; i < written->asked; i++)
                sum += written->sizes[i];
        return sum;
}

static int is_there(const struct written *written, int level, uint64_t number, unsigned width)
{
        char path[TILE_PATH_SIZE], place[192];
        struct stat status;

        (void)snprintf(place, sizeof(place), "%s/%s", written->path,
                       tile_path(level, number, width, path));
        return stat(place, &status) == 0;
}

/* All that a reader of that checkpoint needs, in the tile that is not full or in the full one. */
static void expect_served(const struct written *written, uint64_t size)
{
        for (int level = TILE_ENTRIES; level < 3; level++) {
                uint64_t hashes = tile_hashes(level < 0 ? 0 : level, size);
                unsigned width = (unsigned)(hashes % TILE_WIDTH);

                if (width > 0)
                        expect(is_there(written, level, hashes / TILE_WIDTH, width) ||
                               is_there(written, level, hashes / TILE_WIDTH, TILE_WIDTH));
        }
}

static void append_one(struct written *written)
{
        append_noise(written, 1, 0);
}

/* A checkpoint for each record: the most partial files there can be. */
static void test_one_by_one(void)
{
        struct written written;
        double worst = 0;

        written_init(&written, 1);
        expect_open(&written, 0, 0);
        while (written.asked < 11000 && test_failures == 0) {
                size_t before = written.published;

                expect_integer(written_append_noise(&written, RECORD_SIZE), 0);
                written_run(&written);
                expect_published(&written);
                expect_served(&written, before);
                expect_served(&written, written.published);
                if (written.asked == 5000 || written.asked == 10250)
                        reopen(&written);
                if (written.asked >= 10000 &&
                    (written.asked % 8 == 0 || written.asked % TILE_WIDTH == TILE_WIDTH - 1)) {
                        double ratio =
                                (double)occupied_by(written.path) / (double)entry_bytes(&written);

                        worst = ratio > worst ? ratio : worst;
                }
        }
        (void)printf("one record a checkpoint: at most %.3f times the records\n", worst);
        expect(worst > 1 && worst <= 1.15);
        written_expect_tiles(&written, 0);
        expect_integer(written_walk(&written), 11000);
        reopen(&written);
        append_one(&written);
        expect_published(&written);
        written.writer = writer_free(written.writer);
        written_done(&written);
}

static unsigned count_partials(const struct written *written, int level, uint64_t number)
{
        unsigned count = 0;

        for (unsigned width = 1; width < TILE_WIDTH; width++)
                count += (unsigned)is_there(written, level, number, width);
        return count;
}

/* With a journal that is large enough, each checkpoint's hashes stay until the tile is full. */
static void test_all_stay(void)
{
        struct written written;

        written_init(&written, 2);
        expect_open(&written, 0, 0);
        append_noise(&written, 240 * TILE_WIDTH, 4);
        expect_published(&written);
        for (unsigned i = 1; i < 100; i++) {
                append_one(&written);
                expect_published(&written);
                if (i == 50)
                        reopen(&written);
        }
        expect_integer(count_partials(&written, 0, 240), 99);
        expect_integer(count_partials(&written, 1, 0), 1);
        append_noise(&written, TILE_WIDTH, 4);
        expect_published(&written);
        expect_integer(count_partials(&written, 0, 240), 0);
        written_done(&written);
}

/* Prepared, but never published: those of the published ones stay. */
static void test_not_published(void)
{
        struct written written;

        written_init(&written, 3);
        expect_open(&written, 0, 0);
        for (unsigned i = 0; i < 40; i++) {
                append_one(&written);
                if (i % 10 == 0)
                        expect_published(&written);
                else
                        expect_integer(writer_prepare(written.writer, &written.problem), 0);
                expect_served(&written, written.published);
                if (written.published > 10)
                        expect_served(&written, written.published - 10);
        }
        append_one(&written);
        expect_published(&written);
        expect_integer(count_partials(&written, 0, 0), 2);
        expect_integer(count_partials(&written, TILE_ENTRIES, 0), 2);
        written_done(&written);
}

/* An older agent left many, or this one with less room. */
static void test_found_at_start(void)
{
        struct written written;
        char place[192];
        int fd;

        written_init(&written, 4);
        expect_open(&written, 0, 0);
        append_noise(&written, 90, 4);
        expect_published(&written);
        for (unsigned width = 1; width < 90; width += 3) {
                (void)snprintf(place, sizeof(place), "%s/tile/0/000.p/%u", written.path, width);
                fd = open(place, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
                assert(fd >= 0);
                (void)close(fd);
                assert(truncate(place, (off_t)width * SHA256_SIZE) == 0);
        }
        expect_integer(count_partials(&written, 0, 0), 31);
        reopen(&written);
        append_one(&written);
        expect_published(&written);
        expect_integer(count_partials(&written, 0, 0), 2);
        written_expect_tiles(&written, 0);
        written_done(&written);
}

int main(void)
{
        test_one_by_one();
        test_all_stay();
        test_not_published();
        test_found_at_start();
        return test_result();
}
