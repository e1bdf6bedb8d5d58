/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/hash-queue.h"
#include "tests/unit/edit.h"
#include "tests/unit/folder.h"

#include <errno.h>

#define FILES 300

static const char *const nothing[] = {NULL};

static void write_files(const struct folder *folder)
{
        char name[32], content[32];

        for (int i = 0; i < FILES; i++) {
                (void)snprintf(name, sizeof(name), "d%d/f%d", i % 7, i);
                (void)snprintf(content, sizeof(content), "content %d", i);
                folder_write(folder, name, view_string(content));
        }
}

/* Writes @size bytes of 0xa5 in the file. */
static void write_large(const struct folder *folder, const char *name, size_t size)
{
        uint8_t *bytes = malloc(size);

        assert(bytes);
        memset(bytes, 0xa5, size);
        folder_write(folder, name, view_of(bytes, size));
        free(bytes);
}

static void count(void *context, const struct hash_progress *progress)
{
        struct hash_progress *last = context;

        expect(progress->bytes >= last->bytes && progress->bytes <= progress->bytes_in_all);
        *last = *progress;
}

/* Each digest is that of the content, whoever read it. */
static void test_digests(unsigned jobs)
{
        _cleanup_(folder_done) struct folder folder = folder_new();
        _cleanup_(inventory_done) struct inventory inventory = {};
        struct hash_progress last = {};
        struct hash_queue queue = {folder.fd, "m", jobs, count, &last};
        const size_t large = ((size_t)17 << 20) + 5;

        write_files(&folder);
        write_large(&folder, "large", large);
        expect_integer(inventory_walk(folder.fd, "m", nothing, &inventory, NULL), 0);
        inventory.files[0].source = INVENTORY_SKIPPED;
        expect_integer(hash_queue_run(&queue, &inventory, NULL), 0);
        expect_integer(inventory.files[0].source, INVENTORY_SKIPPED);
        for (size_t i = 1; i < inventory.count; i++) {
                uint8_t digest[DIGEST_SIZE_MAX];
                size_t size;
                int fd = openat(folder.fd, inventory.files[i].name, O_RDONLY);

                assert(fd >= 0);
                expect_integer(digest_of_fd("sha256", fd, digest, &size), 0);
                expect_view(sha256_view(&inventory.files[i].digest), view_of(digest, SHA256_SIZE));
                expect_integer(inventory.files[i].source, INVENTORY_HASHED);
                (void)close(fd);
        }
        expect_integer(last.files, FILES);
        expect_integer(last.bytes, last.bytes_in_all);
        expect(last.bytes > large);
}

static void expect_refused(int error, const char *words, void (*change)(const struct folder *))
{
        _cleanup_(folder_done) struct folder folder = folder_new();
        _cleanup_(inventory_done) struct inventory inventory = {};
        struct hash_queue queue = {.root_fd = folder.fd, .path = "m"};
        struct problem problem = {};

        write_files(&folder);
        expect_integer(inventory_walk(folder.fd, "m", nothing, &inventory, NULL), 0);
        change(&folder);
        expect_integer(hash_queue_run(&queue, &inventory, &problem), error);
        expect_contains(problem.text, words);
}

static void longer(const struct folder *folder)
{
        folder_write(folder, "d0/f7", view_string("content 7 and more"));
}

static void another(const struct folder *folder)
{
        folder_write(folder, "x", view_string("content 7"));
        assert(renameat(folder->fd, "x", folder->fd, "d0/f7") == 0);
}

static void gone(const struct folder *folder)
{
        assert(unlinkat(folder->fd, "d0/f7", 0) == 0);
}

static void folder_instead(const struct folder *folder)
{
        gone(folder);
        assert(mkdirat(folder->fd, "d0/f7", 0700) == 0);
}

static void fifo_instead(const struct folder *folder)
{
        gone(folder);
        assert(mkfifoat(folder->fd, "d0/f7", 0600) == 0);
}

static void linked(const struct folder *folder)
{
        gone(folder);
        assert(symlinkat("f14", folder->fd, "d0/f7") == 0);
}

int main(void)
{
        test_digests(0);
        test_digests(1);
        expect_refused(-EBUSY, "m/d0/f7: changed while it was read", longer);
        expect_refused(-EBUSY, "m/d0/f7: changed while it was read", another);
        expect_refused(-EBUSY, "m/d0/f7: changed while it was read", folder_instead);
        expect_refused(-EBUSY, "m/d0/f7: changed while it was read", fifo_instead);
        expect_refused(-ENOENT, "m/d0/f7: No such file", gone);
        expect_refused(-ELOOP, "m/d0/f7", linked);
        return test_result();
}
