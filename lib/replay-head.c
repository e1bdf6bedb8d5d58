/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "lib/log-keys.h"
#include "lib/replay-state.h"

int replay_open_checkpoint(const struct replay *replay, struct view text, struct checkpoint *ret,
                           const struct keyring_key **ret_key, struct problem *problem)
{
        struct problem reason = {};
        int r = log_keys_open_in(text, replay->ring, ret, ret_key, &reason);

        if (r == -ENOKEY)
                return problem_set(problem, r,
                                   "not signed by the log key of \"%s\" in the key ring",
                                   replay->ring->origin);
        return r < 0 ? problem_set(problem, r, "%s", problem_text(&reason, r)) : 0;
}

/* Whether a log key that was revoked is believed. Until when one that has ended was in use, the
 * records tell. */
static int check_revoked(const struct keyring_key *key, const struct key_moment *seen,
                         struct problem *problem)
{
        return key->state == KEY_REVOKED ? log_key_check(key, seen, seen, problem) : 0;
}

/* The size at which there is something to compare next, the present one included. */
static void find_next_head(struct replay *replay, uint64_t from)
{
        uint64_t next = UINT64_MAX;

        if (replay->sealed && replay->result->checkpoint.size >= from)
                next = replay->result->checkpoint.size;
        for (size_t i = 0; i < replay->head_count; i++) {
                uint64_t size = replay->heads[i].checkpoint.size;

                if (size >= from && size < next)
                        next = size;
        }
        replay->next_head = next;
}

static int open_published(struct replay *replay, struct problem *problem)
{
        struct checkpoint checkpoint = {};
        struct problem reason = {};
        int r;

        r = journal_read_checkpoint(replay->journal, &replay->published, &reason);
        if (r < 0 && !replay_is_fault(r))
                return problem_set(problem, r, "%s", problem_text(&reason, r));
        if (r == 0)
                r = replay_open_checkpoint(replay, buf_view(&replay->published), &checkpoint,
                                           &replay->log_key, &reason);
        if (r == 0)
                r = check_revoked(replay->log_key, &replay->options->seen, &reason);
        if (r == -ENOMEM)
                return r;
        replay->sealed = r == 0;
        if (r == 0)
                replay->result->checkpoint = checkpoint;
        else
                replay_report(replay, REPLAY_NO_INDEX, "checkpoint", "%s",
                              problem_text(&reason, r));
        return 0;
}

int replay_open_heads(struct replay *replay, struct problem *problem)
{
        const struct replay_options *options = replay->options;
        int r = open_published(replay, problem);

        replay->heads = calloc(options->since_count + 1, sizeof(*replay->heads));
        if (!replay->heads)
                return -ENOMEM;
        for (size_t i = 0; i < options->since_count && r == 0; i++) {
                struct head *head = &replay->heads[replay->head_count++];
                const struct keyring_key *key = NULL;

                head->where = "earlier checkpoint";
                r = replay_open_checkpoint(replay, options->since[i].text, &head->checkpoint, &key,
                                           problem);
                if (r == 0)
                        r = check_revoked(key, &options->since[i].seen, problem);
                if (r < 0)
                        return problem_prefix(problem, r, "%s: earlier checkpoint",
                                              options->since[i].name);
        }
        if (replay->saved && options->anew)
                replay->heads[replay->head_count++] = (struct head){
                        {replay->saved->tree.size, merkle_root(&replay->saved->tree)}, "state", 0};
        find_next_head(replay, 0);
        return r;
}

int replay_check_root(struct replay *replay, const struct checkpoint *expected,
                      const struct sha256 *found, const char *where)
{
        char computed[HEX_SIZE(SHA256_SIZE)], wanted[HEX_SIZE(SHA256_SIZE)];

        if (view_equal(sha256_view(found), sha256_view(&expected->root)))
                return 1;
        replay_report(replay, REPLAY_NO_INDEX, where,
                      "root over %llu records: expected %s, found %s",
                      (unsigned long long)expected->size,
                      hex_encode(sha256_view(&expected->root), wanted),
                      hex_encode(sha256_view(found), computed));
        return 0;
}

static int check_root(struct replay *replay, const struct checkpoint *expected, const char *where)
{
        struct sha256 root = merkle_root(&replay->tree);

        return replay_check_root(replay, expected, &root, where);
}

/* What contradicts an earlier head does not take its place. */
static int may_keep(const struct replay *replay)
{
        for (size_t i = 0; i < replay->head_count; i++)
                if (replay->heads[i].contradicted ||
                    replay->heads[i].checkpoint.size > replay->tree.size)
                        return 0;
        return 1;
}

/* A log key that has ended, and was not revoked, vouches for records of its time. */
static int check_ended(struct replay *replay)
{
        struct problem reason = {};

        if (replay->log_key->state == KEY_ACTIVE || replay->log_key->state == KEY_REVOKED ||
            !replay->last.at[0] ||
            log_key_check(replay->log_key, &replay->last, &replay->options->seen, &reason) == 0)
                return 1;
        replay_report(replay, replay->tree.size - 1, "checkpoint", "%s", reason.text);
        return 0;
}

static int check_published(struct replay *replay, struct problem *problem)
{
        int proved = check_root(replay, &replay->result->checkpoint, "checkpoint"), r = 0;

        if (!check_ended(replay))
                proved = 0;

        for (int level = 0; level < TILE_LEVELS && r == 0; level++)
                if (tile_hashes(level, replay->tree.size) % TILE_WIDTH > 0)
                        r = replay_check_tile(replay, level, 1, problem);
        return r == 0 && proved && may_keep(replay) ? replay_keep(replay) : r;
}

int replay_check_heads(struct replay *replay, struct problem *problem)
{
        uint64_t size = replay->tree.size;
        int r = 0;

        if (size < replay->next_head)
                return 0;
        for (size_t i = 0; i < replay->head_count; i++) {
                struct head *head = &replay->heads[i];

                if (head->checkpoint.size != size || head->found || head->contradicted)
                        continue;
                head->found = check_root(replay, &head->checkpoint, head->where);
                head->contradicted = !head->found;
        }
        if (replay->sealed && size == replay->result->checkpoint.size)
                r = check_published(replay, problem);
        find_next_head(replay, size + 1);
        return r;
}

static void check_size(struct replay *replay, const struct head *head)
{
        unsigned long long there = replay->tree.size, sealed = replay->result->checkpoint.size,
                           size = head->checkpoint.size;

        if (size > there)
                replay_report(
                        replay, there, head->where,
                        "truncated: the earlier checkpoint covers %llu records, but only %llu "
                        "are there",
                        size, there);
        else if (replay->sealed && size > sealed)
                replay_report(replay, sealed, "checkpoint",
                              "rolled back: covers %llu records, the earlier checkpoint %llu",
                              sealed, size);
}

void replay_check_sizes(struct replay *replay)
{
        unsigned long long there = replay->tree.size, sealed = replay->result->checkpoint.size;

        if (replay->sealed && sealed > there)
                replay_report(replay, there, "checkpoint",
                              "the checkpoint covers %llu records, but only %llu are there", sealed,
                              there);
        for (size_t i = 0; i < replay->head_count; i++)
                check_size(replay, &replay->heads[i]);
}
