/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a journal says of the counter that it is anchored with, and whether that is where the
 * counter is: how a journal that was restored from a copy is known at the start.
 *
 * An intent is durable before each step of the counter, and an `anchor` after it. So the counter is
 * where the last anchor has left it, or at most one step further when an intent comes after that.
 */

#include "lib/anchor.h"
#include "lib/keyring.h"

#define ANCHOR_KEY_TEXT_MAX 256 /* base64 of the attestation key, and NUL */

struct anchor_past {
        int known;        /* the journal has records of anchors: the rest is from the newest ones */
        uint64_t record;  /* index of the newest */
        uint32_t index;   /* handle of the counter */
        uint64_t counter; /* the last value that the journal has; 0: the counter had none before */
        int open;         /* an intent has come after that, … */
        uint64_t announced; /* … to this value */
        char token[KEY_NAME_MAX + 1];
        char key[ANCHOR_KEY_TEXT_MAX]; /* that attested it; empty: none did */
};

/* What the token says. */
struct anchor_found {
        uint32_t index; /* 0: there is no counter */
        int counted;    /* it has a value: this one */
        uint64_t counter;
        char key[ANCHOR_KEY_TEXT_MAX];
};

/* Reads the records of the journal at @path from record @from on, where an anchor may be known to
 * be, and from the first one on if it is not there. -EBADMSG and the errno of reading. */
int anchor_past_read(const char *path, uint64_t from, struct anchor_past *ret,
                     struct problem *problem) _must_use_;

/* Whether @found is what @past leaves. -EKEYREJECTED, with both values in the reason. */
int anchor_past_compare(const struct anchor_past *past, const struct anchor_found *found,
                        const char *token, struct problem *problem) _must_use_;

/* What the journal says the counter is at, for people: the newest value that was announced or
 * attested. */
uint64_t anchor_past_counter(const struct anchor_past *past);

/* The file that tells where the newest record of an anchor is. It saves time, and nothing is
 * believed because of it. 0 when there is none. */
uint64_t anchor_hint_read(const char *path);
int anchor_hint_write(const char *path, uint64_t record, struct problem *problem) _must_use_;
