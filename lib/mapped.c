/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/mapped.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

/* Of this thread: the kernel raises SIGBUS in the one that looked. */
static _Thread_local struct {
        uint8_t *data; /* NULL: nothing is mapped */
        size_t size;
        volatile sig_atomic_t lost;
} mapped;

static struct sigaction before; /* ours */
static int handler_error;

static int is_mapped(const siginfo_t *info)
{
        uintptr_t address = (uintptr_t)info->si_addr, begin = (uintptr_t)mapped.data;

        return info->si_code > 0 && mapped.data && address >= begin &&
               address - begin < mapped.size;
}

/* Returning repeats what failed: with zeros under it, or for who was there before. */
static void on_bus_error(int number, siginfo_t *info, void *context)
{
        int saved = errno;

        (void)context;
        if (is_mapped(info) && mmap(mapped.data, mapped.size, PROT_READ,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
                mapped.lost = 1;
        } else {
                (void)sigaction(number, &before, NULL); /* was in force once */
                if (info->si_code <= 0)
                        (void)raise(number); /* somebody sent it */
        }
        errno = saved;
}

static void install_handler(void)
{
        struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};

        (void)sigemptyset(&action.sa_mask); /* cannot fail */
        handler_error = sigaction(SIGBUS, NULL, &before) < 0 || sigaction(SIGBUS, &action, NULL) < 0
                                ? -errno
                                : 0;
}

int mapped_begin(int fd, uint64_t offset, size_t size, struct view *ret)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        void *data;

        assert(!mapped.data);
        (void)pthread_once(&once, install_handler); /* cannot fail */
        if (handler_error < 0)
                return handler_error;
        data = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, (off_t)offset);
        if (data == MAP_FAILED)
                return -errno;
        (void)madvise(data, size, MADV_SEQUENTIAL); /* slower without */
        mapped.lost = 0;
        mapped.size = size;
        mapped.data = data;
        *ret = view_of(data, size);
        return 0;
}

void mapped_rest(size_t size)
{
        assert(mapped.data && size <= mapped.size);
        (void)madvise(mapped.data, size, MADV_DONTNEED); /* it takes memory until mapped_end() */
}

int mapped_is_lost(void)
{
        return mapped.lost != 0;
}

void mapped_end(void)
{
        if (mapped.data)
                (void)munmap(mapped.data, mapped.size); /* what was mapped there */
        mapped.data = NULL;
}
