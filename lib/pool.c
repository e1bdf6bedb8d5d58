/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

struct slot {
        void *job;
        int done;
};

/* Jobs are counted from the first: [collected, taken) are with workers or done, [taken, submitted)
 * wait. */
struct pool {
        pool_function function;
        void *context;
        pthread_mutex_t lock; /* of all below but the threads */
        pthread_cond_t work, done;
        struct slot slots[POOL_JOBS_MAX];
        uint64_t collected, taken, submitted;
        int ending;
        unsigned thread_count;
        pthread_t threads[POOL_THREADS_MAX];
};

struct beginning {
        struct pool *pool;
        unsigned worker;
};

static void lock(struct pool *pool)
{
        int r = pthread_mutex_lock(&pool->lock);

        assert(r == 0); /* only a mutex that is none fails */
}

static void unlock(struct pool *pool)
{
        int r = pthread_mutex_unlock(&pool->lock);

        assert(r == 0);
}

/* Runs the oldest job that waits. Called with the lock, and has it again at the end. */
static void run_one(struct pool *pool, unsigned worker)
{
        struct slot *slot = &pool->slots[pool->taken++ % POOL_JOBS_MAX];

        unlock(pool);
        pool->function(slot->job, pool->context, worker);
        lock(pool);
        slot->done = 1;
        (void)pthread_cond_signal(&pool->done); /* cannot fail */
}

static void *work(void *argument)
{
        struct beginning beginning = *(struct beginning *)argument;
        struct pool *pool = beginning.pool;

        free(argument);
        lock(pool);
        while (!pool->ending) {
                if (pool->taken < pool->submitted)
                        run_one(pool, beginning.worker);
                else
                        (void)pthread_cond_wait(&pool->work, &pool->lock); /* cannot fail */
        }
        unlock(pool);
        return NULL;
}

/* Signals are for the thread that was there before, but for the one that lib/mapped.h answers. */
static int begin_thread(struct pool *pool)
{
        struct beginning *beginning = malloc(sizeof(*beginning));
        sigset_t all, before;
        int r;

        if (!beginning)
                return -ENOMEM;
        *beginning = (struct beginning){pool, pool->thread_count + 1};
        (void)sigfillset(&all);
        (void)sigdelset(&all, SIGBUS);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* a valid set */
        r = pthread_create(&pool->threads[pool->thread_count], NULL, work, beginning);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r != 0)
                free(beginning);
        else
                pool->thread_count++;
        return -r;
}

int pool_new(pool_function function, void *context, struct pool **ret)
{
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        struct pool *pool = calloc(1, sizeof(*pool));

        if (!pool)
                return -ENOMEM;
        pool->function = function;
        pool->context = context;
        if (pthread_mutex_init(&pool->lock, NULL) != 0 ||
            pthread_cond_init(&pool->work, NULL) != 0 ||
            pthread_cond_init(&pool->done, NULL) != 0) {
                free(pool);
                return -ENOMEM;
        }
        for (long i = 1; i < processors && i < POOL_THREADS_MAX; i++)
                if (begin_thread(pool) < 0)
                        break; /* slower, and as right */
        *ret = pool;
        return 0;
}

struct pool *pool_free(struct pool *pool)
{
        if (!pool)
                return NULL;
        lock(pool);
        pool->ending = 1;
        (void)pthread_cond_broadcast(&pool->work);
        unlock(pool);
        for (unsigned i = 0; i < pool->thread_count; i++)
                (void)pthread_join(pool->threads[i], NULL); /* each is one of ours, joined once */
        (void)pthread_cond_destroy(&pool->done);
        (void)pthread_cond_destroy(&pool->work);
        (void)pthread_mutex_destroy(&pool->lock);
        free(pool);
        return NULL;
}

unsigned pool_workers(const struct pool *pool)
{
        return pool->thread_count + 1;
}

size_t pool_room(const struct pool *pool)
{
        return 2 * (size_t)pool_workers(pool);
}

void pool_submit(struct pool *pool, void *job)
{
        lock(pool);
        assert(pool->submitted - pool->collected < POOL_JOBS_MAX);
        pool->slots[pool->submitted++ % POOL_JOBS_MAX] = (struct slot){.job = job};
        (void)pthread_cond_signal(&pool->work);
        unlock(pool);
}

void *pool_collect(struct pool *pool)
{
        struct slot *slot;
        void *job = NULL;

        lock(pool);
        slot = &pool->slots[pool->collected % POOL_JOBS_MAX];
        while (pool->collected < pool->submitted && !slot->done) {
                if (pool->taken < pool->submitted)
                        run_one(pool, 0);
                else
                        (void)pthread_cond_wait(&pool->done, &pool->lock);
        }
        if (pool->collected < pool->submitted) {
                job = slot->job;
                pool->collected++;
        }
        unlock(pool);
        return job;
}
