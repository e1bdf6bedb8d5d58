/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Members of a struct as members of a JSON object, and back: how the rules of a replay keep what
 * they know (lib/replay-rule.h). One table serves both ways, so that they cannot differ.
 *
 * One struct has one text. What is read is checked for its range, since it may be anything.
 */

#include "lib/json.h"
#include "lib/merkle.h"

enum field_kind {
        FIELD_FLAG,   /* int, 0 or 1 */
        FIELD_WORD,   /* uint32_t: an integer */
        FIELD_NUMBER, /* uint64_t, any: decimal digits in a string */
        FIELD_COUNT,  /* int64_t from -FIELD_COUNT_MAX to FIELD_COUNT_MAX: an integer */
        FIELD_TEXT,   /* char[], with NUL: a string */
        FIELD_HASH,   /* struct sha256: hexadecimal digits */
        FIELD_TREE,   /* struct merkle_tree: its size, and its peaks from the lowest on */
};

/* A few of these can be added without an overflow. */
#define FIELD_COUNT_MAX ((int64_t)1 << 56)

struct field {
        const char *name;
        enum field_kind kind;
        size_t offset, size;
};

#define FIELD(type, member, kind)                                                                  \
        {                                                                                          \
#member, kind, offsetof(type, member), sizeof(((type *)0)->member)                 \
        }

/* Adds the members. -ENOMEM, also for a text that is no UTF-8. */
int field_save(const struct field *fields, size_t count, const void *from, json_t *ret) _must_use_;

/* Reads them. The object has @others more members, which are not looked at. -EBADMSG. */
int field_restore(const struct field *fields, size_t count, size_t others, const json_t *object,
                  void *ret, struct problem *problem) _must_use_;
