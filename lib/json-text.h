/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Writing the canonical text of a JSON object directly, where a tree of values would cost more than
 * the text: the same bytes as json_put() gives (lib/json.h).
 *
 * Members are put in the order of their names; another order is a bug of ours and ends the process.
 */

#include "lib/buf.h"

struct json_text {
        struct buf *buf;
        const char *last; /* member name put; NULL before the first */
};

/* Appends `{` and, at the end, `}`; in between the members. Errors stick in @buf. */
struct json_text json_text_begin(struct buf *buf);
void json_text_end(struct json_text *text);

/* @value is valid UTF-8 without NUL. */
void json_text_string(struct json_text *text, const char *name, struct view value);
void json_text_integer(struct json_text *text, const char *name, uint64_t value);

/* @value is canonical JSON already. */
void json_text_value(struct json_text *text, const char *name, struct view value);

/* Appends the name and a colon: the value is appended to the buf next. */
void json_text_name(struct json_text *text, const char *name);

/* Appends one string with its quotation marks. */
void json_text_put_string(struct buf *buf, struct view value);
