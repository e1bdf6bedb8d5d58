/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Durations that a benchmark collects, and what it says of them.
 */

#include <time.h>

#include "lib/macro.h"

#define SAMPLES_MAX ((size_t)1 << 22)

static float samples[SAMPLES_MAX]; /* seconds */
static size_t sample_count;

static inline double now(void)
{
        struct timespec time;

        (void)clock_gettime(CLOCK_MONOTONIC, &time); /* cannot fail with this clock */
        return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static inline void sample_add(double seconds)
{
        if (sample_count < SAMPLES_MAX)
                samples[sample_count++] = (float)seconds;
}

static inline int sample_compare(const void *a, const void *b)
{
        float x = *(const float *)a, y = *(const float *)b;

        return x < y ? -1 : x > y;
}

/* In microseconds. Sorts the samples. */
static inline double sample_percentile(unsigned percent)
{
        if (sample_count == 0)
                return 0;
        qsort(samples, sample_count, sizeof(*samples), sample_compare);
        return (double)samples[(sample_count - 1) * percent / 100] * 1e6;
}
