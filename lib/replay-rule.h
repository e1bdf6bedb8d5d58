/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Rules of a replay: what the records of a journal must be to each other, in order.
 *
 * Each leaf has been checked by itself when the rules see it: its form, the members of its type,
 * its own signature. A rule is a fold over the leaves. It reports what is wrong and goes on; what
 * it returns ends the replay, so it is negative for the machine's failures alone (-ENOMEM, I/O). A
 * rule keeps no memory that grows with the journal.
 *
 * A new rule is a file lib/replay-NAME.c and a row in lib/replay-rule.c.
 */

#include "lib/record-scan.h"
#include "lib/replay-field.h"
#include "lib/replay.h"

/* One rule's look at the whole. */
struct replay;

struct replay_leaf {
        uint64_t index;
        const char *where; /* the file that it stands in, for replay_report() */
        struct view bytes; /* data is NULL when it is missing: its hash is all there is */
        const struct sha256 *hash;
        const struct record *record;   /* NULL unless it is a record, good by itself */
        const struct keyring_key *key; /* of the ring, that it names by `fingerprint`; or NULL */
};

struct replay_rule {
        const char *name;
        /* @ret_state goes to the other functions and at last to free(), which takes NULL. */
        int (*begin)(struct replay *replay, void **ret_state);
        int (*take)(void *state, const struct replay_leaf *leaf);
        int (*end)(void *state);
        void (*free)(void *state);
        /* What an auditor who comes back needs of it (lib/replay-saved.h): all that take() and
         * end() of a later record depend on, as members of @ret. -ENOMEM. */
        int (*save)(const void *state, json_t *ret);
        /* Makes a state that has just begun into the one that was saved; replay_tree() is as it
         * was then. -EBADMSG, with the reason: nothing that was ever saved; -ENOMEM; others as
         * replay_recall(). */
        int (*restore)(void *state, const json_t *saved, struct problem *problem);
};

/* All of a rule, in the order above: one that leaves out what brings it back does not compile. */
#define REPLAY_RULE(name, begin, take, end, free, save, restore)                                   \
        const struct replay_rule replay_rule_##name = {#name, begin, take, end, free, save, restore}

/* For rules that remember nothing. */
int replay_save_nothing(const void *state, json_t *ret) _must_use_;
int replay_restore_nothing(void *state, const json_t *saved, struct problem *problem) _must_use_;

extern const struct replay_rule replay_rule_run;
extern const struct replay_rule replay_rule_key;
extern const struct replay_rule replay_rule_anchor;
extern const struct replay_rule replay_rule_audit;
extern const struct replay_rule replay_rule_caller;
extern const struct replay_rule replay_rule_attest;
extern const struct replay_rule replay_rule_approval;
extern const struct replay_rule replay_rule_freeze;
extern const struct replay_rule replay_rule_import;
extern const struct replay_rule replay_rule_gate;
extern const struct replay_rule replay_rule_entry;
extern const struct replay_rule replay_rule_witness;

/* All rules, ended by NULL. */
extern const struct replay_rule *const replay_rules[];

#define REPLAY_RULES_MAX 16

/* A finding about record @index, or REPLAY_NO_INDEX; nothing if it has been told before. */
void replay_report(struct replay *replay, uint64_t index, const char *where, const char *format,
                   ...) _printf_(4, 5);

/* The same about a leaf. */
#define replay_report_leaf(replay, leaf, ...)                                                      \
        replay_report(replay, (leaf)->index, (leaf)->where, __VA_ARGS__)

const struct keyring *replay_ring(const struct replay *replay);

/* The tree of the records before the one that the rules are at. */
const struct merkle_tree *replay_tree(const struct replay *replay);

/* Calls @take with the leaf hashes of the tree from @from on, out of bundles and tiles: those of
 * records that were verified before. Nothing says that they still are what they were; the caller
 * compares the tree that they make. What @take returns ends it. -EKEYREJECTED: the journal has them
 * no more; -ENOMEM; what I/O fails with. */
int replay_recall(struct replay *replay, uint64_t from,
                  int (*take)(void *context, const struct sha256 *leaf), void *context,
                  struct problem *problem) _must_use_;

/* The records have attestations of that token for that level, by that key. */
void replay_attested(struct replay *replay, enum replay_level level, const char *token,
                     const struct sha256 *key);

/* The key of those that a rule before this one has found for the token, or NULL. */
const struct sha256 *replay_find_attester(const struct replay *replay, const char *token);

/* The same level was not reached for these records, between others for which it may have been. */
void replay_broken(struct replay *replay, enum replay_level level, const char *of, uint64_t first,
                   uint64_t end);

/* Assurance @level was reached for the records from @first to before @end, of that key or token (or
 * "" for the journal as a whole). Ranges that touch become one. */
void replay_reached(struct replay *replay, enum replay_level level, const char *of, uint64_t first,
                    uint64_t end);
