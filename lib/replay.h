/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Verifying a journal from its files and a key ring alone: every record, every tile, the
 * checkpoint.
 *
 * Nothing in the folder is believed but what follows from the log key's signature on the
 * checkpoint. Each fault found is a finding that names the record or the file; the walk goes on
 * where it can. Records are checked one by one, and by the rules of lib/replay-rule.h against each
 * other.
 */

#include "lib/checkpoint.h"
#include "lib/journal.h"
#include "lib/key-window.h"

#define REPLAY_NO_INDEX  UINT64_MAX
#define REPLAY_SAVED_MAX ((size_t)64 << 20) /* bytes of what a replay keeps */

struct replay_finding {
        uint64_t index;    /* of the record, or REPLAY_NO_INDEX */
        const char *where; /* file, relative to the journal */
        const char *text;  /* what was expected and what was found */
        int earlier;       /* by the replay that this one goes on from */
};

struct replay_rule;

/* A checkpoint of this log that the auditor kept, signed. */
struct replay_earlier {
        const char *name; /* for messages */
        struct view text;
        struct key_moment seen; /* by witnesses, if nothing proves it: empty */
};

struct replay_options {
        const struct replay_earlier *since; /* each must be a part of the journal */
        size_t since_count;
        /* By when witnesses had seen the checkpoint: what a log key that was revoked vouches for.
         */
        struct key_moment seen;
        /* What an earlier replay of this journal kept, to go on from there; or empty. Its findings
         * are findings of this one. A journal that does not go on from it is a finding. */
        struct view saved;
        /* The journal must go on from it as well, but is replayed from the first record on, as if
         * nothing were known: for a key ring that has changed. */
        int anew;
        /* Gets what the next replay can go on from: the records up to the checkpoint, once they are
         * proved to be what it covers. Else it is left empty. May be NULL. */
        struct buf *keep;
        void (*finding)(const struct replay_finding *finding, void *context);
        void (*progress)(uint64_t done, uint64_t total, void *context); /* may be NULL */
        void *context;
        /* Ended by NULL; NULL: all that there are. Tests of trees leave them out. */
        const struct replay_rule *const *rules;
};

/* What vouches for a journal: hallmark-journal(5). */
enum replay_level {
        REPLAY_L0,  /* checkpoints, signed by the log key */
        REPLAY_L1,  /* the token's own counter and attested checkpoints */
        REPLAY_L2A, /* the token's audit of its commands */
        REPLAY_L2B, /* the token's count of a key's uses */
        REPLAY_L3,  /* a key that only works with a witness */
        REPLAY_LEVELS,
};

/* "L2a" */
const char *replay_level_name(enum replay_level level);

#define REPLAY_RANGES_MAX 64 /* that are told; of more, the number */

struct replay_range {
        enum replay_level level;
        char of[KEY_NAME_MAX + 1]; /* key or token; empty: all */
        uint64_t first, end;       /* records from first to before end */
        int broken; /* not reached: what vouches for records before and after does not for these */
};

#define REPLAY_ATTESTERS_MAX 65 /* of 64 tokens' commands, and of the tree */

/* Who signs what a token attests of its commands (L2a) or of the tree (L1): one key as long as
 * nothing is found. */
struct replay_attester {
        enum replay_level level;
        char token[KEY_NAME_MAX + 1];
        struct sha256 key; /* SHA-256 of the base64 of its DER SubjectPublicKeyInfo */
};

struct replay_result {
        uint64_t findings;
        uint64_t records;    /* read, checkpointed or not */
        uint64_t before;     /* of these, by the replay that this one went on from */
        uint64_t signatures; /* of `sign` records, verified and good */
        uint64_t unsealed; /* records after the checkpoint: only their own checks speak for them */
        struct checkpoint checkpoint;
        size_t range_count; /* may be more than are told */
        struct replay_range ranges[REPLAY_RANGES_MAX];
        size_t attester_count;
        struct replay_attester attesters[REPLAY_ATTESTERS_MAX];
};

/* 0: the journal was read to its end, and it is good if and only if ret->findings is 0. Negative:
 * the answer could not be found (I/O, memory; -EBADMSG, -EOPNOTSUPP: options->saved is damaged or
 * of another version; -EXDEV: of another origin; -ENOKEY: of another key ring, or an earlier
 * checkpoint is not signed by this log; -EKEYREJECTED: or by a log key that was revoked). */
int replay_journal(const struct journal *journal, const struct keyring *ring,
                   const struct replay_options *options, struct replay_result *ret,
                   struct problem *problem) _must_use_;
