/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/pool.h"
#include "tests/test.h"

#define JOBS 20000

struct job {
        size_t number;
        unsigned runs;
        int in_use; /* by a worker, as is its place in @busy */
};

static int busy[POOL_THREADS_MAX];

static void run(void *argument, void *context, unsigned worker)
{
        struct job *job = argument;

        expect(context == busy && !job->in_use && !busy[worker]);
        job->in_use = busy[worker] = 1;
        job->runs++;
        for (volatile size_t i = 0; i < job->number % 97; i++)
                ;
        job->in_use = busy[worker] = 0;
}

/* Each job once, by one worker at a time, and out in the order in which they went in. */
static void test_order(void)
{
        _cleanup_(pool_freep) struct pool *pool = NULL;
        struct job *jobs = calloc(JOBS, sizeof(*jobs)), *job;
        size_t submitted = 0, collected = 0;

        assert(jobs);
        expect_integer(pool_new(run, busy, &pool), 0);
        expect(pool_workers(pool) >= 1 && pool_room(pool) <= POOL_JOBS_MAX);
        expect(pool_collect(pool) == NULL);
        while (collected < JOBS) {
                for (; submitted < JOBS && submitted - collected < POOL_JOBS_MAX; submitted++) {
                        jobs[submitted].number = submitted;
                        pool_submit(pool, &jobs[submitted]);
                }
                job = pool_collect(pool);
                assert(job);
                expect(job == &jobs[collected++] && job->runs == 1);
        }
        expect(pool_collect(pool) == NULL);
        free(jobs);
}

/* Freed while jobs are with workers: they are waited for. */
static void test_free(void)
{
        struct job jobs[POOL_JOBS_MAX] = {};

        for (int i = 0; i < 50; i++) {
                struct pool *pool = NULL;

                expect_integer(pool_new(run, busy, &pool), 0);
                for (size_t j = 0; j < ARRAY_SIZE(jobs); j++)
                        pool_submit(pool, &jobs[j]);
                pool_free(pool);
                for (size_t j = 0; j < ARRAY_SIZE(jobs); j++)
                        expect(!jobs[j].in_use);
        }
        expect(pool_free(NULL) == NULL);
}

int main(void)
{
        test_order();
        test_free();
        return test_result();
}
