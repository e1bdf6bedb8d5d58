/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/inventory-look.h"

#include <errno.h>
#include <fcntl.h>

#define MANY ((size_t)256) /* fewer are looked at before a thread begins */
#define STEP ((size_t)32)  /* which a worker takes at a time */

void inventory_look_init(struct inventory_look *look, struct inventory *inventory, const char *path,
                         struct problem *problem)
{
        *look = (struct inventory_look){.path = path,
                                        .inventory = inventory,
                                        .problem = problem,
                                        .began = time(NULL),
                                        .lock = PTHREAD_MUTEX_INITIALIZER};
}

void inventory_look_done(struct inventory_look *look)
{
        look->pool = pool_free(look->pool);
        (void)pthread_mutex_destroy(&look->lock); /* nobody holds it */
}

static void fail(struct inventory_look *look, const char *name, const char *reason, int error)
{
        int r = pthread_mutex_lock(&look->lock), none = 0;

        assert(r == 0);
        if (atomic_compare_exchange_strong(&look->error, &none, error))
                (void)problem_set(look->problem, error, "%s/%.300s: %s", look->path, name, reason);
        (void)pthread_mutex_unlock(&look->lock); /* it is ours */
}

/* NULL for a regular file. */
static const char *oddity(mode_t mode)
{
        switch (mode & S_IFMT) {
        case S_IFREG:
                return NULL;
        case S_IFLNK:
                return "a symbolic link";
        case S_IFIFO:
                return "a FIFO";
        case S_IFSOCK:
                return "a socket";
        default:
                return "a device";
        }
}

static void look_at(struct inventory_look *look, struct inventory_file *file)
{
        struct stat status;

        if (fstatat(look->fd, file->name + look->prefix, &status, AT_SYMLINK_NOFOLLOW) < 0) {
                int error = errno;

                fail(look, file->name, strerror(error), -error);
                return;
        }
        if (S_ISDIR(status.st_mode)) {
                fail(look, file->name, "changed while it was listed", -EBUSY);
                return;
        }
        if (oddity(status.st_mode))
                file->odd = oddity(status.st_mode);
        file->size = (uint64_t)status.st_size;
        file->is_settled = status.st_ctim.tv_sec < look->began - INVENTORY_SETTLED_SECONDS;
        inventory_identify(&status, file->identity);
}

/* One job of the pool takes files until there are none. */
static void work(void *job, void *context, unsigned number)
{
        struct inventory_look *look = context;
        size_t begin;

        (void)job, (void)number; /* all jobs are the same */
        while (atomic_load(&look->error) == 0 &&
               (begin = atomic_fetch_add(&look->next, STEP)) < look->end)
                for (size_t i = begin; i < begin + STEP && i < look->end; i++)
                        look_at(look, &look->inventory->files[i]);
}

/* Without other threads it is slower, and as right. */
static int has_pool(struct inventory_look *look)
{
        return look->pool || pool_new(work, look, &look->pool) == 0;
}

int inventory_look(struct inventory_look *look, int fd, size_t prefix)
{
        look->fd = fd;
        look->prefix = prefix;
        look->end = look->inventory->count;
        atomic_store(&look->next, look->begin);
        if (look->end - look->begin < MANY || !has_pool(look)) {
                work(NULL, look, 0);
        } else {
                for (unsigned i = 0; i < pool_workers(look->pool); i++)
                        pool_submit(look->pool, look);
                while (pool_collect(look->pool))
                        ;
        }
        look->begin = look->end;
        return atomic_load(&look->error);
}
