/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fault.h"
#include "tests/unit/written.h"

/*
 * Every system call by which the writer changes the disk fails, the first one, the second one, …
 * until there is none left: whatever was acknowledged is there afterwards, and nothing else but
 * what was asked for.
 */

#define ROUNDS    6
#define BATCH     60
#define RUNS_MAX  2000
#define LABEL_MAX 96

/* What may be said about records that were not taken, and what the writer says of itself then. */
static void expect_refusal(struct written *written)
{
        enum writer_state state = writer_check(written->writer);

        expect(written->error == -ENOSPC || written->error == -EROFS);
        if (written->error == -EROFS)
                expect(state == WRITER_SEALED);
        if (state == WRITER_SEALED) {
                expect(strlen(writer_reason(written->writer)) > 0);
                expect_integer(written_append_record(written), -EROFS);
                return;
        }
        /* They have been cut off again: nobody will see them. */
        while (written->asked > written->durable)
                free(written->entries[--written->asked]);
        written->answered = written->asked;
}

static void append_batch(struct written *written)
{
        int r = 0;

        for (unsigned i = 0; i < BATCH && r == 0; i++)
                r = written_append_record(written);
        written_run(written);
        expect(r == 0 || r == -ENOSPC || r == -EROFS);
        expect_integer(written->answered, written->asked);
        if (written->durable < written->asked)
                expect_refusal(written);
        expect_integer(writer_head(written->writer).size, written->durable);
}

/* Some batches, some checkpoints, while the fault is due. */
static void write_journal(struct written *written)
{
        int r = written_open(written);

        if (r < 0) {
                expect(strlen(written->problem.text) > 0);
                return;
        }
        for (unsigned round = 0; round < ROUNDS; round++) {
                append_batch(written);
                if (round % 2 == 0)
                        continue;
                r = written_publish(written, NULL);
                if (r < 0)
                        expect(strlen(written->problem.text) > 0);
                if (r < 0 && writer_check(written->writer) == WRITER_SEALED)
                        expect_integer(r, -EROFS);
        }
}

/* With the fault gone and the agent started again. */
static void expect_recovery(struct written *written)
{
        struct replay_result result;
        size_t there;

        written->writer = writer_free(written->writer);
        written_expect_replay(written, written->published == 0 ? "checkpoint: No such file" : NULL,
                              &result);
        expect_integer(written_open(written), 0);
        expect_text(view_string(written->problem.text), "");
        if (!written->writer)
                return;
        there = writer_head(written->writer).size;
        expect(there >= written->durable && there <= written->asked);
        expect_integer(written_walk(written), there);
        expect(written->recovery.sealed >= written->published);
        while (written->asked > there)
                free(written->entries[--written->asked]);
        written->durable = written->answered = there;
        append_batch(written);
        expect_integer(written->durable, there + BATCH);
        expect_integer(written_publish(written, NULL), 0);
        written_expect_head(written);
        written_expect_tiles(written, 0);
        written->writer = writer_free(written->writer);
        written_expect_replay(written, NULL, &result);
        expect_integer(result.records, there + BATCH);
        expect_integer(result.unsealed, 0);
}

/* 1 if there was an n-th call. */
static int run(struct written *written, unsigned at)
{
        char label[LABEL_MAX];
        int fired;

        (void)snprintf(label, sizeof(label), "%s %u: %s%s%s", fault_names[fault.call], at,
                       strerror(fault.error), fault.stays ? ", and on" : "",
                       fault.half ? ", after half" : "");
        test_label = label;
        fault.at = at;
        fault.count = fault.fired = 0;
        write_journal(written);
        fired = fault.fired > 0;
        fault.at = UINT32_MAX;
        expect_recovery(written);
        written_forget(written);
        test_label = "";
        return fired;
}

static void test_each_call(void)
{
        static const struct {
                enum fault_call call;
                int error, stays, half;
        } rows[] = {
                {FAULT_PWRITE, ENOSPC, 0, 0}, {FAULT_PWRITE, ENOSPC, 1, 0},
                {FAULT_PWRITE, ENOSPC, 0, 1}, {FAULT_PWRITE, EIO, 0, 0},
                {FAULT_PWRITE, EIO, 0, 1},    {FAULT_WRITE, ENOSPC, 0, 0},
                {FAULT_WRITE, ENOSPC, 0, 1},  {FAULT_WRITE, EIO, 1, 0},
                {FAULT_FDATASYNC, EIO, 0, 0}, {FAULT_FDATASYNC, ENOSPC, 0, 0},
                {FAULT_FSYNC, EIO, 0, 0},     {FAULT_FSYNC, EIO, 1, 0},
                {FAULT_RENAME, EIO, 0, 0},    {FAULT_RENAME, ENOSPC, 1, 0},
                {FAULT_FTRUNCATE, EIO, 0, 0}, {FAULT_OPEN, EMFILE, 0, 0},
                {FAULT_OPEN, ENOSPC, 1, 0},   {FAULT_MKDIR, ENOSPC, 0, 0},
                {FAULT_MKDIR, EDQUOT, 1, 0},  {FAULT_UNLINK, EIO, 0, 0},
                {FAULT_UNLINK, EIO, 1, 0},
        };
        struct written written;

        written_init(&written, 1);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                unsigned at = 1;

                fault.call = rows[i].call;
                fault.error = rows[i].error;
                fault.stays = rows[i].stays;
                fault.half = rows[i].half;
                written.partials_may_stay = fault.call == FAULT_UNLINK || fault.call == FAULT_OPEN;
                while (at < RUNS_MAX && run(&written, at))
                        at++;
                expect(at < RUNS_MAX);
                expect(at > 1 || fault.call == FAULT_FTRUNCATE);
        }
        fault.call = FAULT_NONE;
        written_done(&written);
}

/* The third batch fails in a known way: what is said, and how it goes on. The first one is written
 * with room behind it, by a call of its own. */
static void test_states(void)
{
        static const struct {
                const char *label;
                enum fault_call call;
                int error, half;
                unsigned at;
                int answer;
                enum writer_state state;
                const char *reason;
        } rows[] = {
                {"no room", FAULT_PWRITE, ENOSPC, 0, 4, -ENOSPC, WRITER_FULL,
                 "write-ahead file: No space left on device"},
                {"room for half", FAULT_PWRITE, ENOSPC, 1, 4, -ENOSPC, WRITER_FULL,
                 "write-ahead file: No space left on device"},
                {"quota", FAULT_PWRITE, EDQUOT, 0, 4, -ENOSPC, WRITER_FULL,
                 "write-ahead file: Disk quota exceeded"},
                {"bad disk", FAULT_PWRITE, EIO, 0, 4, -EROFS, WRITER_SEALED,
                 "write-ahead file: write: Input/output error"},
                {"not synced", FAULT_FDATASYNC, EIO, 0, 3, -EROFS, WRITER_SEALED,
                 "write-ahead file: fdatasync: Input/output error"},
                {"not synced, no room", FAULT_FDATASYNC, ENOSPC, 0, 3, -EROFS, WRITER_SEALED,
                 "write-ahead file: fdatasync: No space left on device"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct written written;

                test_label = rows[i].label;
                written_init(&written, 2);
                expect_integer(written_open(&written), 0);
                fault.call = rows[i].call;
                fault.error = rows[i].error;
                fault.half = rows[i].half;
                fault.at = rows[i].at;
                fault.count = 0;
                for (unsigned batch = 0; batch < 3; batch++) {
                        expect_integer(written_append_record(&written), 0);
                        expect_integer(written_append_record(&written), 0);
                        written_run(&written);
                }
                fault.call = FAULT_NONE;
                expect_integer(written.answered, 6);
                expect_integer(written.durable, 4);
                expect_integer(written.error, rows[i].answer);
                expect_integer(written_append_record(&written), rows[i].answer);
                expect_text(view_string(writer_reason(written.writer)), rows[i].reason);
                expect_integer(writer_check(written.writer),
                               rows[i].state == WRITER_FULL ? WRITER_OPEN : rows[i].state);
                written_done(&written);
        }
        test_label = "";
}

/* No room, and what was written of the batch cannot be cut off: only a restart will find out. */
static void test_undo_fails(void)
{
        struct written written;

        written_init(&written, 3);
        expect_integer(written_open(&written), 0);
        append_batch(&written);
        expect_integer(written_append_record(&written), 0);
        fault.call = FAULT_PWRITE;
        fault.also = FAULT_FTRUNCATE;
        fault.error = ENOSPC;
        fault.half = 1;
        fault.at = 1;
        fault.count = 0;
        writer_commit(written.writer);
        fault.call = fault.also = FAULT_NONE;
        fault.half = 0;
        expect_integer(written.error, -EROFS);
        expect(writer_check(written.writer) == WRITER_SEALED);
        expect_text(view_string(writer_reason(written.writer)),
                    "write-ahead file: cannot be cut back: No space left on device");
        written.writer = writer_free(written.writer);
        expect_integer(written_open(&written), 0);
        expect(written.recovery.dropped > 0);
        expect_integer(written.recovery.records, BATCH);
        written_done(&written);
}

/* The write-ahead file has room and the tiles have not, as on a disk without inodes: it does not go
 * on for ever. */
static void test_no_room_for_tiles(void)
{
        struct written written;

        written_init(&written, 4);
        expect_integer(written_open(&written), 0);
        fault.call = FAULT_NONE;
        fault.also = FAULT_MKDIR;
        fault.error = ENOSPC;
        for (size_t i = 0; i < 3000 && written.error == 0; i++) {
                expect_integer(written_append_noise(&written, ENTRY_SIZE_MAX), 0);
                if (i % 20 == 0)
                        written_run(&written);
        }
        expect_integer(written.error, -ENOSPC);
        expect(written.durable > 1000 && written.durable < 1600); /* 64 MiB, and what was waiting */
        expect_contains(writer_reason(written.writer), "tiles: tile/0/000: ");
        written_run(&written);
        fault.also = FAULT_NONE;
        expect(writer_check(written.writer) == WRITER_OPEN);
        while (written.asked > written.durable)
                free(written.entries[--written.asked]);
        written.answered = written.asked;
        append_batch(&written);
        expect_integer(written.durable, written.asked);
        expect_integer(written_publish(&written, NULL), 0);
        written_expect_tiles(&written, 0);
        written_done(&written);
}

int main(void)
{
        test_states();
        test_undo_fails();
        test_no_room_for_tiles();
        test_each_call();
        return test_result();
}
