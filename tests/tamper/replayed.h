/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Replays of a journal that has been tampered with: what was found, and whether that names what was
 * changed.
 */

#include "lib/replay.h"
#include "lib/tile.h"
#include "tests/test.h"

#include <stdio.h>

#define REPLAYED_KEPT 64 /* findings that are looked at; of later ones only their number */

struct replayed {
        size_t count;
        struct {
                uint64_t index;
                char where[80], text[PROBLEM_TEXT_MAX];
        } findings[REPLAYED_KEPT];
        struct replay_result result;
};

static inline void replayed_note(const struct replay_finding *finding, void *context)
{
        struct replayed *replayed = context;
        size_t i = replayed->count++;

        if (i >= REPLAYED_KEPT)
                return;
        replayed->findings[i].index = finding->index;
        (void)snprintf(replayed->findings[i].where, sizeof(replayed->findings[i].where), "%s",
                       finding->where);
        (void)snprintf(replayed->findings[i].text, sizeof(replayed->findings[i].text), "%s",
                       finding->text);
}

static inline int replayed_run(const char *path, const struct keyring *ring, struct view since,
                               struct replayed *ret)
{
        _cleanup_(journal_freep) struct journal *journal = NULL;
        const struct replay_earlier earlier = {"earlier", since};
        const struct replay_options options = {.since = &earlier,
                                               .since_count = since.size > 0,
                                               .finding = replayed_note,
                                               .context = ret};
        struct problem problem = {};
        int r;

        *ret = (struct replayed){};
        r = journal_open(path, &journal, &problem);
        if (r == 0)
                r = replay_journal(journal, ring, &options, &ret->result, &problem);
        if (r < 0)
                (void)fprintf(stderr, "%s: %s%sno answer: %s\n", path, test_label,
                              test_label[0] ? ": " : "", problem_text(&problem, r));
        return r;
}

/* Whether a finding says that, about that record (REPLAY_NO_INDEX: about none) and place. */
static inline int replayed_says(const struct replayed *replayed, uint64_t index, const char *where,
                                const char *text)
{
        for (size_t i = 0; i < replayed->count && i < REPLAYED_KEPT; i++)
                if (replayed->findings[i].index == index &&
                    string_equal(replayed->findings[i].where, where) &&
                    strstr(replayed->findings[i].text, text))
                        return 1;
        return 0;
}

static inline void replayed_print(const struct replayed *replayed)
{
        for (size_t i = 0; i < replayed->count && i < REPLAYED_KEPT; i++)
                (void)fprintf(stderr, "    record %lld, %s: %s\n",
                              (long long)replayed->findings[i].index, replayed->findings[i].where,
                              replayed->findings[i].text);
}
