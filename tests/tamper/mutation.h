/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Changes to a journal, drawn by chance. What they have in common: somebody has written the files
 * who may have read all of them and knows the format, and had no key that counts.
 */

#include "lib/keyring.h"
#include "tests/tamper/rebuild.h"
#include "tests/unit/key.h"

#define EARLIER_MAX 4

/* What mutations are made from. */
struct material {
        uint64_t random;
        struct image real; /* everything in it is covered by its checkpoint */
        struct image fork; /* another journal by the same log key, with the same beginning */
        struct record_list records, fork_records;
        size_t size, fork_size;
        struct buf earlier[EARLIER_MAX]; /* genuine checkpoints of the real one */
        size_t earlier_size[EARLIER_MAX];
        size_t earlier_count;
        struct keyring ring;
        EVP_PKEY *stranger; /* a key that is in no ring */
};

/* What a finding has to be about. */
enum mutation_expects {
        EXPECT_NAMED,    /* a file that was changed, or a record in it */
        EXPECT_HEAD,     /* the signed checkpoint or the one that the auditor has kept */
        EXPECT_EITHER,   /* one or the other: what was put there may fit together */
        EXPECT_UNSEALED, /* no finding needed: records that no checkpoint covers are counted */
};

struct mutation {
        const char *name;
        /* May leave the image as it is, when chance would have it. */
        void (*apply)(struct material *material, struct image *image);
        enum mutation_expects expects;
};

extern const struct mutation mutations_of_bytes[], mutations_of_tiles[], mutations_of_wal[],
        mutations_of_records[], mutations_of_checkpoints[]; /* each ends with a name of NULL */

size_t material_random(struct material *material, size_t below);

/* A file of the image by chance, whose path begins so. */
struct image_file *material_pick(struct material *material, struct image *image,
                                 const char *folder);

/* A record with one thing changed, in canonical form; owned by @list. */
struct view material_edit(struct material *material, struct record_list *list, struct view record);
