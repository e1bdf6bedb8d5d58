/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "lib/journal-proof.h"
#include "lib/replay-state.h"

#define STATE "state"

static int ring_digest(const struct keyring *ring, struct sha256 *ret)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(KEYRING_SIZE_MAX);
        int r = keyring_put(&text, ring->origin, ring->keys, ring->count);

        if (r == 0)
                *ret = sha256_of(buf_view(&text));
        return r;
}

/* Whether it may be gone on from, with this ring. */
static int check_saved(const struct replay *replay, const struct replay_saved *saved,
                       struct problem *problem)
{
        struct sha256 digest, root = merkle_root(&saved->tree);
        struct checkpoint checkpoint;
        int r;

        if (!string_equal(saved->origin, replay->ring->origin))
                return problem_set(problem, -EXDEV,
                                   "of another origin: expected \"%s\", found \"%s\"",
                                   replay->ring->origin, saved->origin);
        if (replay->options->anew)
                return 0;
        r = ring_digest(replay->ring, &digest);
        if (r < 0)
                return r;
        if (!view_equal(sha256_view(&digest), sha256_view(&saved->keyring)))
                return problem_set(problem, -ENOKEY,
                                   "of another key ring: what was verified with that one has to be "
                                   "verified anew with this one");
        /* Whether the log key may be believed was asked then, with this very ring. */
        r = replay_open_checkpoint(replay, view_string(saved->checkpoint), &checkpoint, NULL,
                                   problem);
        if (r < 0)
                return problem_prefix(problem, r, "damaged: checkpoint");
        return checkpoint.size == saved->tree.size &&
                               view_equal(sha256_view(&checkpoint.root), sha256_view(&root))
                       ? 0
                       : problem_set(problem, -EBADMSG,
                                     "damaged: its checkpoint is of another tree");
}

int replay_load(struct replay *replay, struct problem *problem)
{
        int r;

        if (replay->options->saved.size == 0)
                return 0;
        r = replay_saved_parse(replay->options->saved, &replay->saved, problem);
        if (r == 0)
                r = check_saved(replay, replay->saved, problem);
        return r < 0 ? problem_prefix(problem, r, STATE) : 0;
}

/* The leaf hashes at the front of a tile, out of its bundle, or of the tile of hashes where that is
 * missing or cut short: as the replay took them that was here before. @ret_bundle gets the entries.
 */
static int read_leaves(struct replay *replay, const struct tile *bundle, struct buf *ret_bundle,
                       struct sha256 ret[TILE_WIDTH], struct problem *problem)
{
        const struct tile hashes = {0, bundle->number, bundle->width};
        unsigned width, known = 0;
        struct reader reader;
        int r;

        buf_clear(ret_bundle);
        r = journal_read_tile(replay->journal, bundle, &replay->bundle, &width, NULL);
        if (r < 0 && !replay_is_fault(r))
                return r;
        reader = reader_init(r == 0 ? buf_view(&replay->bundle) : (struct view){});
        while (known < bundle->width) {
                struct view entry = tile_read_entry(&reader);

                if (reader.bad)
                        break;
                ret[known++] = merkle_leaf(entry);
                r = tile_put_entry(ret_bundle, entry);
                if (r < 0)
                        return r;
        }
        if (known == bundle->width)
                return 0;
        buf_clear(ret_bundle);
        r = journal_read_tile(replay->journal, &hashes, &replay->tile, &width, problem);
        if (r < 0)
                return r;
        memcpy(ret + known, replay->tile.data + (size_t)known * SHA256_SIZE,
               (size_t)(bundle->width - known) * SHA256_SIZE);
        return 0;
}

int replay_recall(struct replay *replay, uint64_t from,
                  int (*take)(void *context, const struct sha256 *leaf), void *context,
                  struct problem *problem)
{
        _cleanup_(buf_done) struct buf entries = {};
        struct sha256 leaves[TILE_WIDTH];
        uint64_t end = replay->tree.size;
        int r = 0;

        while (from < end && r == 0) {
                struct tile tile = {TILE_ENTRIES, from / TILE_WIDTH, TILE_WIDTH};
                uint64_t first = tile.number * TILE_WIDTH;

                if (end - first < TILE_WIDTH)
                        tile.width = (unsigned)(end - first);
                r = read_leaves(replay, &tile, &entries, leaves, problem);
                if (replay_is_fault(r))
                        return -EKEYREJECTED;
                for (; r == 0 && from < first + tile.width; from++)
                        r = take(context, &leaves[from - first]);
        }
        return r;
}

/* Whether the hashes of a newest tile make the peaks that were verified. */
static int has_peaks(const struct replay *replay, int level)
{
        unsigned lowest = (unsigned)level * TILE_HEIGHT;
        const struct level *known = &replay->levels[level];
        struct sha256 completed[MERKLE_HEIGHT_MAX];
        struct merkle_tree tree = {};

        for (unsigned i = 0; i < known->width; i++)
                (void)merkle_push(&tree, &known->hash[i], completed); /* a height, and no error */
        for (unsigned i = 0; i < TILE_HEIGHT; i++)
                if (known->width >> i & 1 &&
                    !view_equal(sha256_view(&tree.peak[i]),
                                sha256_view(&replay->tree.peak[lowest + i])))
                        return 0;
        return 1;
}

/* The newest tile of a level, which was not full. -EKEYREJECTED: another one. */
static int restore_level(struct replay *replay, int level, struct problem *problem)
{
        uint64_t hashes = tile_hashes(level, replay->tree.size);
        struct level *known = &replay->levels[level];
        struct tile tile = {level > 0 ? level : TILE_ENTRIES, hashes / TILE_WIDTH,
                            (unsigned)(hashes % TILE_WIDTH)};
        char path[TILE_PATH_SIZE];
        unsigned width;
        int r;

        known->number = tile.number;
        known->width = tile.width;
        if (known->width == 0)
                return 0;
        if (level == 0) {
                r = read_leaves(replay, &tile, &replay->edge, known->hash, problem);
        } else {
                r = journal_read_tile(replay->journal, &tile, &replay->tile, &width, problem);
                if (r == 0)
                        memcpy(known->hash, replay->tile.data, tile.width * sizeof(*known->hash));
        }
        if (r < 0 || has_peaks(replay, level))
                return r;
        return problem_set(problem, -EKEYREJECTED, "%s is not as it was",
                           tile_path(tile.level, tile.number, tile.width, path));
}

/* Goes from the last leaf of a tree up to its root, along the path that the leaf has in a larger
 * one: what stands to the left of it is the same in both (RFC 9162 §2.1.3.2). */
static struct sha256 fold_left(const struct sha256 *leaf, uint64_t index, uint64_t size,
                               const struct merkle_proof *path)
{
        uint64_t here = index, last = size - 1;
        struct sha256 root = *leaf;

        for (size_t i = 0; i < path->count; i++) {
                if (here & 1 || here == last) {
                        root = merkle_node(&path->hash[i], &root);
                        while (here > 0 && !(here & 1)) {
                                here >>= 1;
                                last >>= 1;
                        }
                }
                here >>= 1;
                last >>= 1;
        }
        return root;
}

/* The root that the tree of @now had with its first @size records. -EKEYREJECTED: the tiles cannot
 * tell, since they are not those of @now. */
static int past_root(struct replay *replay, uint64_t size, const struct checkpoint *now,
                     struct sha256 *ret)
{
        const struct journal_head head = {.size = now->size,
                                          .newest = replay->result->checkpoint.size};
        _cleanup_(tlog_proof_done) struct tlog_proof proof = {};
        struct merkle_tree nothing = {};
        struct sha256 leaf;
        int r;

        *ret = size == 0 ? merkle_root(&nothing) : now->root;
        if (size == 0 || size == now->size)
                return 0;
        r = journal_prove(replay->journal, &head, size - 1, &proof, NULL);
        if (r == 0) {
                leaf = merkle_leaf(buf_view(&proof.extra));
                r = merkle_verify_inclusion(&leaf, size - 1, &proof.path, now->size, &now->root);
        }
        if (r < 0)
                return replay_is_fault(r) ? -EKEYREJECTED : r;
        *ret = fold_left(&leaf, size - 1, now->size, &proof.path);
        return 0;
}

/* That the journal does not go on from what was verified. It is a fork where the log has signed
 * another past, and damage where that cannot be seen. */
static int report_lost(struct replay *replay, const struct problem *reason)
{
        const struct checkpoint *published = &replay->result->checkpoint;
        const struct merkle_tree *tree = &replay->saved->tree;
        struct sha256 expected = merkle_root(tree), found;
        int r = replay->sealed ? past_root(replay, tree->size, published, &found) : -EKEYREJECTED;

        if (r < 0 && r != -EKEYREJECTED)
                return r;
        if (r == 0 && !view_equal(sha256_view(&expected), sha256_view(&found)))
                replay_report(replay, REPLAY_NO_INDEX, STATE,
                              "forked: the log has signed a tree that does not go on from the %llu "
                              "records that were verified",
                              (unsigned long long)tree->size);
        else
                replay_report(replay, REPLAY_NO_INDEX, STATE,
                              "changed: of the %llu records that were verified, not all are there "
                              "as they were: %s",
                              (unsigned long long)tree->size, problem_text(reason, -EKEYREJECTED));
        return 1;
}

/* Earlier checkpoints of fewer records than were verified. */
static int check_older_heads(struct replay *replay)
{
        const struct checkpoint now = {replay->tree.size, merkle_root(&replay->tree)};

        for (size_t i = 0; i < replay->head_count; i++) {
                struct head *head = &replay->heads[i];
                struct sha256 root;
                int r;

                if (head->checkpoint.size >= now.size)
                        continue;
                r = past_root(replay, head->checkpoint.size, &now, &root);
                if (r < 0 && r != -EKEYREJECTED)
                        return r;
                if (r < 0)
                        replay_report(replay, REPLAY_NO_INDEX, head->where,
                                      "cannot be compared: the tiles around record %llu are not as "
                                      "they were",
                                      (unsigned long long)head->checkpoint.size);
                else
                        head->found =
                                replay_check_root(replay, &head->checkpoint, &root, head->where);
                head->contradicted = !head->found;
        }
        return 0;
}

/* As if the records up to here had been walked now. -EKEYREJECTED, or a fault: they are not there.
 */
static int restore_tree(struct replay *replay, struct problem *problem)
{
        const struct checkpoint *published = &replay->result->checkpoint;
        struct sha256 root = merkle_root(&replay->saved->tree);

        replay->tree = replay->saved->tree;
        if (replay->sealed && published->size == replay->tree.size &&
            !view_equal(sha256_view(&root), sha256_view(&published->root)))
                return -EKEYREJECTED;
        for (int level = 0; level < TILE_LEVELS; level++) {
                int r = restore_level(replay, level, problem);

                if (r < 0)
                        return replay_is_fault(r) ? -EKEYREJECTED : r;
        }
        return 0;
}

/* What was found then is found now. */
static int recall_findings(struct replay *replay)
{
        const struct replay_saved *saved = replay->saved;
        struct replay_saved *kept = replay->kept;

        replay->result->findings += saved->findings;
        replay_saved_findings(saved, replay->options->finding, replay->options->context);
        if (kept)
                kept->findings += saved->findings;
        return kept && json_array_extend(kept->found, saved->found) < 0 ? -ENOMEM : 0;
}

int replay_keep(struct replay *replay)
{
        struct buf *keep = replay->options->keep;
        struct replay_saved *kept = replay->kept;
        int r;

        if (!kept)
                return 0;
        if (replay->memory_failed)
                return -ENOMEM;
        if (strlen(replay->ring->origin) >= sizeof(kept->origin))
                return -EMSGSIZE; /* no checkpoint has such a name */
        (void)snprintf(kept->origin, sizeof(kept->origin), "%s", replay->ring->origin);
        (void)snprintf(kept->checkpoint, sizeof(kept->checkpoint), "%.*s",
                       (int)replay->published.size, (const char *)replay->published.data);
        kept->tree = replay->tree;
        kept->records = replay->result->records;
        kept->signatures = replay->result->signatures;
        r = ring_digest(replay->ring, &kept->keyring);
        if (r == 0)
                r = replay_saved_set_ranges(kept, replay->result);
        if (r == 0)
                r = replay_rules_save(replay, kept->rules);
        if (r == 0)
                r = replay_saved_put(keep, kept);
        return r == -EMSGSIZE ? 0 : r; /* the buf tells; the replay goes on */
}

int replay_resume(struct replay *replay, struct problem *problem)
{
        const struct replay_saved *saved = replay->saved;
        struct replay_result *result = replay->result;
        struct problem reason = {};
        int r;

        if (!saved || replay->options->anew)
                return 0;
        result->records = result->before = saved->records;
        result->signatures = saved->signatures;
        r = recall_findings(replay);
        if (r < 0)
                return r;
        if (replay->sealed && result->checkpoint.size < saved->tree.size) {
                replay_report(replay, result->checkpoint.size, STATE,
                              "rolled back: %llu records were verified before, and the checkpoint "
                              "covers %llu",
                              (unsigned long long)saved->tree.size,
                              (unsigned long long)result->checkpoint.size);
                return 1;
        }
        r = restore_tree(replay, &reason);
        if (r == 0)
                r = replay_rules_restore(replay, saved->rules, &reason);
        if (r == -EKEYREJECTED)
                return report_lost(replay, &reason);
        if (r < 0)
                return problem_set(problem, r, STATE ": damaged: %s", problem_text(&reason, r));
        replay_saved_get_ranges(saved, result);
        return check_older_heads(replay);
}
