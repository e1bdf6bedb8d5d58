/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Types of predicates that are made here out of single values: a file and a row of the table each.
 *
 * A row says which fields a person can give, where in the predicate each of them goes, and what a
 * predicate of the type has to be. Predicates of any other type are written by whoever knows them.
 */

#include "lib/statement.h"

/* SLSA provenance v1: evidence that is made by who has seen a step, and never out of single values.
 */
#define PREDICATE_PROVENANCE "https://slsa.dev/provenance/v1"

#define PREDICATE_VALUE_MAX ((size_t)65536) /* bytes of one value */

enum predicate_kind {
        PREDICATE_TEXT,      /* a string */
        PREDICATE_COUNT,     /* a decimal number */
        PREDICATE_TIME,      /* as 2026-11-22T10:00:00Z; or "now" */
        PREDICATE_RESOURCE,  /* a file: its name and digest */
        PREDICATE_REFERENCE, /* a file: where it is, and its digest */
        PREDICATE_DIGEST,    /* a file: its digest alone */
};

struct predicate_field {
        const char *name; /* one that ends with ".*" stands for all that begin so */
        /* Members from the predicate down, parted by '.'; of an array, written "name[]", the last
         * element, or a new one where that is what is set. */
        const char *path;
        enum predicate_kind kind;
        int begins;               /* a new element of the array in the middle of the path */
        const char *const *words; /* the values there are, ended by NULL; or NULL: any */
        const char *otherwise;    /* what it is when it is not given; or NULL */
};

struct predicate_type {
        const char *name; /* the word for --type */
        const char *uri;
        const struct predicate_field *fields;
        size_t count;
        int (*check)(const json_t *predicate, struct problem *problem);
};

/* Row @index of the table, or NULL past the last. */
const struct predicate_type *predicate_type_at(size_t index);

/* The words for --type, ended by NULL. */
extern const char *const predicate_type_names[];

/* NULL: no such type. */
const struct predicate_type *predicate_type_find(const char *name);

/* NULL: the type has no field of that name. */
const struct predicate_field *predicate_field_find(const struct predicate_type *type,
                                                   const char *name);

/* The value of a field that is no file. -EBADMSG: no such value; -ENOMEM. @now is a time in RFC
 * 3339. */
int predicate_value(const struct predicate_field *field, const char *text, const char *now,
                    json_t **ret, struct problem *problem) _must_use_;

/* Sets the field that @name is, to @value, whose reference it takes in any case. -EBADMSG: it is
 * set already, or of an element that has not begun; -ENOMEM. */
int predicate_set(json_t *predicate, const struct predicate_field *field, const char *name,
                  json_t *value, struct problem *problem) _must_use_;

/* Sets what was not given to what it is otherwise, and checks that the predicate is one of its
 * type. -EBADMSG, -ENOMEM. */
int predicate_complete(const struct predicate_type *type, json_t *predicate, const char *now,
                       struct problem *problem) _must_use_;

/* Adds an attribute to a SCAI predicate, as the fields do. @target, @conditions and @evidence may
 * be NULL. -ENOMEM. */
int scai_add_attribute(json_t *predicate, const char *attribute, const json_t *target,
                       const json_t *conditions, const json_t *evidence) _must_use_;

/* Whether all of an array are strings; absent (NULL) is empty. -EBADMSG. */
int predicate_check_texts(const json_t *array, const char *what,
                          struct problem *problem) _must_use_;

/* Rows. */
extern const struct predicate_type predicate_link;
extern const struct predicate_type predicate_scai;
extern const struct predicate_type predicate_test_result;
extern const struct predicate_type predicate_vsa;
