/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/replay-told.h"

/* A table with open addressing, never more than half full. Zeros are an empty place. */
#define PLACES ((size_t)2 * REPLAY_TOLD_MAX)

static const struct sha256 nothing;

void told_done(struct told *told)
{
        free(told->hashes);
        *told = (struct told){};
}

static struct sha256 hash_of(const struct replay_finding *finding)
{
        const struct view parts[] = {
                view_of((const uint8_t *)&finding->index, sizeof(finding->index)),
                view_of((const uint8_t *)finding->where, strlen(finding->where) + 1),
                view_string(finding->text),
        };

        return sha256_of_parts(parts, ARRAY_SIZE(parts));
}

/* The place that has the hash, or else is its. */
static struct sha256 *find_place(const struct told *told, const struct sha256 *hash)
{
        size_t place = 0;

        memcpy(&place, hash->bytes, sizeof(place));
        for (;; place++) {
                struct sha256 *found = &told->hashes[place % PLACES];

                if (view_equal(sha256_view(found), sha256_view(hash)) ||
                    view_equal(sha256_view(found), sha256_view(&nothing)))
                        return found;
        }
}

int told_before(struct told *told, const struct replay_finding *finding)
{
        struct sha256 hash = hash_of(finding), *place;

        if (!told->hashes)
                told->hashes = calloc(PLACES, sizeof(*told->hashes));
        if (!told->hashes)
                return 0;
        place = find_place(told, &hash);
        if (view_equal(sha256_view(place), sha256_view(&hash)))
                return 1;
        if (told->count < REPLAY_TOLD_MAX) {
                *place = hash;
                told->count++;
        }
        return 0;
}
