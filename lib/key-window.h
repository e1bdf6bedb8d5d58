/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * When a key's word counts: from when it was made until it was retired, destroyed or revoked. An
 * active key needs no proof of when it signed, nor does one in its overlap until that ends; of any
 * other, only what is proved to have been signed in its time is believed.
 */

#include "lib/keyring.h"

/* When something was signed, as far as that is proved. */
struct key_moment {
        char at[KEY_TIME_SIZE]; /* not later than that; empty: nothing proves it */
        int is_exact;           /* nor earlier: the time of a record, not of somebody who saw it */
};

/* The moment at which somebody saw it, in seconds since 1970. Their clocks show whole seconds, so
 * it is the end of that one. */
void key_moment_seen(uint64_t seconds, struct key_moment *ret);

/* The moment of a record. */
void key_moment_recorded(const char *time, struct key_moment *ret);

/* Up to when anything that the key signed may count: empty for an active key without an
 * overlap, for which there is no end, and for one that has ended nobody knows when, of which
 * nothing counts. */
const char *key_window_last(const struct keyring_key *key);

/* Until when the key was in use, or will be; empty: it is, or nobody knows. */
const char *key_window_end(const struct keyring_key *key);

/* 0: what the key signed at that moment counts. -EKEYREJECTED with the reason, as the end of a
 * sentence about the key: "which is revoked since …". */
int key_window_check(const struct keyring_key *key, const struct key_moment *moment,
                     struct problem *problem) _must_use_;
