/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * JSON as Hallmark reads and writes it: jansson does the syntax, this adds the strictness.
 *
 * Reading refuses duplicate members, bytes after the value, NUL in strings, bad UTF-8 and deep
 * nesting. Writing is canonical: members sorted by their bytes, no white space. So one value has
 * one text, and text can be compared and hashed.
 */

#include <jansson.h>

#include "lib/problem.h"
#include "lib/reader.h"

#define JSON_DEPTH_MAX 16

/* A member that an object may or must have. */
struct json_member {
        const char *name;
        json_type type; /* JSON_TRUE stands for both booleans */
        int required;
};

/* Parses one object that fills all of @text. -EBADMSG, with line and column in @problem; -ENOMEM.
 */
int json_parse_object(struct view text, json_t **ret, struct problem *problem) _must_use_;

/* Every member of @object is in the table and of its type, and none that is required is missing. A
 * null counts as absent when the member is not required. @what names the object in the message.
 * -EBADMSG. */
int json_check_members(const json_t *object, const char *what, const struct json_member *members,
                       size_t count, struct problem *problem) _must_use_;

/* The member's string, or NULL if it is absent or null. Call after json_check_members(). */
const char *json_member_string(const json_t *object, const char *name);

/* The member's integer, or @otherwise. */
json_int_t json_member_integer(const json_t *object, const char *name, json_int_t otherwise);

/* Appends the canonical text. */
void json_put(struct buf *buf, const json_t *value);

/* Whether all numbers are integers and there is no null, true or false: the values that records
 * allow. */
int json_is_plain(const json_t *value);
