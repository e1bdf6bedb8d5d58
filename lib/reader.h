/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A bounded cursor over bytes that somebody else wrote.
 *
 * A read past the end returns zeros or an empty view, marks the reader bad, and it stays bad. So a
 * decoder reads all its fields in a row and asks once, at the end, with reader_end(). Integers are
 * big-endian. Nothing is copied: views point into the bytes given to reader_init().
 */

#include "lib/buf.h"

struct reader {
        const uint8_t *next;
        size_t left;
        int bad;
};

static inline struct reader reader_init(struct view view)
{
        return (struct reader){.next = view.data, .left = view.size};
}

uint8_t reader_u8(struct reader *reader);
uint16_t reader_u16(struct reader *reader);
uint32_t reader_u32(struct reader *reader);
uint64_t reader_u64(struct reader *reader);

/* The next @size bytes. */
struct view reader_bytes(struct reader *reader, size_t size);

/* uint32 length, then that many bytes. */
struct view reader_sized(struct reader *reader);

/* The characters up to the next @end character, which is consumed but not returned. Bad if there is
 * none. */
struct view reader_until(struct reader *reader, char end);

/* Consumes exactly the characters of @expected; anything else makes the reader bad. */
void reader_expect(struct reader *reader, const char *expected);

/* What is left, all of it. */
struct view reader_rest(struct reader *reader);

/* Marks the reader bad: for a field that was read but makes no sense. */
void reader_fail(struct reader *reader);

/* 0 if nothing failed and nothing is left, else -EBADMSG. */
int reader_end(const struct reader *reader) _must_use_;

/* The canonical decimal number in all of @view (no sign, no leading zero): 0 or -EBADMSG. */
int view_parse_decimal(struct view view, uint64_t *ret) _must_use_;
