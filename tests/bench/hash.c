/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast the files of a model are hashed: hash FOLDER
 *
 * Makes FOLDER/large, two files of 256 MiB, and FOLDER/small, 20,000 files of 1 to 64 KiB, and
 * leaves them there. Prints for each, in the page cache, bytes per second of listing and hashing
 * against SHA-256 of 1 MiB blocks on all processors, which is measured before and after each round:
 * processors are not always as fast.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <sys/resource.h>

#include "lib/file.h"
#include "lib/hash-queue.h"
#include "lib/pool.h"
#include "tests/bench/sample.h"

#define BLOCK_SIZE   ((size_t)1 << 20)
#define BARE_SECONDS 0.2
#define ROUNDS       11

static void need(int r, const char *what)
{
        if (r >= 0)
                return;
        (void)fprintf(stderr, "hash: %s: %s\n", what, strerror(-r));
        exit(EXIT_FAILURE);
}

static uint8_t block[BLOCK_SIZE];

static void hash_block(void *job, void *context, unsigned worker)
{
        uint8_t digest[EVP_MAX_MD_SIZE];

        (void)job, (void)context, (void)worker;
        need(EVP_Digest(block, sizeof(block), digest, NULL, EVP_sha256(), NULL) == 1 ? 0 : -EIO,
             "SHA-256");
}

/* Bytes per second, in memory, on all processors. */
static double bare_rate(void)
{
        _cleanup_(pool_freep) struct pool *pool = NULL;
        uint64_t blocks = 0;
        double start;

        need(pool_new(hash_block, NULL, &pool), "threads");
        for (size_t i = 0; i < pool_room(pool); i++)
                pool_submit(pool, block);
        for (start = now(); now() < start + BARE_SECONDS; blocks++) {
                (void)pool_collect(pool);
                pool_submit(pool, block);
        }
        start = now() - start;
        while (pool_collect(pool))
                ;
        return (double)(blocks * BLOCK_SIZE) / start;
}

static void write_file(int fd, const char *name, size_t size)
{
        _cleanup_(fd_closep) int file =
                openat(fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        need(file < 0 ? -errno : 0, name);
        for (size_t left = size, part; left > 0; left -= part) {
                part = left < BLOCK_SIZE ? left : BLOCK_SIZE;
                memcpy(block, &left, sizeof(left)); /* no two are the same */
                need(file_write_all(file, view_of(block, part)), name);
        }
}

/* Returns a descriptor of it. */
static int make_folder(const char *path)
{
        int fd;

        need(mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0, path);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        need(fd < 0 ? -errno : 0, path);
        return fd;
}

static double hash_once(int fd, const char *path, uint64_t *ret_bytes)
{
        static const char *const nothing[] = {NULL}; /* is ignored */
        const struct hash_queue queue = {.root_fd = fd, .path = path};
        struct inventory inventory = {};
        struct problem problem = {};
        double start = now();
        int r;

        *ret_bytes = 0;
        r = inventory_walk(fd, path, nothing, &inventory, &problem);
        if (r == 0)
                r = hash_queue_run(&queue, &inventory, &problem);
        need(r, problem_text(&problem, r));
        start = now() - start;
        for (size_t i = 0; i < inventory.count; i++)
                *ret_bytes += inventory.files[i].size;
        inventory_done(&inventory);
        return start;
}

static void measure(int fd, const char *path)
{
        struct rusage usage;
        uint64_t bytes;
        double before;

        (void)hash_once(fd, path, &bytes); /* into the page cache */
        sample_count = 0;
        before = bare_rate();
        for (int i = 0; i < ROUNDS; i++) {
                double rate = 1 / hash_once(fd, path, &bytes), after = bare_rate();

                sample_add((double)bytes * rate / ((before + after) / 2) / 1e6);
                before = after;
        }
        (void)getrusage(RUSAGE_SELF, &usage); /* cannot fail */
        (void)printf("hashing %s: %.2f (%.2f to %.2f) of SHA-256 on all processors; "
                     "peak memory %ld kB\n",
                     path, sample_percentile(50), sample_percentile(0), sample_percentile(100),
                     usage.ru_maxrss);
}

int main(int argc, char **argv)
{
        _cleanup_(fd_closep) int large = -1, small = -1;
        char name[32];

        if (argc != 2 || chdir(argv[1]) < 0) {
                (void)fprintf(stderr, "usage: hash FOLDER\n");
                return 2;
        }
        large = make_folder("large");
        for (int i = 0; i < 2; i++) {
                (void)snprintf(name, sizeof(name), "%d", i);
                write_file(large, name, (size_t)256 << 20);
        }
        small = make_folder("small");
        for (unsigned i = 0; i < 20000; i++) {
                (void)snprintf(name, sizeof(name), "%u", i);
                write_file(small, name, (i % 64 + 1) << 10);
        }
        measure(large, "large");
        measure(small, "small");
        return EXIT_SUCCESS;
}
