/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which records to show: those that have all that was asked for.
 */

#include <jansson.h>

#include "lib/problem.h"

struct journal_filter {
        const char *key, *user, *unit, *digest, *type; /* NULL: any */
        const char *after,
                *before; /* time from, and up to but without; the front of one, or NULL */
};

/* Whether both times are the front of one: "2026-11-22", "2026-11-22T10:00", "…Z". -EINVAL. */
int journal_filter_check(const struct journal_filter *filter, struct problem *problem) _must_use_;

/* Whether anything was asked for. */
int journal_filter_is_set(const struct journal_filter *filter);

int journal_filter_takes(const struct journal_filter *filter, const json_t *record);
