/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The keys that one driver process has loaded, or is to load, in the order in which it is asked.
 */

#include "agent/token.h"

#define LOAD_KEYS_MAX ((size_t)4096)
#define LOAD_AGAIN_USEC                                                                            \
        ((uint64_t)1000000) /* a key that is asked for is not tried again sooner                   \
                             */

enum load_state { LOAD_WANTED, LOAD_SENT, LOAD_DONE, LOAD_FAILED };

struct load {
        const struct token_key *key;
        enum load_state state;
        uint32_t slot;          /* LOAD_DONE */
        int error;              /* LOAD_FAILED */
        struct problem problem; /* LOAD_FAILED */
        uint64_t again_usec;    /* LOAD_FAILED: not before */
};

struct load_table {
        struct load **loads;
        size_t count;
        size_t sent;        /* all before this one have been asked for */
        struct load *again; /* asked for once more, before the next one; or NULL */
};

void load_table_done(struct load_table *table);

/* -ENOSPC over LOAD_KEYS_MAX, -ENOMEM. */
int load_table_add(struct load_table *table, const struct token_key *key) _must_use_;

/* NULL if the process was never to load it. */
struct load *load_table_find(const struct load_table *table, const struct token_key *key);

/* The next one to ask for, or NULL. */
struct load *load_table_next(const struct load_table *table);

/* It has been asked for. */
void load_table_sent(struct load_table *table, struct load *load);

/* Whether one that failed may be asked for once more by now: not if something is wrong with the key
 * itself, and one key at a time. */
int load_may_again(const struct load_table *table, const struct load *load);

/* Has it asked for once more. */
void load_table_again(struct load_table *table, struct load *load);

/* Whether a key has been loaded. */
int load_table_has_done(const struct load_table *table);

/* Takes the fields of the answer to LOAD, or its @error with the reason. */
void load_take_answer(struct load *load, struct view fields, int error,
                      const struct problem *problem);
