/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/replay.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/replay-state.h"

#define PROGRESS_EVERY 4096

void replay_report(struct replay *replay, uint64_t index, const char *where, const char *format,
                   ...)
{
        struct replay_finding finding;
        char all[PROBLEM_TEXT_MAX];
        struct problem text = {};
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(all, sizeof(all), format, arguments);
        va_end(arguments);
        (void)problem_set(&text, 0, "%s", all);
        finding = (struct replay_finding){index, where, text.text, 0};
        if (told_before(&replay->told, &finding))
                return;
        replay->result->findings++;
        if (replay->kept && replay_saved_add(replay->kept, &finding) < 0)
                replay->memory_failed = 1;
        replay->options->finding(&finding, replay->options->context);
}

int replay_is_fault(int error)
{
        return error == -ENOENT || error == -EBADMSG || error == -EMSGSIZE || error == -EINVAL ||
               error == -ENOTDIR || error == -EISDIR || error == -ELOOP || error == -ENXIO;
}

int replay_add_leaf(struct replay *replay, const struct sha256 *leaf, struct problem *problem)
{
        struct sha256 completed[MERKLE_HEIGHT_MAX];
        unsigned height = merkle_push(&replay->tree, leaf, completed);
        int r = 0;

        for (unsigned level = 0; level < TILE_LEVELS && level * TILE_HEIGHT <= height && r == 0;
             level++)
                r = replay_add_hash(replay, (int)level, &completed[(size_t)level * TILE_HEIGHT],
                                    problem);
        if (r == 0)
                r = replay_check_heads(replay, problem);
        if (r == 0 && replay->options->progress && replay->tree.size % PROGRESS_EVERY == 0)
                replay->options->progress(replay->tree.size, replay->result->checkpoint.size,
                                          replay->options->context);
        return r;
}

static void report_gap(struct replay *replay)
{
        char where[WAL_NAME_SIZE];

        replay_report(replay, replay->tree.size, wal_path(replay->gap_end, where),
                      "records %llu to %llu are missing before this segment",
                      (unsigned long long)replay->tree.size,
                      (unsigned long long)replay->gap_end - 1);
}

static int walk(struct replay *replay, struct problem *problem)
{
        uint64_t before, gap_end;
        int r;

        /* A writer moves records from segments to bundles, so a live journal takes several rounds.
         * What seems to be missing is in a bundle by the next one. */
        do {
                before = replay->tree.size;
                gap_end = replay->gap_end;
                do
                        r = replay_bundles(replay, problem);
                while (r > 0);
                if (r == 0)
                        r = replay_segments(replay, problem);
        } while (r == 0 && replay->live &&
                 (replay->tree.size > before || (replay->gap_end > 0 && gap_end == 0)));
        if (r == 0 && replay->gap_end > 0)
                report_gap(replay);
        for (int level = 0; level < TILE_LEVELS && r == 0; level++)
                if (replay->levels[level].width < TILE_WIDTH)
                        r = replay_check_partials(replay, level, problem);
        return r;
}

static void replay_done(struct replay *replay)
{
        buf_done(&replay->edge);
        pool_free(replay->pool); /* first: its threads have the windows */
        replay_crew_done(&replay->crew);
        for (size_t i = 0; i < replay->window_count; i++) {
                replay_window_done(replay->windows[i]);
                free(replay->windows[i]);
        }
        told_done(&replay->told);
        buf_done(&replay->bundle);
        buf_done(&replay->tile);
        replay_rules_free(replay);
        replay_saved_free(replay->saved);
        replay_saved_free(replay->kept);
        buf_done(&replay->published);
        free(replay->heads);
        free(replay);
}

static void replay_donep(struct replay **replay)
{
        if (*replay)
                replay_done(*replay);
}

static int begin(struct replay *replay, struct problem *problem)
{
        int r = 0;

        if (replay->options->keep) {
                buf_clear(replay->options->keep);
                replay->kept = replay_saved_new();
                r = replay->kept ? 0 : -ENOMEM;
        }
        if (r == 0)
                r = replay_load(replay, problem);
        if (r == 0)
                r = replay_open_heads(replay, problem);
        if (r == 0)
                r = pool_new(replay_window_check, &replay->crew, &replay->pool);
        if (r == 0)
                r = replay_crew_init(&replay->crew, replay->ring, pool_workers(replay->pool));
        return r < 0 ? r : replay_rules_begin(replay);
}

/* From where the last replay ended, if there was one. */
static int run(struct replay *replay, struct problem *problem)
{
        int r = replay_resume(replay, problem);

        if (r != 0) /* what follows what is not there? */
                return r < 0 ? r : 0;
        r = replay_check_heads(replay, problem);
        if (r == 0)
                r = walk(replay, problem);
        if (r == 0)
                r = replay_rules_end(replay);
        if (r == 0)
                replay_check_sizes(replay);
        return r;
}

int replay_journal(const struct journal *journal, const struct keyring *ring,
                   const struct replay_options *options, struct replay_result *ret,
                   struct problem *problem)
{
        _cleanup_(replay_donep) struct replay *replay = calloc(1, sizeof(*replay));
        int r;

        if (!replay)
                return -ENOMEM;
        *ret = (struct replay_result){};
        replay->journal = journal;
        replay->ring = ring;
        replay->options = options;
        replay->result = ret;
        replay->live = journal_is_live(journal);
        replay->edge.limit = ENTRY_BUNDLE_MAX;
        r = begin(replay, problem);
        if (r == 0)
                r = run(replay, problem);
        if (r < 0)
                return r;
        if (ret->records > ret->checkpoint.size)
                ret->unsealed = ret->records - ret->checkpoint.size;
        if (ret->findings == 0)
                replay_reached(replay, REPLAY_L0, "", 0, ret->checkpoint.size);
        return 0;
}
