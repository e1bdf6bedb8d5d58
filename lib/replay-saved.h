/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What an auditor keeps of a replay, to go on from there the next time: the state file of
 * hallmark-journal(5).
 *
 * It is canonical JSON (lib/json.h) with a digest over itself and a newline: one state has one
 * text. The digest finds damage, not malice: who can write the file is the auditor.
 */

#include "lib/checkpoint.h"
#include "lib/json.h"
#include "lib/replay.h"

#define REPLAY_SAVED_TYPE     "hallmark-verified"
#define REPLAY_SAVED_VERSION  6
#define REPLAY_SAVED_FINDINGS 1024 /* that are kept in full; of more, the number */

struct replay_saved {
        char origin[NOTE_NAME_MAX + 1];
        struct sha256 keyring; /* SHA-256 of its text */
        struct merkle_tree tree;
        char checkpoint[NOTE_SIZE_MAX + 1]; /* of that tree, verbatim */
        uint64_t records, signatures;       /* as in struct replay_result */
        uint64_t findings;                  /* how many: those that are kept, or more */
        uint64_t ranges;                    /* likewise */
        json_t *found, *reached;            /* these, as arrays */
        json_t *rules;                      /* what each rule knows, by its name */
};

/* An empty one, on the heap. NULL without memory. */
struct replay_saved *replay_saved_new(void) _must_use_;
struct replay_saved *replay_saved_free(struct replay_saved *saved);
DEFINE_CLEANUP(struct replay_saved *, replay_saved_free)

/* A finding more. -ENOMEM. */
int replay_saved_add(struct replay_saved *saved, const struct replay_finding *finding) _must_use_;

/* Calls @take with each that is kept, and with @index REPLAY_NO_INDEX and a text of how many more
 * there were. */
void replay_saved_findings(const struct replay_saved *saved,
                           void (*take)(const struct replay_finding *finding, void *context),
                           void *context);

/* Ranges of assurance, to and from a result. -ENOMEM. */
int replay_saved_set_ranges(struct replay_saved *saved,
                            const struct replay_result *result) _must_use_;
void replay_saved_get_ranges(const struct replay_saved *saved, struct replay_result *ret);

/* Appends the text. -ENOMEM, -EMSGSIZE. */
int replay_saved_put(struct buf *buf, const struct replay_saved *saved) _must_use_;

/* -EBADMSG: damaged, or nothing that was ever saved, with the reason; -EOPNOTSUPP: of another
 * version; -ENOMEM. What the rules know is left for them to check. */
int replay_saved_parse(struct view text, struct replay_saved **ret,
                       struct problem *problem) _must_use_;
