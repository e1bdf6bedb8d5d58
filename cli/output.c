/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/file.h"
#include "lib/spool.h"
#include "lib/utf8.h"

#define COLUMN_GAP ((size_t)2)

/* Marks and overrides of direction (U+200E, U+200F, U+202A–U+202E, U+2066–U+2069) and the two line
 * separators (U+2028, U+2029): they show text otherwise than it is. */
static int is_deceptive(struct view text, size_t length)
{
        const uint8_t *c = text.data;

        if (length != 3 || c[0] != 0xe2)
                return 0;
        if (c[1] == 0x80)
                return c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xa8 && c[2] <= 0xae);
        return c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9;
}

void output_put_text(struct buf *buf, struct view text)
{
        while (text.size > 0) {
                size_t length = utf8_length(text);

                if (length == 0 || utf8_is_control(text) || is_deceptive(text, length))
                        buf_put_u8(buf, '?');
                else
                        buf_put(buf, text.data, length);
                length = length > 0 ? length : 1;
                text = view_of(text.data + length, text.size - length);
        }
}

int output_write(const struct buf *buf, struct problem *problem)
{
        int r = buf_error(buf);

        if (r == 0)
                r = file_write_all(STDOUT_FILENO, buf_view(buf));
        return r < 0 ? problem_set(problem, r, "standard output: %s", strerror(-r)) : 0;
}

int output_write_json(json_t *value, struct problem *problem)
{
        _cleanup_(buf_done) struct buf line = {};
        char *text = NULL;

        if (value)
                text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
        json_decref(value);
        if (!text)
                return -ENOMEM;
        buf_put_string(&line, text);
        buf_put_u8(&line, '\n');
        free(text);
        return output_write(&line, problem);
}

/* A device or a pipe takes what is written; it must not give way to a file. */
static int write_special(const char *path, const struct buf *content)
{
        _cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

        return fd < 0 ? -errno : file_write_buf(fd, content);
}

int output_write_file(const char *path, struct view content, struct problem *problem)
{
        const struct buf borrowed = spool_borrow(content);

        return output_write_buf(path, &borrowed, problem);
}

int output_write_buf(const char *path, const struct buf *content, struct problem *problem)
{
        _cleanup_(freep) char *target = NULL;
        struct stat status;
        int r;

        if (string_equal(path, "-")) {
                r = file_write_buf(STDOUT_FILENO, content);
                return r < 0 ? problem_set(problem, r, "standard output: %s", strerror(-r)) : 0;
        }
        if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
                r = write_special(path, content);
                return r < 0 ? problem_set(problem, r, "%s: %s", path, strerror(-r)) : 0;
        }
        target = realpath(path, NULL); /* where a link leads; NULL when there is nothing yet */
        return file_replace_with(AT_FDCWD, target ? target : path, content, 0666, problem);
}

void table_init(struct table *table, size_t columns)
{
        assert(columns <= TABLE_COLUMNS_MAX);
        *table = (struct table){.columns = columns};
}

void table_done(struct table *table)
{
        buf_done(&table->cells);
}

/* Characters, not bytes; as wide as they are many is near enough for names and numbers. */
static size_t text_width(struct view text)
{
        size_t width = 0;

        for (size_t i = 0; i < text.size; i++)
                width += (text.data[i] & 0xc0) != 0x80;
        return width;
}

void table_put(struct table *table, const char *cell)
{
        size_t before = table->cells.size, column = table->count++ % table->columns, width;

        output_put_text(&table->cells, view_string(cell));
        width = text_width(view_of(table->cells.data + before, table->cells.size - before));
        if (width > table->width[column])
                table->width[column] = width;
        buf_put_u8(&table->cells, '\0');
}

void table_put_integer(struct table *table, long long value)
{
        char cell[32];

        (void)snprintf(cell, sizeof(cell), "%lld", value);
        table_put(table, cell);
}

static void put_spaces(struct buf *buf, size_t count)
{
        while (count-- > 0)
                buf_put_u8(buf, ' ');
}

void table_print(const struct table *table, size_t indent, struct buf *ret)
{
        struct reader reader = reader_init(buf_view(&table->cells));
        size_t owed = 0; /* spaces that go before the next cell that is not empty */

        if (buf_error(&table->cells))
                ret->error = ret->error ? ret->error : buf_error(&table->cells);
        for (size_t i = 0; i < table->count && !reader.bad; i++) {
                struct view cell = reader_until(&reader, '\0');
                size_t column = i % table->columns;

                if (column == 0)
                        owed = indent;
                if (cell.size > 0) {
                        put_spaces(ret, owed);
                        owed = 0;
                }
                buf_put_view(ret, cell);
                owed += table->width[column] - text_width(cell) + COLUMN_GAP;
                if (column + 1 == table->columns)
                        buf_put_u8(ret, '\n');
        }
}
