/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What `hallmark journal verify` prints: findings as they come, the progress on a terminal, and the
 * verdict with what it rests on.
 */

#include "cli/journal-endorsed.h"
#include "cli/journal-quorum.h"
#include "lib/replay.h"

#define JOURNAL_REPORT_NO_PERCENT 101

struct journal_report {
        int json;
        int error;                     /* of writing; the first sticks */
        unsigned percent;              /* as shown on the terminal */
        const char *origin;            /* of the ring that the journal was held against */
        struct journal_quorum *quorum; /* without policy when none was given */
        struct journal_endorsed *endorsed;
        struct problem *problem;
};

/* For struct replay_options; @context is the report. */
void journal_report_finding(const struct replay_finding *finding, void *context);
void journal_report_progress(uint64_t done, uint64_t total, void *context);

/* The errno of writing. */
int journal_report_result(const struct journal_report *report, const struct replay_result *result,
                          const char *path) _must_use_;
