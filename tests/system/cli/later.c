/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To be loaded before the C library: it is an hour later, for files that have not changed for long.
 */
#include <time.h>

time_t time(time_t *ret)
{
        struct timespec now = {};

        (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
        now.tv_sec += 3600;
        if (ret)
                *ret = now.tv_sec;
        return now.tv_sec;
}
