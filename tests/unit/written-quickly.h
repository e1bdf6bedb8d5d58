/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Steps of writing a journal that must succeed.
 */

#include "tests/unit/written.h"

/* No machine dies here, only processes, so nothing has to reach the disk: --wrap. */
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);

int __wrap_fsync(int fd)
{
        return 0;
}

int __wrap_fdatasync(int fd)
{
        return 0;
}

static inline void expect_open(struct written *written, size_t unsealed, uint64_t dropped)
{
        expect_integer(written_open(written), 0);
        expect_text(view_string(written->problem.text), "");
        assert(written->writer);
        expect_integer(written->recovery.sealed, written->published);
        expect_integer(written->recovery.records, unsealed);
        expect_integer(written->recovery.dropped, dropped);
        expect(written->recovery.has_checkpoint || written->published == 0);
        expect(writer_check(written->writer) == WRITER_OPEN);
        expect_text(view_string(writer_reason(written->writer)), "");
        written_expect_head(written);
}

static inline void expect_published(struct written *written)
{
        expect_integer(written_publish(written, NULL), 0);
        expect_integer(written->published, written->durable);
}

static inline void append_noise(struct written *written, size_t count, size_t size_max)
{
        for (size_t i = 0; i < count; i++)
                expect_integer(written_append_noise(written, written_random(written, size_max + 1)),
                               0);
        written_run(written);
        expect_integer(written->durable, written->asked);
        expect_integer(written->answered, written->asked);
}

static inline void reopen(struct written *written)
{
        written->writer = writer_free(written->writer);
        expect_open(written, written->durable - written->published, 0);
}
