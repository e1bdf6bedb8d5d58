/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What goes to standard output and to files.
 *
 * Text by others is made printable before it is shown: control characters, and the characters that
 * change the direction of text, become '?'.
 */

#include "lib/json.h"

/* Appends @text as one printable run. */
void output_put_text(struct buf *buf, struct view text);

/* Writes all to standard output. The errno of write(). */
int output_write(const struct buf *buf, struct problem *problem) _must_use_;

/* Prints @value on one line, in ASCII, and releases it; NULL stands for out of memory. */
int output_write_json(json_t *value, struct problem *problem) _must_use_;

/* Writes @content to standard output when @path is "-", to a device or pipe as it is, else into the
 * file in one step: the one that a link leads to. */
int output_write_file(const char *path, struct view content, struct problem *problem) _must_use_;

/* The same of a buf that may be spooled, without its error. */
int output_write_buf(const char *path, const struct buf *content,
                     struct problem *problem) _must_use_;

/* Rows of cells, aligned in columns: the cells of a row in turn. */
#define TABLE_COLUMNS_MAX 9

struct table {
        struct buf cells; /* each ended by NUL */
        size_t columns;
        size_t count; /* cells so far */
        size_t width[TABLE_COLUMNS_MAX];
};

void table_init(struct table *table, size_t columns);
void table_done(struct table *table);
void table_put(struct table *table, const char *cell);
void table_put_integer(struct table *table, long long value);

/* Appends the rows, each indented by @indent spaces. */
void table_print(const struct table *table, size_t indent, struct buf *ret);
