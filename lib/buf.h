/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * struct buf owns bytes that grow, struct view borrows bytes that stay.
 *
 * Bytes leave the program through a buf and through nothing else. The first error of a buf sticks:
 * writers return void, and buf_error() or buf_take() tells at the end whether all of it worked. A
 * buf never grows past its limit. Integers are big-endian.
 */

#include "lib/macro.h"

struct view {
        const uint8_t *data;
        size_t size;
};

struct buf {
        uint8_t *data;
        size_t size;
        size_t capacity;
        size_t limit;    /* bytes; 0 stands for BUF_LIMIT_DEFAULT */
        int error;       /* 0, -ENOMEM or -EMSGSIZE; sticks */
        int spooled;     /* see lib/spool.h */
        int spool;       /* descriptor of its file, plus one; 0: none */
        size_t reserved; /* addresses of a spooled one; bytes */
};

#define BUF_LIMIT_DEFAULT ((size_t)64 << 20)

/* A buf that may hold at most @limit bytes. */
#define BUF_INIT(max) ((struct buf){.limit = (max)})

/* One whose bytes may leave memory for a temporary file, and never move. */
#define BUF_SPOOLED(max) ((struct buf){.limit = (max), .spooled = 1})

static inline struct view view_of(const void *data, size_t size)
{
        return (struct view){.data = data, .size = size};
}

static inline struct view view_string(const char *string)
{
        return view_of(string, strlen(string));
}

static inline struct view buf_view(const struct buf *buf)
{
        return view_of(buf->data, buf->size);
}

/* True if both hold the same bytes. Not constant in time: for public data only. */
int view_equal(struct view a, struct view b);

/* True if @view holds exactly the characters of @string. Most that are asked about differ in the
 * first. */
static inline int view_is(struct view view, const char *string)
{
        return view.size > 0 && view.data[0] == (uint8_t)string[0]
                       ? view_equal(view, view_string(string))
                       : view.size == 0 && string[0] == '\0';
}

/* A NUL-terminated copy, or NULL without memory. A view with a NUL byte inside is cut there by the
 * reader of the copy: check first where that matters. */
char *view_dup(struct view view) _must_use_;

/* Frees what @buf owns and leaves it empty, without error, with the same limit. Takes NULL. */
void buf_done(struct buf *buf);

/* As buf_done(), but overwrites the bytes first. */
void buf_wipe(struct buf *buf);

/* Forgets the bytes and the error, keeps the memory. */
void buf_clear(struct buf *buf);

/* Makes room for @size more bytes and returns where they go, or NULL (and the error sticks). Used
 * together with buf_grown(), which says how many of them were written. */
uint8_t *buf_reserve(struct buf *buf, size_t size);
void buf_grown(struct buf *buf, size_t size);

void buf_put(struct buf *buf, const void *data, size_t size);
void buf_put_view(struct buf *buf, struct view view);
void buf_put_string(struct buf *buf, const char *string); /* its characters, no NUL */
void buf_put_u8(struct buf *buf, uint8_t value);
void buf_put_u16(struct buf *buf, uint16_t value);
void buf_put_u32(struct buf *buf, uint32_t value);
void buf_put_u64(struct buf *buf, uint64_t value);
void buf_put_decimal(struct buf *buf, uint64_t value);
void buf_put_format(struct buf *buf, const char *format, ...) _printf_(2, 3);

/* uint32 length, then the bytes: how frames and SSH carry strings. */
void buf_put_sized(struct buf *buf, struct view view);

/* Drops the first @size bytes. @size is at most buf->size. */
void buf_consume(struct buf *buf, size_t size);

/* 0, or the error that stuck: -ENOMEM, -EMSGSIZE; of a spooled one, also the errno of its file. */
int buf_error(const struct buf *buf) _must_use_;

/* The bytes become the caller's (free()); @buf is empty afterwards. A NUL byte follows the
 * @ret_size bytes, so text can be taken as a string. Returns what buf_error() returns. Not of a
 * spooled one. */
int buf_take(struct buf *buf, void *ret_data, size_t *ret_size) _must_use_;
