/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the parts of a replay share: the tree as far as it has been rebuilt. Private to
 * lib/replay*.c.
 *
 * replay.c walks the records, replay-head.c compares the tree with what was signed, replay-resume.c
 * goes on from an earlier replay, replay-bundle.c takes those of bundles, replay-tile.c compares
 * the tiles with them, replay-wal.c goes on with the write-ahead file, replay-rule.c keeps the
 * rules. Functions return 0 when the replay can go on (what was wrong has been reported), negative
 * when it cannot.
 */

#include "lib/replay-rule.h"
#include "lib/replay-saved.h"
#include "lib/replay-told.h"
#include "lib/replay-window.h"

/* The hashes of a level that are in its newest tile. */
struct level {
        uint64_t number;
        unsigned width;
        struct sha256 hash[TILE_WIDTH];
};

/* A head that the tree must have had, or has. */
struct head {
        struct checkpoint checkpoint;
        const char *where;
        int found, contradicted; /* by the tree */
};

struct replay {
        const struct journal *journal;
        const struct keyring *ring;
        const struct replay_options *options;
        struct replay_result *result;
        struct merkle_tree tree;
        struct level levels[TILE_LEVELS];
        int sealed;                        /* result->checkpoint is genuine */
        struct buf published;              /* that checkpoint, verbatim */
        const struct keyring_key *log_key; /* that signed it */
        struct key_moment last;            /* of the last record that has one */
        struct head *heads;                /* earlier ones */
        size_t head_count;
        uint64_t next_head;         /* the size of the next one, or of the checkpoint */
        struct replay_saved *saved; /* where the replay goes on from, or NULL */
        struct replay_saved *kept;  /* findings so far for the next one; NULL: nobody asked */
        int memory_failed;          /* of noting one */
        struct told told;           /* findings of this replay */
        int live;                   /* an agent is writing */
        uint64_t gap_end; /* of records that are in no bundle and before all segments; or 0 */
        struct buf edge;  /* bundle of the newest entries, as many as levels[0].width */
        struct buf bundle, tile; /* scratch */
        struct level cached;     /* leaf hashes of an older bundle */
        struct replay_crew crew;
        struct pool *pool;
        struct replay_window *windows[POOL_JOBS_MAX]; /* made when needed */
        size_t window_count;
        void *rule_states[REPLAY_RULES_MAX];
};

/* The rules, each with its state. */
int replay_rules_begin(struct replay *replay) _must_use_;
int replay_rules_take(struct replay *replay, const struct replay_leaf *leaf) _must_use_;
int replay_rules_end(struct replay *replay) _must_use_;
void replay_rules_free(struct replay *replay);

/* What they know, an object for each, by name; and back. -EBADMSG, -ENOMEM, and as
 * replay_recall(). */
int replay_rules_save(const struct replay *replay, json_t *ret) _must_use_;
int replay_rules_restore(struct replay *replay, const json_t *saved,
                         struct problem *problem) _must_use_;

/* Heads: reads the checkpoint and the earlier ones; compares those that were signed for the present
 * size; reports what was signed and is not there. */
int replay_open_heads(struct replay *replay, struct problem *problem) _must_use_;
int replay_check_heads(struct replay *replay, struct problem *problem) _must_use_;
void replay_check_sizes(struct replay *replay);

/* Whether @found, over as many records, is the root that was expected. */
int replay_check_root(struct replay *replay, const struct checkpoint *expected,
                      const struct sha256 *found, const char *where);

/* Opens a checkpoint with whatever log key of the ring signed it, which @ret_key gets if it is not
 * NULL, and whose word may not count. -ENOKEY; as checkpoint_open(). */
int replay_open_checkpoint(const struct replay *replay, struct view text, struct checkpoint *ret,
                           const struct keyring_key **ret_key, struct problem *problem) _must_use_;

/* Reads options->saved into replay->saved, before the heads are opened. */
int replay_load(struct replay *replay, struct problem *problem) _must_use_;

/* Goes on from replay->saved, after the rules have begun. 1: the journal does not, which has been
 * reported. */
int replay_resume(struct replay *replay, struct problem *problem) _must_use_;

/* Puts what is known at the present size into options->keep. */
int replay_keep(struct replay *replay) _must_use_;

/* An error that is the journal's fault is a finding; one that is the machine's ends the replay. */
int replay_is_fault(int error);

/* The entry bundles from the next record on. 1: there were some; 0: no more. */
int replay_bundles(struct replay *replay, struct problem *problem) _must_use_;

/* Adds the next record: its own checks, what the rules say, then its leaf. */
int replay_add_entry(struct replay *replay, struct view bytes, const char *where,
                     struct problem *problem) _must_use_;

/* Adds the hash of the next leaf to the tree. */
int replay_add_leaf(struct replay *replay, const struct sha256 *leaf,
                    struct problem *problem) _must_use_;

/* Adds a hash to the newest tile of its level, and checks the tile when it is full. */
int replay_add_hash(struct replay *replay, int level, const struct sha256 *hash,
                    struct problem *problem) _must_use_;

/* The tile of a level as far as it is known now, against its file. */
int replay_check_tile(struct replay *replay, int level, int required,
                      struct problem *problem) _must_use_;

/* All partial files of the newest tile of a level (and of the newest bundle, for level 0). */
int replay_check_partials(struct replay *replay, int level, struct problem *problem) _must_use_;

/* Goes on with the records of the write-ahead file, up to its end or to a gap. */
int replay_segments(struct replay *replay, struct problem *problem) _must_use_;
