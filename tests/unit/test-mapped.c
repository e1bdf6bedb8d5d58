/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/mapped.h"
#include "tests/unit/edit.h"
#include "tests/unit/folder.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define SIZE ((size_t)1 << 20)

static int make_file(const struct folder *folder)
{
        static uint8_t bytes[SIZE];
        int fd;

        memset(bytes, 0xa5, sizeof(bytes));
        folder_write(folder, "f", view_of(bytes, sizeof(bytes)));
        fd = openat(folder->fd, "f", O_RDWR | O_CLOEXEC);
        assert(fd >= 0);
        return fd;
}

static int is_all(struct view view, uint8_t byte)
{
        for (size_t i = 0; i < view.size; i++)
                if (view.data[i] != byte)
                        return 0;
        return 1;
}

/* The bytes are there, also after they were let go, and none of them is lost. */
static void test_bytes(int fd)
{
        struct view view = {};

        expect_integer(mapped_begin(fd, SIZE / 2, SIZE / 2, &view), 0);
        expect_integer(view.size, SIZE / 2);
        expect(is_all(view, 0xa5));
        mapped_rest(SIZE / 4);
        expect(is_all(view, 0xa5));
        expect(!mapped_is_lost());
        mapped_end();
        mapped_end();
}

static void *lose(void *argument)
{
        int fd = *(int *)argument;
        struct view view = {};

        expect_integer(mapped_begin(fd, 0, SIZE, &view), 0);
        assert(ftruncate(fd, SIZE / 2) == 0);
        expect(is_all(view_of(view.data + SIZE / 2, SIZE / 2), 0));
        expect(mapped_is_lost());
        mapped_end();
        assert(ftruncate(fd, SIZE) == 0);
        return NULL;
}

/* A file that becomes shorter costs its bytes, not the process, in any thread; the next mapping of
 * the thread knows nothing of it. */
static void test_lost(int fd)
{
        struct view view = {};
        pthread_t thread;

        (void)lose(&fd);
        assert(pthread_create(&thread, NULL, lose, &fd) == 0);
        expect(pthread_join(thread, NULL) == 0);
        expect_integer(mapped_begin(fd, 0, SIZE / 2, &view), 0);
        expect(!mapped_is_lost());
        mapped_end();
}

/* What has no pages. */
static void test_no_mapping(void)
{
        struct view view = {};
        int ends[2];

        assert(pipe2(ends, O_CLOEXEC) == 0);
        expect_integer(mapped_begin(ends[0], 0, SIZE, &view), -ENODEV);
        expect(!view.data);
        mapped_end();
        (void)close(ends[0]);
        (void)close(ends[1]);
}

static void look_elsewhere(int fd)
{
        struct view view;
        const volatile uint8_t *other = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);

        if (mapped_begin(fd, 0, SIZE / 2, &view) < 0 || ftruncate(fd, SIZE / 2) < 0)
                _exit(EXIT_FAILURE);
        _exit(other[SIZE - 1]);
}

static void be_sent_one(int fd)
{
        struct view view;

        if (mapped_begin(fd, 0, SIZE / 2, &view) < 0)
                _exit(EXIT_FAILURE);
        (void)kill(getpid(), SIGBUS);
        _exit(EXIT_SUCCESS);
}

/* A bus error of something else ends the process, as it did before. */
static void expect_ended(int fd, void (*action)(int fd))
{
        int status;
        pid_t child = fork();

        assert(child >= 0);
        if (child == 0) {
                (void)signal(SIGBUS, SIG_DFL); /* a sanitizer would tell of it */
                action(fd);
        }
        expect(waitpid(child, &status, 0) == child);
        expect(WIFSIGNALED(status));
        expect_integer(WTERMSIG(status), SIGBUS);
        assert(ftruncate(fd, SIZE) == 0);
}

int main(void)
{
        _cleanup_(folder_done) struct folder folder = folder_new();
        int fd = make_file(&folder);

        expect_ended(fd, look_elsewhere); /* before a handler is inherited */
        expect_ended(fd, be_sent_one);
        (void)close(fd);
        fd = make_file(&folder);
        test_bytes(fd);
        test_lost(fd);
        test_no_mapping();
        (void)close(fd);
        return test_result();
}
