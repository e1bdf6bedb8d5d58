/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Looking for the newest record of a signature of a digest, from the newest record backwards.
 *
 * Whoever may prove anything may ask, and an answer takes a look at thousands of records. So one
 * entry bundle is looked at in a turn of the event loop that has nothing else to do, and all who
 * ask take turns. A loop that is never idle looks at one now and then.
 */

#include <systemd/sd-event.h>

#include "agent/writer.h"

#define SEARCH_RECORDS 16384 /* that are looked at, at least, if there are so many */
#define SEARCHES_MAX   256   /* at the same time */

struct searches;

struct search_question {
        const char *digest; /* "sha256:HEX"; copied */

        /* Whether anybody still waits for the answer. */
        int (*is_wanted)(void *context);

        /* Called once, never from within searches_begin(). @error is 0, and @index that of the
         * record; -ENOENT: none of those that were looked at; -ECANCELED: not wanted, or
         * searches_free(); else what writer_find_in_bundle() found, with the reason. */
        void (*done)(void *context, int error, uint64_t index, const struct problem *problem);
        void *context;
};

int searches_new(sd_event *event, const struct writer *writer, struct searches **ret) _must_use_;

/* Answers whoever waits. */
struct searches *searches_free(struct searches *searches);
DEFINE_CLEANUP(struct searches *, searches_free)

/* -EBUSY: there are SEARCHES_MAX. */
int searches_begin(struct searches *searches, const struct search_question *question) _must_use_;
