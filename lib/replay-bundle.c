/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "lib/replay-state.h"

static void note_time(struct replay *replay, struct view time)
{
        assert(time.size < sizeof(replay->last.at)); /* or it would be no record */
        replay->last.is_exact = 1;
        memcpy(replay->last.at, time.data, time.size);
        replay->last.at[time.size] = '\0';
}

/* The next leaf, which has been checked by itself. */
static int take_leaf(struct replay *replay, const struct window_leaf *leaf, const char *where,
                     struct problem *problem)
{
        struct replay_leaf seen = {
                .index = replay->tree.size,
                .where = where,
                .bytes = leaf->bytes,
                .hash = &leaf->hash,
                .record = leaf->kind == REPLAY_RECORD ? &leaf->record : NULL,
        };
        int r;

        if (replay->tree.size % TILE_WIDTH == 0)
                buf_clear(&replay->edge);
        r = tile_put_entry(&replay->edge, leaf->bytes);
        if (r == -ENOMEM)
                return r;
        if (leaf->kind == REPLAY_BAD && !leaf->reason)
                return -ENOMEM;
        if (leaf->kind == REPLAY_BAD)
                replay_report_leaf(replay, &seen, "%s", leaf->reason);
        if (seen.record && leaf->key != REPLAY_NO_KEY)
                seen.key = &replay->ring->keys[leaf->key];
        if (seen.record && record_type_signs(seen.record->type->name))
                replay->result->signatures++;
        if (seen.record)
                note_time(replay, record_string(seen.record, "time"));
        r = replay_rules_take(replay, &seen);
        if (r < 0)
                return r;
        replay->result->records++;
        return replay_add_leaf(replay, &leaf->hash, problem);
}

int replay_add_entry(struct replay *replay, struct view bytes, const char *where,
                     struct problem *problem)
{
        struct window_leaf leaf = {.bytes = bytes};
        int r;

        replay_leaf_check(&leaf, replay->ring);
        r = take_leaf(replay, &leaf, where, problem);
        free(leaf.reason);
        return r;
}

/* A bundle is missing or cut short: the tile's hashes stand in, so that later faults are still
 * found. */
static int add_leaves_from_tile(struct replay *replay, const struct tile *bundle,
                                struct problem *problem)
{
        const struct tile tile = {0, bundle->number, bundle->width};
        _cleanup_(buf_done) struct buf hashes = {};
        unsigned width;
        int r;

        r = journal_read_tile(replay->journal, &tile, &hashes, &width, NULL);
        if (r < 0)
                return replay_is_fault(r) ? -ENOENT
                                          : problem_set(problem, r, "tile/0: %s", strerror(-r));
        for (unsigned i = (unsigned)(replay->tree.size % TILE_WIDTH); i < tile.width && r == 0;
             i++) {
                struct sha256 leaf;
                struct replay_leaf missing = {
                        .index = replay->tree.size, .where = "tile/0", .hash = &leaf};

                memcpy(leaf.bytes, hashes.data + (size_t)i * SHA256_SIZE, SHA256_SIZE);
                buf_clear(&replay->edge);
                r = replay_rules_take(replay, &missing);
                if (r == 0)
                        r = replay_add_leaf(replay, &leaf, problem);
        }
        return r;
}

static int take_leaves(struct replay *replay, const struct replay_window *window, const char *where,
                       struct problem *problem)
{
        int r = 0;

        /* First: at the last leaf, a checkpoint may end what a later replay looks at again. */
        if (window->count == window->tile.width && window->rest > 0)
                replay_report(replay, REPLAY_NO_INDEX, where, "%zu bytes after the last record",
                              window->rest);
        for (unsigned i = window->done; i < window->count && r == 0; i++)
                r = take_leaf(replay, &window->leaves[i], where, problem);
        if (r < 0)
                return r;
        if (window->count == window->tile.width)
                return 0;
        replay_report(replay, replay->tree.size, where, "cut short: expected %u records",
                      window->tile.width);
        return add_leaves_from_tile(replay, &window->tile, problem);
}

/* -ENOENT: there are no more leaves. */
static int take_window(struct replay *replay, const struct replay_window *window,
                       struct problem *problem)
{
        uint64_t next = replay->tree.size;
        char where[TILE_PATH_SIZE];

        if (next != window->tile.number * TILE_WIDTH + window->done)
                return -ENOENT; /* the one before fell short of it */
        if (window->error < 0 && !replay_is_fault(window->error))
                return problem_set(problem, window->error, "%s",
                                   problem_text(&window->reason, window->error));
        if (window->error == -ENOENT && replay->result->checkpoint.size <= next)
                return -ENOENT;
        (void)tile_path(TILE_ENTRIES, window->tile.number, window->tile.width, where);
        if (window->error == 0)
                return take_leaves(replay, window, where, problem);
        replay_report(replay, next, where, "%s", problem_text(&window->reason, window->error));
        return add_leaves_from_tile(replay, &window->tile, problem);
}

/* Reads the bundle that holds record @next. */
static void read_window(const struct replay *replay, uint64_t next, struct replay_window *window)
{
        uint64_t sealed = replay->result->checkpoint.size;
        unsigned width = 0;

        window->tile = (struct tile){TILE_ENTRIES, next / TILE_WIDTH, TILE_WIDTH};
        window->done = (unsigned)(next % TILE_WIDTH);
        if (sealed > next && sealed - window->tile.number * TILE_WIDTH < TILE_WIDTH)
                window->tile.width = (unsigned)(sealed % TILE_WIDTH);
        window->error = journal_read_tile(replay->journal, &window->tile, &window->bundle, &width,
                                          &window->reason);
        if (window->error == 0)
                window->tile.width = width;
}

static int make_windows(struct replay *replay)
{
        while (replay->window_count < pool_room(replay->pool)) {
                struct replay_window *window = calloc(1, sizeof(*window));

                if (!window)
                        return -ENOMEM;
                replay->windows[replay->window_count++] = window;
        }
        return 0;
}

/* Where reading is, ahead of what has been taken. */
struct ahead {
        uint64_t next;   /* record to read from */
        uint64_t number; /* of windows so far */
        size_t bytes;    /* in the windows that are out */
        int ended;       /* a bundle that is not full or not there is the last to read */
};

/* Windows of huge records are not read in any number. */
#define AHEAD_BYTES_MAX ((size_t)64 << 20)

/* What a server has behind the checkpoint is not published, and need have no end. */
static int is_wanted(const struct replay *replay, uint64_t next)
{
        return journal_dir_fd(replay->journal) >= 0 || next < replay->result->checkpoint.size;
}

static void read_ahead(struct replay *replay, struct ahead *ahead, uint64_t taken)
{
        while (!ahead->ended && is_wanted(replay, ahead->next) &&
               ahead->number - taken < replay->window_count &&
               (ahead->number == taken || ahead->bytes < AHEAD_BYTES_MAX)) {
                struct replay_window *window =
                        replay->windows[ahead->number++ % replay->window_count];

                read_window(replay, ahead->next, window);
                ahead->next = (window->tile.number + 1) * TILE_WIDTH;
                ahead->bytes += window->bundle.size;
                ahead->ended = window->error < 0 || window->tile.width < TILE_WIDTH;
                pool_submit(replay->pool, window);
        }
}

int replay_bundles(struct replay *replay, struct problem *problem)
{
        struct ahead ahead = {.next = replay->tree.size};
        uint64_t before = replay->tree.size, taken = 0;
        struct replay_window *window;
        int r = make_windows(replay);

        while (r == 0) {
                read_ahead(replay, &ahead, taken);
                window = pool_collect(replay->pool);
                if (!window)
                        break;
                ahead.bytes -= window->bundle.size;
                taken++;
                r = take_window(replay, window, problem);
                replay_window_clear(window);
        }
        while ((window = pool_collect(replay->pool))) /* read ahead for nothing */
                replay_window_clear(window);
        if (r < 0 && r != -ENOENT)
                return r;
        return replay->tree.size > before;
}
