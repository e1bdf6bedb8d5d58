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
        struct problem text = {};
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(text.text, sizeof(text.text), format, arguments);
        va_end(arguments);
        replay->result->findings++;
        replay->options->finding(&(struct replay_finding){index, where, text.text},
                                 replay->options->context);
}

int replay_is_fault(int error)
{
        return error == -ENOENT || error == -EBADMSG || error == -EMSGSIZE || error == -EINVAL ||
               error == -ENOTDIR || error == -EISDIR || error == -ELOOP || error == -ENXIO;
}

static int open_with_ring(struct replay *replay, struct view text, struct checkpoint *ret,
                          struct problem *problem)
{
        int r = -ENOKEY;

        for (size_t i = 0; i < replay->ring->count && r < 0; i++) {
                const struct keyring_key *key = &replay->ring->keys[i];
                struct problem reason = {};

                if (key->purpose != KEY_LOG)
                        continue;
                r = checkpoint_open(text, replay->ring->origin, key->pubkey, ret, &reason);
                if (r < 0 && r != -ENOKEY)
                        return problem_set(problem, r, "%s", problem_text(&reason, r));
        }
        if (r == -ENOKEY)
                return problem_set(problem, r,
                                   "not signed by the log key of \"%s\" in the key ring",
                                   replay->ring->origin);
        return r;
}

static int open_checkpoints(struct replay *replay, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};
        struct problem reason = {};
        int r;

        r = journal_read_checkpoint(replay->journal, &text, &reason);
        if (r < 0 && !replay_is_fault(r))
                return problem_set(problem, r, "%s", problem_text(&reason, r));
        if (r == 0)
                r = open_with_ring(replay, buf_view(&text), &replay->result->checkpoint, &reason);
        if (r == -ENOMEM)
                return r;
        replay->sealed = r == 0;
        if (r < 0)
                replay_report(replay, REPLAY_NO_INDEX, "checkpoint", "%s",
                              problem_text(&reason, r));
        if (replay->options->since.size == 0)
                return 0;
        reason = (struct problem){};
        r = open_with_ring(replay, replay->options->since, &replay->since, &reason);
        if (r < 0)
                return problem_set(problem, r, "earlier checkpoint: %s", problem_text(&reason, r));
        replay->since_known = 1;
        return 0;
}

static void check_root(struct replay *replay, const struct checkpoint *expected, const char *where)
{
        struct sha256 root = merkle_root(&replay->tree);
        char computed[HEX_SIZE(SHA256_SIZE)], wanted[HEX_SIZE(SHA256_SIZE)];

        if (view_equal(sha256_view(&root), sha256_view(&expected->root)))
                return;
        replay_report(replay, REPLAY_NO_INDEX, where,
                      "root over %llu records: expected %s, found %s",
                      (unsigned long long)expected->size,
                      hex_encode(sha256_view(&expected->root), wanted),
                      hex_encode(sha256_view(&root), computed));
}

/* Whatever was signed about the tree at its present size. */
static int check_heads(struct replay *replay, struct problem *problem)
{
        uint64_t size = replay->tree.size;
        int r = 0;

        if (replay->since_known && size == replay->since.size)
                check_root(replay, &replay->since, "earlier checkpoint");
        if (!replay->sealed || size != replay->result->checkpoint.size)
                return 0;
        check_root(replay, &replay->result->checkpoint, "checkpoint");
        for (int level = 0; level < TILE_LEVELS && r == 0; level++)
                if (tile_hashes(level, size) % TILE_WIDTH > 0)
                        r = replay_check_tile(replay, level, 1, problem);
        return r;
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
                r = check_heads(replay, problem);
        if (r == 0 && replay->options->progress && replay->tree.size % PROGRESS_EVERY == 0)
                replay->options->progress(replay->tree.size, replay->result->checkpoint.size,
                                          replay->options->context);
        return r;
}

/* What was signed, but is not there. */
static void check_sizes(struct replay *replay)
{
        const struct replay_result *result = replay->result;
        unsigned long long there = replay->tree.size, sealed = result->checkpoint.size;

        if (replay->sealed && sealed > there)
                replay_report(replay, there, "checkpoint",
                              "the checkpoint covers %llu records, but only %llu are there", sealed,
                              there);
        if (replay->since_known && replay->since.size > there)
                replay_report(
                        replay, there, "earlier checkpoint",
                        "truncated: the earlier checkpoint covers %llu records, but only %llu "
                        "are there",
                        (unsigned long long)replay->since.size, there);
        else if (replay->since_known && replay->sealed && replay->since.size > sealed)
                replay_report(replay, sealed, "checkpoint",
                              "rolled back: covers %llu records, the earlier checkpoint %llu",
                              sealed, (unsigned long long)replay->since.size);
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
        buf_done(&replay->bundle);
        buf_done(&replay->tile);
        replay_rules_free(replay);
        free(replay);
}

static void replay_donep(struct replay **replay)
{
        if (*replay)
                replay_done(*replay);
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
        r = open_checkpoints(replay, problem);
        if (r == 0)
                r = pool_new(replay_window_check, &replay->crew, &replay->pool);
        if (r == 0)
                r = replay_crew_init(&replay->crew, ring, pool_workers(replay->pool));
        if (r == 0)
                r = check_heads(replay, problem);
        if (r == 0)
                r = replay_rules_begin(replay);
        if (r == 0)
                r = walk(replay, problem);
        if (r == 0)
                r = replay_rules_end(replay);
        if (r < 0)
                return r;
        check_sizes(replay);
        if (ret->records > ret->checkpoint.size)
                ret->unsealed = ret->records - ret->checkpoint.size;
        if (ret->findings == 0)
                replay_reached(replay, REPLAY_L0, "", 0, ret->checkpoint.size);
        return 0;
}
