/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/buf.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/spool.h"

#define BUF_CAPACITY_FIRST ((size_t)256)
#define DECIMAL_DIGITS_MAX 20 /* of a uint64_t */

int view_equal(struct view a, struct view b)
{
        return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

char *view_dup(struct view view)
{
        char *copy = malloc(view.size + 1);

        if (!copy)
                return NULL;
        if (view.size > 0)
                memcpy(copy, view.data, view.size);
        copy[view.size] = '\0';
        return copy;
}

void buf_done(struct buf *buf)
{
        if (!buf)
                return;
        if (buf->spooled)
                spool_release(buf);
        else
                free(buf->data);
        *buf = (struct buf){.limit = buf->limit, .spooled = buf->spooled};
}

void buf_wipe(struct buf *buf)
{
        if (!buf)
                return;
        if (buf->data)
                OPENSSL_cleanse(buf->data, buf->capacity);
        buf_done(buf);
}

void buf_clear(struct buf *buf)
{
        buf->size = 0;
        buf->error = 0;
}

static size_t buf_limit(const struct buf *buf)
{
        return buf->limit > 0 ? buf->limit : BUF_LIMIT_DEFAULT;
}

/* One byte more than asked is always kept, for the NUL of buf_take(). */
static int buf_enlarge(struct buf *buf, size_t needed)
{
        size_t capacity = buf->capacity > 0 ? buf->capacity : BUF_CAPACITY_FIRST;
        uint8_t *data;

        if (buf->spooled)
                return spool_enlarge(buf, needed);
        while (capacity <= needed)
                capacity *= 2;
        data = realloc(buf->data, capacity);
        if (!data)
                return -ENOMEM;
        buf->data = data;
        buf->capacity = capacity;
        return 0;
}

uint8_t *buf_reserve(struct buf *buf, size_t size)
{
        assert(buf->size <= buf_limit(buf));

        if (buf->error)
                return NULL;
        if (size > buf_limit(buf) - buf->size) {
                buf->error = -EMSGSIZE;
                return NULL;
        }
        if (buf->size + size >= buf->capacity)
                buf->error = buf_enlarge(buf, buf->size + size);
        return buf->error ? NULL : buf->data + buf->size;
}

void buf_grown(struct buf *buf, size_t size)
{
        assert(size < buf->capacity - buf->size);
        buf->size += size;
}

void buf_put(struct buf *buf, const void *data, size_t size)
{
        uint8_t *room = buf_reserve(buf, size);

        if (!room || size == 0)
                return;
        memcpy(room, data, size);
        buf_grown(buf, size);
}

void buf_put_view(struct buf *buf, struct view view)
{
        buf_put(buf, view.data, view.size);
}

void buf_put_string(struct buf *buf, const char *string)
{
        buf_put(buf, string, strlen(string));
}

void buf_put_u8(struct buf *buf, uint8_t value)
{
        uint8_t *room = buf_reserve(buf, 1);

        if (!room)
                return;
        *room = value;
        buf_grown(buf, 1);
}

void buf_put_u16(struct buf *buf, uint16_t value)
{
        const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

        buf_put(buf, bytes, sizeof(bytes));
}

void buf_put_u32(struct buf *buf, uint32_t value)
{
        buf_put_u16(buf, (uint16_t)(value >> 16));
        buf_put_u16(buf, (uint16_t)value);
}

void buf_put_u64(struct buf *buf, uint64_t value)
{
        buf_put_u32(buf, (uint32_t)(value >> 32));
        buf_put_u32(buf, (uint32_t)value);
}

void buf_put_decimal(struct buf *buf, uint64_t value)
{
        uint8_t digits[DECIMAL_DIGITS_MAX], *first = digits + sizeof(digits);

        do {
                *--first = (uint8_t)('0' + value % 10);
                value /= 10;
        } while (value > 0);
        buf_put(buf, first, (size_t)(digits + sizeof(digits) - first));
}

void buf_put_format(struct buf *buf, const char *format, ...)
{
        va_list arguments, again;
        uint8_t *room;
        int length;

        va_start(arguments, format);
        va_copy(again, arguments);
        length = vsnprintf(NULL, 0, format, again);
        va_end(again);
        assert(length >= 0);
        room = buf_reserve(buf, (size_t)length);
        if (room) {
                (void)vsnprintf((char *)room, (size_t)length + 1, format, arguments);
                buf_grown(buf, (size_t)length);
        }
        va_end(arguments);
}

void buf_put_sized(struct buf *buf, struct view view)
{
        if (view.size > UINT32_MAX) {
                buf->error = buf->error ? buf->error : -EMSGSIZE;
                return;
        }
        buf_put_u32(buf, (uint32_t)view.size);
        buf_put_view(buf, view);
}

void buf_consume(struct buf *buf, size_t size)
{
        assert(size <= buf->size);
        if (size > 0 && size < buf->size)
                memmove(buf->data, buf->data + size, buf->size - size);
        buf->size -= size;
}

int buf_error(const struct buf *buf)
{
        return buf->error;
}

int buf_take(struct buf *buf, void *ret_data, size_t *ret_size)
{
        uint8_t *end = buf_reserve(buf, 0);

        assert(!buf->spooled);
        if (!end)
                return buf->error;
        *end = '\0';
        if (ret_size)
                *ret_size = buf->size;
        *(uint8_t **)ret_data = buf->data;
        *buf = BUF_INIT(buf->limit);
        return 0;
}
