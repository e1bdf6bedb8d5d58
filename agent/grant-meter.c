/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/grant-meter.h"

#include <errno.h>

#include "agent/grant-day.h"

#define CHAINS    1024
#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

/* One request weighs as much as the rate's time in microseconds, and each microsecond adds the
 * rate's count: all in integers, with nothing lost between two calls. */
struct bucket {
        struct bucket *next;
        char *grant;
        char *unit;
        uid_t uid;
        uint32_t rate_count;
        uint64_t rate_usec;
        uint64_t capacity;
        uint64_t level;
        uint64_t filled_usec; /* when level was right */
        struct grant_day day; /* counted for grants with a limit per day */
};

struct grant_meter {
        struct bucket *chains[CHAINS];
        size_t count;
};

static struct bucket *bucket_free(struct bucket *bucket)
{
        if (!bucket)
                return NULL;
        free(bucket->grant);
        free(bucket->unit);
        free(bucket);
        return NULL;
}
DEFINE_CLEANUP(struct bucket *, bucket_free)

int grant_meter_new(struct grant_meter **ret)
{
        struct grant_meter *meter = calloc(1, sizeof(*meter));

        if (!meter)
                return -ENOMEM;
        *ret = meter;
        return 0;
}

struct grant_meter *grant_meter_free(struct grant_meter *meter)
{
        if (!meter)
                return NULL;
        for (size_t i = 0; i < CHAINS; i++)
                while (meter->chains[i]) {
                        struct bucket *bucket = meter->chains[i];

                        meter->chains[i] = bucket->next;
                        (void)bucket_free(bucket);
                }
        free(meter);
        return NULL;
}

/* Microseconds until the bucket holds @level, rounded up. */
static uint64_t time_until(const struct bucket *bucket, uint64_t level)
{
        if (bucket->level >= level)
                return 0;
        return (level - bucket->level + bucket->rate_count - 1) / bucket->rate_count;
}

static void fill(struct bucket *bucket, uint64_t now_usec)
{
        uint64_t passed = now_usec > bucket->filled_usec ? now_usec - bucket->filled_usec : 0;

        if (passed >= time_until(bucket, bucket->capacity))
                bucket->level = bucket->capacity;
        else
                bucket->level += passed * bucket->rate_count;
        bucket->filled_usec += passed;
        grant_day_advance(&bucket->day, now_usec);
}

/* After a reload the grant may say something else: what was used up stays used up. */
static void adjust(struct bucket *bucket, const struct config_grant *grant)
{
        uint64_t capacity = (uint64_t)grant->burst * grant->rate_usec;
        uint64_t used = bucket->capacity - bucket->level;

        if (bucket->rate_count == grant->rate_count && bucket->rate_usec == grant->rate_usec &&
            bucket->capacity == capacity)
                return;
        /* Whole requests, and the rest to a thousandth; units of time are whole seconds. */
        if (used > 0)
                used = used / bucket->rate_usec * grant->rate_usec +
                       used % bucket->rate_usec * 1000 / bucket->rate_usec *
                               (grant->rate_usec / 1000);
        bucket->level = used < capacity ? capacity - used : 0;
        bucket->capacity = capacity;
        bucket->rate_count = grant->rate_count;
        bucket->rate_usec = grant->rate_usec;
}

/* FNV-1a. Callers choose neither uid nor unit freely, and the table is bounded: no key needed. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
        for (; *text; text++)
                hash = (hash ^ (unsigned char)*text) * FNV_PRIME;
        return hash;
}

/* What makes a caller beside the user. Units that a grant does not ask for are none of its
 * business: each login session of a user is one. */
static const char *unit_of(const struct config_grant *grant, const struct caller *caller)
{
        return grant->units.count > 0 ? caller->place.unit : "";
}

static size_t chain_of(const struct config_grant *grant, const struct caller *caller)
{
        uint64_t hash = FNV_BASIS ^ caller->uid;

        hash = hash_text(hash * FNV_PRIME, grant->name);
        hash = hash_text(hash, unit_of(grant, caller));
        return hash % CHAINS;
}

static uint64_t longer(uint64_t a, uint64_t b)
{
        return a > b ? a : b;
}

/* Forgets all buckets that are full. Returns the time until the first of the others is. */
static uint64_t forget_full(struct grant_meter *meter, uint64_t now_usec)
{
        uint64_t soonest = UINT64_MAX;

        for (size_t i = 0; i < CHAINS; i++) {
                struct bucket **link = &meter->chains[i];

                while (*link) {
                        struct bucket *bucket = *link;
                        uint64_t wait;

                        fill(bucket, now_usec);
                        wait = time_until(bucket, bucket->capacity);
                        if (grant_day_count(&bucket->day) > 0)
                                wait = longer(wait, grant_day_wait(&bucket->day, 1, now_usec));
                        if (wait > 0) {
                                soonest = wait < soonest ? wait : soonest;
                                link = &bucket->next;
                                continue;
                        }
                        *link = bucket->next;
                        (void)bucket_free(bucket);
                        meter->count--;
                }
        }
        return soonest;
}

static int add_bucket(struct grant_meter *meter, const struct config_grant *grant,
                      const struct caller *caller, uint64_t now_usec, struct bucket **ret)
{
        _cleanup_(bucket_freep) struct bucket *bucket = calloc(1, sizeof(*bucket));
        struct bucket **chain = &meter->chains[chain_of(grant, caller)];

        if (!bucket)
                return -ENOMEM;
        bucket->grant = strdup(grant->name);
        bucket->unit = strdup(unit_of(grant, caller));
        if (!bucket->grant || !bucket->unit)
                return -ENOMEM;
        bucket->uid = caller->uid;
        bucket->rate_count = grant->rate_count;
        bucket->rate_usec = grant->rate_usec;
        bucket->capacity = bucket->level = (uint64_t)grant->burst * grant->rate_usec;
        bucket->filled_usec = now_usec;
        bucket->next = *chain;
        *chain = *ret = TAKE_PTR(bucket);
        meter->count++;
        return 0;
}

static struct bucket *find_bucket(const struct grant_meter *meter, const struct config_grant *grant,
                                  const struct caller *caller)
{
        struct bucket *bucket = meter->chains[chain_of(grant, caller)];

        while (bucket && (bucket->uid != caller->uid || !string_equal(bucket->grant, grant->name) ||
                          !string_equal(bucket->unit, unit_of(grant, caller))))
                bucket = bucket->next;
        return bucket;
}

static int get_bucket(struct grant_meter *meter, const struct config_grant *grant,
                      const struct caller *caller, uint64_t now_usec, struct bucket **ret,
                      uint64_t *ret_retry_usec)
{
        uint64_t wait;

        *ret = find_bucket(meter, grant, caller);
        if (*ret)
                return 0;
        if (meter->count >= GRANT_BUCKETS_MAX) {
                wait = forget_full(meter, now_usec);
                if (meter->count >= GRANT_BUCKETS_MAX) {
                        *ret_retry_usec = wait;
                        return -EAGAIN;
                }
        }
        return add_bucket(meter, grant, caller, now_usec, ret);
}

/* Time until there is room for one request more. */
static uint64_t time_to_wait(struct bucket *bucket, const struct config_grant *grant,
                             uint64_t now_usec)
{
        uint64_t wait = 0;

        fill(bucket, now_usec);
        adjust(bucket, grant);
        if (grant->rate_usec > 0)
                wait = time_until(bucket, bucket->rate_usec);
        if (grant->per_day > 0)
                wait = longer(wait, grant_day_wait(&bucket->day, grant->per_day, now_usec));
        return wait;
}

static int is_limited(const struct config_grant *grant)
{
        return grant->rate_usec > 0 || grant->per_day > 0;
}

int grant_meter_charge(struct grant_meter *meter, const struct config_grant *grant,
                       const struct caller *caller, uint64_t now_usec, uint64_t *ret_retry_usec)
{
        struct bucket *bucket;
        uint64_t wait;
        int r;

        if (!is_limited(grant))
                return 0;
        r = get_bucket(meter, grant, caller, now_usec, &bucket, ret_retry_usec);
        if (r < 0)
                return r;
        wait = time_to_wait(bucket, grant, now_usec);
        if (wait > 0) {
                *ret_retry_usec = wait;
                return -EAGAIN;
        }
        bucket->level -= bucket->rate_usec; /* 0 without a rate */
        if (grant->per_day > 0)
                grant_day_add(&bucket->day);
        return 0;
}

int grant_meter_look(const struct grant_meter *meter, const struct config_grant *grant,
                     const struct caller *caller, uint64_t now_usec, uint64_t *ret_retry_usec)
{
        const struct bucket *bucket = is_limited(grant) ? find_bucket(meter, grant, caller) : NULL;
        struct bucket copy;
        uint64_t wait;

        if (!bucket)
                return 0;
        copy = *bucket;
        wait = time_to_wait(&copy, grant, now_usec);
        if (wait > 0)
                *ret_retry_usec = wait;
        return wait > 0 ? -EAGAIN : 0;
}
