/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Threads for verifiers: jobs go in in order and come out in the same order, and in between run on
 * all processors.
 *
 * The invariant: from pool_submit() until pool_collect() gives it back, a job belongs to the one
 * thread that runs it, and nobody else touches it. Threads share nothing else that changes. The
 * thread that collects works as well while it waits, so a pool works without any other thread. The
 * agent has no pool.
 */

#include "lib/macro.h"

#define POOL_THREADS_MAX 64
#define POOL_JOBS_MAX    (2 * POOL_THREADS_MAX + 2) /* outstanding at once */

struct pool;

/* @worker is 0 to pool_workers() - 1, and runs one job at a time. */
typedef void (*pool_function)(void *job, void *context, unsigned worker);

/* As many workers as there are processors, the caller's thread among them; fewer when the system
 * gives no more threads. -ENOMEM. */
int pool_new(pool_function function, void *context, struct pool **ret) _must_use_;

/* Ends the threads. Jobs that have not been collected are forgotten, but none is running any more.
 * Takes NULL. */
struct pool *pool_free(struct pool *pool);
DEFINE_CLEANUP(struct pool *, pool_free)

unsigned pool_workers(const struct pool *pool);

/* How many jobs keep all workers busy. */
size_t pool_room(const struct pool *pool);

/* At most POOL_JOBS_MAX jobs may be outstanding. */
void pool_submit(struct pool *pool, void *job);

/* The oldest job that is outstanding, when it is done; NULL when there is none. */
void *pool_collect(struct pool *pool);
