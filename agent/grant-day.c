/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/grant-day.h"

#include <string.h>

void grant_day_advance(struct grant_day *day, uint64_t now_usec)
{
        uint64_t now = now_usec / GRANT_DAY_SLOT_USEC;

        if (now >= day->newest + GRANT_DAY_SLOTS) {
                memset(day->counts, 0, sizeof(day->counts));
                day->newest = now;
        }
        while (day->newest < now)
                day->counts[++day->newest % GRANT_DAY_SLOTS] = 0;
}

uint64_t grant_day_count(const struct grant_day *day)
{
        uint64_t count = 0;

        for (size_t i = 0; i < GRANT_DAY_SLOTS; i++)
                count += day->counts[i];
        return count;
}

void grant_day_add(struct grant_day *day)
{
        day->counts[day->newest % GRANT_DAY_SLOTS]++;
}

uint64_t grant_day_wait(const struct grant_day *day, uint32_t limit, uint64_t now_usec)
{
        uint64_t count = grant_day_count(day), end = 0;

        /* From the oldest slot, which comes after the newest: each is forgotten a day after it was
         * over. */
        for (uint64_t i = 1; count >= limit && i <= GRANT_DAY_SLOTS; i++) {
                count -= day->counts[(day->newest + i) % GRANT_DAY_SLOTS];
                end = (day->newest + i) * GRANT_DAY_SLOT_USEC;
        }
        return end > now_usec ? end - now_usec : 0;
}
