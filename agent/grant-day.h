/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How often something happened in the last 24 hours, in slots of a quarter of an hour: never less
 * than it was, so that a limit on it is one for any 24 hours. Private to agent/grant*.c.
 */

#include <stdint.h>

#include "lib/macro.h"

#define GRANT_DAY_SLOT_USEC ((uint64_t)15 * 60 * 1000000)
#define GRANT_DAY_SLOTS     97 /* those of a day, and the one that is not over yet */

struct grant_day {
        uint64_t newest; /* number of the newest slot */
        uint32_t counts[GRANT_DAY_SLOTS];
};

/* Forgets what is too long ago. A clock that goes back changes nothing. */
void grant_day_advance(struct grant_day *day, uint64_t now_usec);

/* The next two after grant_day_advance() for the same time. */
uint64_t grant_day_count(const struct grant_day *day);
void grant_day_add(struct grant_day *day);

/* Microseconds until fewer than @limit are counted; 0 when they are fewer. */
uint64_t grant_day_wait(const struct grant_day *day, uint32_t limit, uint64_t now_usec);
