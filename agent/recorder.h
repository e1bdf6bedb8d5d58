/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Records on their way into the journal: the members that all have, and canonical text.
 */

#include "agent/writer.h"
#include "lib/json.h"
#include "lib/record.h"

struct recorder {
        struct writer *writer;
        char boot[40];               /* the kernel's boot id */
        char last[RECORD_TIME_SIZE]; /* time of the newest record; empty: none yet */
        int closed;
};

/* Reads the boot id. */
int recorder_init(struct recorder *recorder, struct writer *writer) _must_use_;

/* A record with `v`, `type`, `boot` and `time` (now). NULL without memory. */
json_t *recorder_begin(const struct recorder *recorder, const char *type) _must_use_;

/* Sets a string member; NULL sets nothing. Failures show in recorder_append(). */
void recorder_set(json_t *record, const char *name, const char *value);
void recorder_set_integer(json_t *record, const char *name, uint64_t value);

/* Takes the reference to @record (which may be NULL: -ENOMEM) and appends it. Errors as
 * writer_append(). @done may be NULL. */
int recorder_append(struct recorder *recorder, json_t *record, writer_function done,
                    void *context) _must_use_;

/* The same for a record whose text has been written already, canonical and complete, with @time in
 * it. If @entry is not empty, it stands directly after the record: both or neither. @done gets the
 * record's index. */
int recorder_append_texts(struct recorder *recorder, struct view record, struct view entry,
                          const char *time, writer_function done, void *context) _must_use_;

/* The same for a record that nobody waits for: if it cannot be appended, the state of the journal
 * is known already. */
void recorder_note(struct recorder *recorder, json_t *record);

/* The newest record is the last one: from then on all are refused, with -EROFS. */
void recorder_close(struct recorder *recorder);

/* Microseconds since the epoch, for record_time(). */
uint64_t recorder_now(void);
