/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reading JSON of which one member is too large for a tree of values: a member of a member of an
 * object, which is a string or an array of objects.
 *
 * The text comes piece by piece. What the member holds is given away as it comes, and the rest is
 * kept, with "" or [] in its place: it is JSON if and only if the whole was, provided that each of
 * the objects is. Both are then parsed as strictly as ever (lib/json.h). A member whose name is
 * written with escapes stays in the rest, and so does a second one, for the parser to refuse.
 */

#include "lib/problem.h"
#include "lib/reader.h"

#define JSON_HOLLOW_NAME_MAX   32                 /* bytes of a member's name */
#define JSON_HOLLOW_OBJECT_MAX ((size_t)64 << 10) /* bytes of one object in the array */

enum json_hollow_kind { JSON_HOLLOW_STRING, JSON_HOLLOW_OBJECTS };

struct json_hollow {
        const char *outer, *inner; /* names, shorter than JSON_HOLLOW_NAME_MAX */
        enum json_hollow_kind kind;
        /* Takes a part of the string, escapes resolved, all of it printable ASCII; or one object.
         */
        int (*take)(void *context, struct view part, struct problem *problem);
        void *context;
        struct buf rest; /* with the limit that it is to have */
        int is_taken;    /* there was such a member */

        /* How far the text has come. */
        enum json_hollow_state {
                HOLLOW_REST,
                HOLLOW_REST_STRING,
                HOLLOW_REST_ESCAPE,
                HOLLOW_STRING,
                HOLLOW_STRING_ESCAPE,
                HOLLOW_STRING_DIGITS,
                HOLLOW_ARRAY_BEGIN,
                HOLLOW_ARRAY_COMMA,
                HOLLOW_ARRAY_OBJECT,
                HOLLOW_OBJECT,
                HOLLOW_OBJECT_STRING,
                HOLLOW_OBJECT_ESCAPE,
        } state;
        char name[JSON_HOLLOW_NAME_MAX]; /* the string before, as far as it goes */
        size_t name_size;
        size_t depth;
        int in_outer, at_outer, at_inner; /* within that member; directly behind a colon of it */
        unsigned digits, character; /* of an escape that has some: how many have come; its value */
        size_t object_depth;
        struct buf object; /* the begin of one that came in pieces */
};

void json_hollow_done(struct json_hollow *hollow);

/* Takes the next piece. -EBADMSG: no such JSON; -EMSGSIZE: the rest is over its limit; -ENOMEM; or
 * the error of take(). */
int json_hollow_put(struct json_hollow *hollow, struct view piece,
                    struct problem *problem) _must_use_;
