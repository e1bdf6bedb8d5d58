/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/replay-recent.h"

#include <errno.h>

static const struct field fields[] = {FIELD(struct tree_window, base, FIELD_TREE)};

int replay_recent_add(struct tree_window *window, const struct sha256 *leaf)
{
        uint64_t size = tree_window_size(window);

        if (size - window->base.size >= 2 * REPLAY_RECENT_MAX)
                tree_window_forget(window, size - REPLAY_RECENT_MAX);
        return tree_window_add(window, leaf);
}

int replay_recent_save(const struct tree_window *window, json_t *ret)
{
        return field_save(fields, ARRAY_SIZE(fields), window, ret);
}

static int add(void *window, const struct sha256 *leaf)
{
        return tree_window_add(window, leaf);
}

static int recall(struct replay *replay, struct tree_window *window, struct problem *problem)
{
        const struct merkle_tree *tree = replay_tree(replay);
        const struct merkle_tree base = window->base;
        struct sha256 expected = merkle_root(tree), found;
        int r;

        tree_window_begin(window, &base);
        r = replay_recall(replay, base.size, add, window, problem);
        if (r == 0)
                r = tree_window_root(window, tree->size, &found);
        if (r == 0 && !view_equal(sha256_view(&expected), sha256_view(&found)))
                r = -EKEYREJECTED;
        return r < 0 ? problem_set(problem, r, "records from %llu on are not those of then",
                                   (unsigned long long)base.size)
                     : 0;
}

int replay_recent_restore(struct replay *replay, struct tree_window *window, int kept,
                          const json_t *saved, size_t others, struct problem *problem)
{
        uint64_t size = replay_tree(replay)->size;
        int r = field_restore(fields, ARRAY_SIZE(fields), others, saved, window, problem);

        if (r < 0)
                return r;
        if (kept ? window->base.size > size || size - window->base.size > 2 * REPLAY_RECENT_MAX
                 : window->base.size > 0)
                return problem_set(problem, -EBADMSG, "a window of no size that it can have");
        return kept ? recall(replay, window, problem) : 0;
}
