/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The only writer of a journal: write-ahead file, group commit, tiles, published checkpoint.
 *
 * writer_append() takes an entry into the batch that is being put together; the batch is written
 * and made durable by one fdatasync() when the event loop has nothing more urgent to do, and only
 * then is each entry's function called. An entry is in the tree if and only if it is durable.
 */

#include <systemd/sd-event.h>

#include "lib/journal.h"
#include "lib/merkle-proof.h"
#include "lib/problem.h"

enum writer_state {
        WRITER_OPEN,
        WRITER_FULL,   /* no room: nothing is taken until there is */
        WRITER_SEALED, /* the disk failed or the files were meddled with: nothing is taken until a
                          restart */
};

struct writer;

/* What was found when the journal was opened. */
struct writer_recovery {
        uint64_t records; /* durable records after the last checkpoint */
        uint64_t dropped; /* bytes of a torn tail that nobody was promised */
        uint64_t sealed;  /* records covered by the last checkpoint */
        int has_checkpoint;
};

struct writer_options {
        const char *path;              /* of the folder */
        const char *origin;            /* the log's name */
        struct pubkey *log_key;        /* NULL when none has been made yet */
        struct pubkey *second_log_key; /* NULL: there is none */
};

/* Opens or begins the journal and takes its lock. Refuses (-EBADMSG, -EKEYREJECTED, -ENOKEY, with
 * what and where) whatever is not consistent with the published checkpoint. -EBUSY: another agent
 * has it open. */
int writer_open(sd_event *event, const struct writer_options *options, struct writer **ret,
                struct writer_recovery *ret_recovery, struct problem *problem) _must_use_;

/* Entries that still wait are answered with -EROFS: call writer_commit() first. */
struct writer *writer_free(struct writer *writer);
DEFINE_CLEANUP(struct writer *, writer_free)

/* @error is 0 when the entry is durable at @index, -ENOSPC or -EROFS when it is not and never will
 * be. */
typedef void (*writer_function)(void *context, int error, uint64_t index);

/* Takes a copy of @entry. @done is called later, never from within, exactly once. -ENOSPC, -EROFS:
 * not taken, as writer_state() says; -EMSGSIZE over ENTRY_SIZE_MAX; -ENOMEM. */
int writer_append(struct writer *writer, struct view entry, writer_function done,
                  void *context) _must_use_;

/* The same for entries that belong together: all of them, directly after each other, or none. They
 * are in one batch, which is durable or torn as a whole. @done is called once, with the index of
 * the first. @count is from 1 to WRITER_RUN_MAX. */
#define WRITER_RUN_MAX 4
int writer_append_run(struct writer *writer, const struct view *entries, uint32_t count,
                      writer_function done, void *context) _must_use_;

/* Commits what is waiting now instead of later. */
void writer_commit(struct writer *writer);

/* The state as it is. */
enum writer_state writer_state(const struct writer *writer);

/* The state; a full journal is looked at again, so that service comes back with the room. Not for
 * state_changed(), which would be called from within. */
enum writer_state writer_check(struct writer *writer);
const char *writer_state_name(enum writer_state state);

/* Why the state is not open; empty when it is. */
const char *writer_reason(const struct writer *writer);

struct writer_events {
        void (*state_changed)(void *context); /* not for the state found at the start */
        void (*committed)(void *context);     /* there are new durable entries */
        /* Those who waited for a commit have their answers, and nothing that called the writer is
         * still on the stack. */
        void (*answered)(void *context);
        void *context;
};

void writer_set_events(struct writer *writer, const struct writer_events *events);

/* The tree over all durable entries. */
struct checkpoint writer_head(const struct writer *writer);

/* Re-reads from the write-ahead file, and re-hashes, what has become durable since the last call.
 * 0: a checkpoint of writer_head() may be signed, for those who wait for one; but not published.
 * -EROFS (now sealed), -EIO, -ENOMEM. */
int writer_reread(struct writer *writer, struct problem *problem) _must_use_;

/* The path of entry @index in the tree of the first @size durable entries (lib/merkle-proof.h),
 * from memory where they are new, and else from the tiles. -EINVAL unless @index < @size <= the
 * head's; -ENOENT, -EBADMSG, -EIO: a tile is missing or damaged. */
int writer_prove(const struct writer *writer, uint64_t index, uint64_t size,
                 struct merkle_proof *ret, struct problem *problem) _must_use_;

/* The same, that the tree of the first @size durable entries goes on from that of the first @old.
 * -EINVAL unless @old <= @size <= the head's. */
int writer_prove_consistency(const struct writer *writer, uint64_t old, uint64_t size,
                             struct merkle_proof *ret, struct problem *problem) _must_use_;

/* Appends durable entry @index to @ret. -ENOENT when there is none; else as writer_prove(). */
int writer_read_entry(const struct writer *writer, uint64_t index, struct buf *ret,
                      struct problem *problem) _must_use_;

/* The newest record of a signature of that digest among those of one entry bundle, which there must
 * be, or be next. -ENOENT: none; -EBADMSG: missing or damaged; -EIO, -ENOMEM. */
int writer_find_in_bundle(const struct writer *writer, uint64_t number, const char *digest,
                          uint64_t *ret, struct problem *problem) _must_use_;

/* Makes tiles and entry bundles of the head durable, full and partial, and re-reads and re-hashes
 * what has been added since the last call. 0: a checkpoint of writer_head() may be signed. -ENOSPC,
 * -EROFS (now sealed), -EIO, … */
int writer_prepare(struct writer *writer, struct problem *problem) _must_use_;

/* Replaces the published checkpoint by that of the head that was last prepared. */
int writer_publish(struct writer *writer, struct view checkpoint,
                   struct problem *problem) _must_use_;

/* Replaces it by the same checkpoint with other signatures. */
int writer_republish(struct writer *writer, struct view checkpoint,
                     struct problem *problem) _must_use_;

/* Replaces the checkpoint that is kept for its cosignatures, JOURNAL_COSIGNED; it may be an older
 * one. */
int writer_publish_cosigned(struct writer *writer, struct view checkpoint,
                            struct problem *problem) _must_use_;

/* Reads that one. -ENOENT when there is none. */
int writer_read_cosigned(const struct writer *writer, struct buf *ret,
                         struct problem *problem) _must_use_;

/* Reads the published one, verbatim. -ENOENT before the first. */
int writer_read_checkpoint(const struct writer *writer, struct buf *ret,
                           struct problem *problem) _must_use_;
