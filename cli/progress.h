/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A bar on standard error while files are hashed, with rate and time left; nothing when that is no
 * terminal.
 */

#include "lib/hash-queue.h"

struct progress {
        int shown;           /* there is a terminal */
        uint64_t began_usec; /* of the monotonic clock */
};

struct progress progress_begin(void);

/* For struct hash_queue; @context is the struct progress. */
void progress_show(void *context, const struct hash_progress *state);

/* Wipes the bar. */
void progress_end(const struct progress *progress);

/* "1.5 GB": three digits at most, powers of 1000. */
#define BYTES_TEXT_SIZE 16
char *bytes_text(uint64_t bytes, char ret[BYTES_TEXT_SIZE]);
