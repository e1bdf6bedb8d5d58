/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How values are written: durations, rates, lists of words. Pure. All return 0 or -EBADMSG, and
 * leave @ret alone on failure.
 */

#include "agent/config.h"

/* "500ms", "1s", "2min", or whole seconds without unit; from @least to @most microseconds. */
int value_duration(const char *text, uint64_t least, uint64_t most, uint64_t *ret) _must_use_;

/* COUNT/UNIT with s, min, h or d: 1 to CONFIG_RATE_MAX requests in one of that unit. */
int value_rate(const char *text, uint32_t *ret_count, uint64_t *ret_usec) _must_use_;

int value_integer(const char *text, uint32_t least, uint32_t most, uint32_t *ret) _must_use_;

/* Begins with "/" and is not longer than PATH_MAX allows. */
int value_is_path(const char *text);

/* 1 to CONFIG_LIST_MAX words with blanks between them. Also -ENOMEM. */
int value_words(const char *text, struct words *ret) _must_use_;

void words_done(struct words *words);
