/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the file system says of files that inventory_walk() has listed: asked of many at a time, on
 * all processors.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "lib/inventory.h"
#include "lib/pool.h"

#define INVENTORY_LOOK_MAX ((size_t)4096) /* files at a time */

struct inventory_look {
        const char *path; /* of the root, for messages */
        struct inventory *inventory;
        struct problem *problem;
        time_t began;      /* listing */
        struct pool *pool; /* NULL until there are many */
        size_t begin, end; /* files that are looked at */
        int fd;            /* of their directory */
        size_t prefix;     /* bytes of their names that are the directory's */
        atomic_size_t next;
        atomic_int error; /* the first; ends the others */
        pthread_mutex_t lock;
};

void inventory_look_init(struct inventory_look *look, struct inventory *inventory, const char *path,
                         struct problem *problem);
void inventory_look_done(struct inventory_look *look);

/* Whether as many have been listed since the last look as are looked at together. */
static inline int inventory_look_is_due(const struct inventory_look *look)
{
        return look->inventory->count - look->begin >= INVENTORY_LOOK_MAX;
}

/* Looks at those listed since. All are in the directory @fd, which is the first @prefix bytes of
 * their names. -EBUSY: one has become a directory; else the errno of fstatat(), with the name. */
int inventory_look(struct inventory_look *look, int fd, size_t prefix) _must_use_;
