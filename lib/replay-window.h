/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A bundle's worth of leaves, and what can be said of each without the others: hashes, forms,
 * signatures. That is done for many windows at a time (lib/pool.h); what depends on order comes
 * after it, in replay.c.
 */

#include "lib/journal.h"
#include "lib/pool.h"
#include "lib/record-scan.h"

#define REPLAY_NO_KEY SIZE_MAX

enum replay_kind {
        REPLAY_RECORD, /* good by itself */
        REPLAY_ENTRY,  /* meant to be a Sigstore entry: the rules say of what */
        REPLAY_BAD,
};

struct window_leaf {
        struct view bytes; /* in the bundle */
        struct sha256 hash;
        enum replay_kind kind;
        char *reason; /* of a bad one; NULL: there was no memory to find it */
        size_t key;   /* place in the ring of the one that a good one names; REPLAY_NO_KEY */
        struct record record;
};

struct replay_window {
        struct tile tile;      /* width: of what is in the bundle */
        unsigned done;         /* so many leaves were there already */
        int error;             /* of reading the bundle */
        struct problem reason; /* of that */
        struct buf bundle;
        unsigned count; /* whole leaves, up to the width */
        size_t rest;    /* bytes after them */
        struct window_leaf leaves[TILE_WIDTH];
};

/* Key rings for workers: what verifying changes in a key is not shared between threads. */
struct replay_crew {
        struct keyring rings[POOL_THREADS_MAX];
        size_t count;
};

/* -ENOMEM. To be freed in any case. */
int replay_crew_init(struct replay_crew *crew, const struct keyring *ring,
                     unsigned workers) _must_use_;
void replay_crew_done(struct replay_crew *crew);

/* Checks leaves @done and later of a window whose bundle has been read: a pool_function, with a
 * crew. */
void replay_window_check(void *window, void *crew, unsigned worker);

/* Checks one leaf: its bytes are there, the rest is filled in. */
void replay_leaf_check(struct window_leaf *leaf, const struct keyring *ring);

/* Frees the reasons, and the bundle when it is large. */
void replay_window_clear(struct replay_window *window);
void replay_window_done(struct replay_window *window);
