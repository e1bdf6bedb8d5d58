/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/hash-queue.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "lib/file-pass.h"
#include "lib/pool.h"

#define PROGRESS_USEC ((uint64_t)100000)

/* Files of one class are as good as equally large: of one power of two, one sixteenth of it apart.
 */
#define CLASS_BITS  4
#define CLASS_SMALL 20 /* files of less than two to the power of that are of the first class */
#define CLASSES     ((size_t)(64 - CLASS_SMALL) << CLASS_BITS)

/* So many are hashed until what is known of them goes from memory. */
#define REST_FILES ((size_t)2048)

/* What the workers share. Each takes the next of the files, and is alone with it. */
struct run {
        const struct hash_queue *queue;
        struct inventory *inventory;
        uint32_t *order; /* indices of those to be hashed, the largest first */
        size_t count;
        uint64_t bytes_in_all;
        unsigned workers;
        EVP_MD *hash;
        atomic_size_t next, done;
        atomic_uint_fast64_t bytes;
        atomic_int error; /* the first; ends the others */
        pthread_mutex_t lock;
        uint64_t shown; /* when progress was told last; under the lock, as is all below */
        struct problem problem;
};

struct worker {
        struct run *run;
        EVP_MD_CTX *context;
        uint8_t *block;
};

static void evp_md_ctx_freep(EVP_MD_CTX **context)
{
        EVP_MD_CTX_free(*context);
}

static uint64_t now_usec(void)
{
        struct timespec now = {};

        (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void fail(struct run *run, const char *name, const char *reason, int error)
{
        int r = pthread_mutex_lock(&run->lock), none = 0;

        assert(r == 0);
        if (atomic_compare_exchange_strong(&run->error, &none, error))
                (void)problem_set(&run->problem, error, "%s/%.300s: %s", run->queue->path, name,
                                  reason);
        (void)pthread_mutex_unlock(&run->lock); /* it is ours */
}

/* Whoever comes when it is time tells; nobody waits for it. */
static void tell(struct run *run, int at_last)
{
        uint64_t now;

        if (!run->queue->progress || pthread_mutex_trylock(&run->lock) != 0)
                return;
        now = now_usec();
        if (at_last || now - run->shown >= PROGRESS_USEC) {
                run->shown = now;
                run->queue->progress(run->queue->context,
                                     &(struct hash_progress){atomic_load(&run->bytes),
                                                             run->bytes_in_all,
                                                             atomic_load(&run->done), run->count});
        }
        (void)pthread_mutex_unlock(&run->lock);
}

static int is_same(int fd, const struct inventory_file *file)
{
        uint8_t identity[INVENTORY_IDENTITY_SIZE];
        struct stat status;

        if (fstat(fd, &status) < 0)
                return 0;
        inventory_identify(&status, identity);
        return memcmp(identity, file->identity, sizeof(identity)) == 0;
}

/* As many bytes as the file had, or -EBUSY. */
static int hash_content(struct worker *worker, int fd, const struct inventory_file *file)
{
        struct file_pass pass =
                file_pass_begin(fd, file->size, worker->block, worker->run->workers);
        struct view part;
        int r;

        while ((r = file_pass_next(&pass, &part)) == 0 && part.size > 0 &&
               atomic_load(&worker->run->error) == 0) {
                if (EVP_DigestUpdate(worker->context, part.data, part.size) != 1) {
                        r = -EIO;
                        break;
                }
                (void)atomic_fetch_add(&worker->run->bytes, part.size);
                if (pass.offset < file->size)
                        tell(worker->run, 0);
        }
        file_pass_end(&pass);
        return r;
}

static void hash_file(struct worker *worker, struct inventory_file *file)
{
        _cleanup_(fd_closep) int fd =
                openat(worker->run->queue->root_fd, file->name,
                       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        int r = fd < 0 ? -errno : 0;

        if (r == 0 && EVP_DigestInit_ex(worker->context, worker->run->hash, NULL) != 1)
                r = -EIO;
        if (r == 0 && file->size > FILE_PASS_BLOCK && !is_same(fd, file))
                r = -EBUSY; /* of little, the look afterwards is enough */
        if (r == 0)
                r = hash_content(worker, fd, file);
        if (fd >= 0 && r != -EBUSY && !is_same(fd, file))
                r = -EBUSY;
        if (r == 0 && EVP_DigestFinal_ex(worker->context, file->digest.bytes, NULL) != 1)
                r = -EIO;
        if (r < 0)
                fail(worker->run, file->name,
                     r == -EBUSY ? "changed while it was read" : strerror(-r), r);
        else
                file->source = INVENTORY_HASHED;
        if (atomic_fetch_add(&worker->run->done, 1) % REST_FILES == REST_FILES - 1)
                inventory_rest(worker->run->inventory, SIZE_MAX);
}

/* One job of the pool takes files until there are none. */
static void work(void *job, void *context, unsigned number)
{
        _cleanup_(evp_md_ctx_freep) EVP_MD_CTX *digest = EVP_MD_CTX_new();
        _cleanup_(freep) uint8_t *block = file_pass_block();
        struct run *run = context;
        struct worker worker = {run, digest, block};
        size_t i;

        (void)job, (void)number; /* all jobs are the same */
        if (!digest || !block) {
                fail(run, "", "out of memory", -ENOMEM);
                return;
        }
        while (atomic_load(&run->error) == 0 &&
               (i = atomic_fetch_add(&run->next, 1)) < run->count) {
                hash_file(&worker, &run->inventory->files[run->order[i]]);
                tell(run, 0);
        }
}

static size_t class_of(uint64_t size)
{
        unsigned power = size >> CLASS_SMALL ? 63 - (unsigned)__builtin_clzll(size) : 0;

        if (power == 0)
                return 0;
        return ((size_t)(power - CLASS_SMALL) << CLASS_BITS) +
               (size_t)(size >> (power - CLASS_BITS) & ((1u << CLASS_BITS) - 1));
}

static int is_wanted(const struct inventory_file *file)
{
        return file->source == INVENTORY_UNKNOWN && !file->odd;
}

/* How many files there are of larger classes than each: their places begin there. */
static void find_places(struct run *run, size_t places[CLASSES])
{
        size_t larger = 0;

        for (size_t i = 0; i < run->inventory->count; i++) {
                const struct inventory_file *file = &run->inventory->files[i];

                inventory_rest(run->inventory, i);
                if (!is_wanted(file))
                        continue;
                places[class_of(file->size)]++;
                run->count++;
                run->bytes_in_all += file->size;
        }
        for (size_t class = CLASSES; class -- > 0;) {
                size_t files = places[class];

                places[class] = larger;
                larger += files;
        }
}

static int choose_order(struct run *run)
{
        size_t places[CLASSES] = {};

        find_places(run, places);
        run->order = calloc(run->count > 0 ? run->count : 1, sizeof(*run->order));
        if (!run->order)
                return -ENOMEM;
        for (size_t i = 0; i < run->inventory->count; i++) {
                const struct inventory_file *file = &run->inventory->files[i];

                inventory_rest(run->inventory, i);
                if (is_wanted(file))
                        run->order[places[class_of(file->size)]++] = (uint32_t)i;
        }
        return 0;
}

static int start(struct run *run)
{
        _cleanup_(pool_freep) struct pool *pool = NULL;
        unsigned jobs;
        int r = pool_new(work, run, &pool);

        if (r < 0)
                return r;
        jobs = pool_workers(pool);
        if (run->queue->jobs > 0 && run->queue->jobs < jobs)
                jobs = run->queue->jobs;
        run->workers = jobs;
        for (unsigned i = 0; i < jobs; i++)
                pool_submit(pool, run);
        while (pool_collect(pool))
                ;
        tell(run, 1);
        return atomic_load(&run->error);
}

int hash_queue_run(const struct hash_queue *queue, struct inventory *inventory,
                   struct problem *problem)
{
        struct run run = {
                .queue = queue, .inventory = inventory, .lock = PTHREAD_MUTEX_INITIALIZER};
        int r = choose_order(&run);

        run.shown = now_usec();
        if (r == 0) {
                run.hash = EVP_MD_fetch(NULL, "SHA256", NULL);
                r = run.hash ? start(&run) : -EOPNOTSUPP;
        }
        EVP_MD_free(run.hash);
        free(run.order);
        (void)pthread_mutex_destroy(&run.lock);
        return r < 0 ? problem_set(problem, r, "%s", problem_text(&run.problem, r)) : 0;
}
