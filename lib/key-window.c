/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/key-window.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "lib/record.h"

#define USEC_PER_SEC    ((uint64_t)1000000)
#define TIME_SHOWN_MOST ((uint64_t)253402300799) /* the last second of the year 9999 */

void key_moment_seen(uint64_t seconds, struct key_moment *ret)
{
        uint64_t most = seconds < TIME_SHOWN_MOST ? seconds : TIME_SHOWN_MOST;

        *ret = (struct key_moment){};
        (void)record_time(most * USEC_PER_SEC + USEC_PER_SEC - 1, ret->at);
}

void key_moment_recorded(const char *time, struct key_moment *ret)
{
        *ret = (struct key_moment){.is_exact = 1};
        (void)snprintf(ret->at, sizeof(ret->at), "%s", time);
}

const char *key_window_end(const struct keyring_key *key)
{
        if (key->ended[0])
                return key->ended;
        return key->state == KEY_ACTIVE ? key->overlap : key->destroyed;
}

const char *key_window_last(const struct keyring_key *key)
{
        const char *end = key_window_end(key);

        if (key->state != KEY_REVOKED)
                return end;
        return end[0] && strcmp(end, key->revoked) < 0 ? end : key->revoked;
}

/* What the key was when it ceased to count. Up to its end it was in use; from the moment of its
 * revocation on, that moment included, it is not believed. */
static int is_past(const struct keyring_key *key, const char *at)
{
        const char *end = key_window_end(key);

        return (end[0] && strcmp(at, end) > 0) ||
               (key->state == KEY_REVOKED && strcmp(at, key->revoked) >= 0);
}

static int check_end(const struct keyring_key *key, const struct key_moment *moment,
                     struct problem *problem)
{
        const char *end = key->state == KEY_REVOKED ? key->revoked : key_window_end(key);
        const char *state = key_state_name(key->state);

        if (!end[0])
                return problem_set(problem, -EKEYREJECTED,
                                   "which is %s, and the key ring does not say since when", state);
        if (!moment->at[0])
                return problem_set(problem, -EKEYREJECTED,
                                   "which is %s since %s, and nothing proves that it was signed "
                                   "before",
                                   state, end);
        if (!is_past(key, moment->at))
                return 0;
        return problem_set(problem, -EKEYREJECTED, "which is %s since %s, and it was %s %s", state,
                           end, moment->is_exact ? "recorded at" : "seen first at", moment->at);
}

/* Who verifies it sees it now, which proves that it was not signed later. */
static int check_overlap(const struct keyring_key *key, const struct key_moment *moment,
                         struct problem *problem)
{
        char now[RECORD_TIME_SIZE];

        (void)record_time((uint64_t)time(NULL) * USEC_PER_SEC, now);
        if (strcmp(moment->at[0] ? moment->at : now, key->overlap) <= 0)
                return 0;
        if (!moment->at[0])
                return problem_set(problem, -EKEYREJECTED,
                                   "which was active until %s, and nothing proves that it was "
                                   "signed before",
                                   key->overlap);
        return problem_set(problem, -EKEYREJECTED, "which was active until %s, and it was %s %s",
                           key->overlap, moment->is_exact ? "recorded at" : "seen first at",
                           moment->at);
}

int key_window_check(const struct keyring_key *key, const struct key_moment *moment,
                     struct problem *problem)
{
        int r = 0;

        if (key->state != KEY_ACTIVE)
                r = check_end(key, moment, problem);
        else if (key->overlap[0])
                r = check_overlap(key, moment, problem);

        if (r < 0 || !moment->at[0] || strcmp(moment->at, key->created) >= 0)
                return r;
        return problem_set(problem, -EKEYREJECTED, "which was made at %s, and it was %s %s",
                           key->created, moment->is_exact ? "recorded at" : "seen first at",
                           moment->at);
}
