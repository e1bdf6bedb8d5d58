/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Records read in one pass and without memory of their own, for whoever reads millions of them.
 *
 * The language is that of record_parse(): what one takes, the other takes, by the same tables. The
 * scanner says no without a reason; record_parse() has the reason. Members are views into the
 * record as it stands there, so strings still have their escapes. Since the form is canonical, two
 * strings are the same if and only if their views are.
 */

#include "lib/record.h"

/* Where a member is. Offsets fit: a record has at most ENTRY_SIZE_MAX bytes. */
struct record_member {
        uint16_t name, name_size;
        uint16_t value, value_size; /* of a string without its quotation marks */
        uint16_t type;              /* enum json_type */
};

struct record_members {
        size_t count; /* may be more than have their place in @at */
        struct record_member at[RECORD_MEMBERS_MAX];
};

struct record {
        struct view bytes;              /* borrowed; the members point into it */
        const struct record_type *type; /* NULL for an object inside a record */
        struct record_members own;
        struct record_members caller; /* of the object of that name, which nearly all have */
};

/* 0 if and only if record_parse() takes it; else -EBADMSG. */
int record_scan(struct view entry, struct record *ret) _must_use_;

/* The same for any object in canonical form of strings, integers, arrays and objects: -EBADMSG when
 * it is not in this form, -E2BIG when it is, but has more than RECORD_MEMBERS_MAX members. */
int record_scan_object(struct view text, struct record *ret) _must_use_;

/* Whether it is of that type. */
static inline int record_is(const struct record *record, const char *type)
{
        return record->type && string_equal(record->type->name, type);
}

/* Where the member of that name is, if it is of that type; or NULL. */
const struct record_member *record_find(const struct record *record, struct view name,
                                        json_type type);

/* What is there; data is NULL where there is no member. */
static inline struct view record_value(const struct record *record,
                                       const struct record_member *member)
{
        return member ? view_of(record->bytes.data + member->value, member->value_size)
                      : (struct view){};
}

/* The member's string; data is NULL if there is none. Inline, as the size of @name is known where
 * it is asked for. */
static inline struct view record_string(const struct record *record, const char *name)
{
        return record_value(record, record_find(record, view_string(name), JSON_STRING));
}

/* The member's integer. -ENOENT: there is none. */
int record_integer(const struct record *record, const char *name, int64_t *ret) _must_use_;

/* The member's object. -ENOENT: there is none; -E2BIG. */
int record_object(const struct record *record, const char *name, struct record *ret) _must_use_;

/* The member's array, for record_next_string(); data is NULL if there is none. */
static inline struct view record_array(const struct record *record, const char *name)
{
        return record_value(record, record_find(record, view_string(name), JSON_ARRAY));
}

/* Takes the next string off an array. 1: there was one; 0: the end; -EBADMSG: something else. */
int record_next_string(struct view *array, struct view *ret) _must_use_;
