/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/where.h"

#include <errno.h>

/* A part of the path at the front of @rest, and what parts it from what follows. */
struct part {
        char name[256];
        int quoted;
        char end; /* '.' or '=' */
};

static int is_plain(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               (c != '\0' && strchr("_-/:", c));
}

/* Up to the character that ends the name, which is not taken. -EBADMSG: too long. */
static int take_name(const char **rest, struct part *ret)
{
        size_t size = 0;

        ret->quoted = **rest == '"';
        if (ret->quoted)
                (*rest)++;
        while (ret->quoted ? **rest != '"' && **rest != '\0' : is_plain(**rest)) {
                if (size + 1 == sizeof(ret->name))
                        return -EBADMSG;
                ret->name[size++] = *(*rest)++;
        }
        ret->name[size] = '\0';
        if (ret->quoted && *(*rest)++ != '"')
                return -EBADMSG;
        return size > 0 ? 0 : -EBADMSG;
}

static int take_part(const char **rest, struct part *ret)
{
        int r = take_name(rest, ret);

        if (r < 0)
                return r;
        ret->end = **rest;
        if (ret->end != '.' && ret->end != '=')
                return -EBADMSG;
        (*rest)++;
        return 0;
}

/* The text after the '='. */
static int find_value(const char *condition, const char **ret, struct problem *problem)
{
        const char *rest = condition;
        struct part part = {};
        int r = strlen(condition) > WHERE_TEXT_MAX ? -EBADMSG : 0;

        while (r == 0 && part.end != '=')
                r = take_part(&rest, &part);
        if (r < 0)
                return problem_set(problem, r,
                                   "expected PATH=VALUE, as predicate.builder.id=x, found "
                                   "\"%.100s\"",
                                   condition);
        *ret = rest;
        return 0;
}

int where_check(const char *condition, struct problem *problem)
{
        const char *value;

        return find_value(condition, &value, problem);
}

static const json_t *step(const json_t *value, const struct part *part)
{
        uint64_t index;

        if (json_is_object(value))
                return json_object_get(value, part->name);
        if (!json_is_array(value) || part->quoted ||
            view_parse_decimal(view_string(part->name), &index) < 0)
                return NULL;
        return json_array_get(value, index);
}

static const json_t *find(const json_t *value, const char *condition)
{
        struct part part = {};

        while (value && part.end != '=') {
                if (take_part(&condition, &part) < 0)
                        return NULL;
                value = step(value, &part);
        }
        return value;
}

/* Numbers by their value, so that 0.50 is 0.5. */
static int is_number(const json_t *found, const char *expected)
{
        json_error_t error;
        _cleanup_(json_decrefp) json_t *number = json_loads(expected, JSON_DECODE_ANY, &error);

        if (json_is_integer(found) && json_is_integer(number))
                return json_integer_value(found) == json_integer_value(number);
        return json_is_number(found) && json_is_number(number) &&
               json_number_value(found) == json_number_value(number);
}

static int is_value(const json_t *found, const char *expected)
{
        switch (json_typeof(found)) {
        case JSON_STRING:
                return view_equal(view_string(expected),
                                  view_of(json_string_value(found), json_string_length(found)));
        case JSON_TRUE:
                return string_equal(expected, "true");
        case JSON_FALSE:
                return string_equal(expected, "false");
        case JSON_NULL:
                return string_equal(expected, "null");
        case JSON_INTEGER:
        case JSON_REAL:
                return is_number(found, expected);
        default:
                return 0;
        }
}

static int refuse(const json_t *found, const char *condition, const char *expected,
                  struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};
        int size = (int)(expected - 1 - condition);

        if (!found)
                return problem_set(problem, -EKEYREJECTED,
                                   "%.*s: expected \"%.100s\", found nothing", size, condition,
                                   expected);
        json_put(&text, found);
        buf_put_u8(&text, '\0');
        if (buf_error(&text))
                return buf_error(&text);
        return problem_set(problem, -EKEYREJECTED, "%.*s: expected \"%.100s\", found %.150s", size,
                           condition, expected, (const char *)text.data);
}

int where_holds(const json_t *value, const char *condition, struct problem *problem)
{
        const json_t *found;
        const char *expected;
        int r = find_value(condition, &expected, problem);

        if (r < 0)
                return r;
        found = find(value, condition);
        return found && is_value(found, expected) ? 0 : refuse(found, condition, expected, problem);
}
