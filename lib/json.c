/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/json.h"

#include <errno.h>

/* jansson recurses up to 2,048 levels; the depth is bounded here before it starts. Brackets inside
 * strings do not nest. */
static int nesting_within(struct view text, size_t limit)
{
        size_t depth = 0;
        int in_string = 0;

        for (size_t i = 0; i < text.size; i++) {
                uint8_t c = text.data[i];

                if (in_string) {
                        if (c == '\\')
                                i++;
                        else if (c == '"')
                                in_string = 0;
                } else if (c == '"') {
                        in_string = 1;
                } else if (c == '{' || c == '[') {
                        if (++depth > limit)
                                return 0;
                } else if ((c == '}' || c == ']') && depth > 0) {
                        depth--;
                }
        }
        return 1;
}

int json_parse_object(struct view text, json_t **ret, struct problem *problem)
{
        json_error_t error;
        json_t *value;

        if (!nesting_within(text, JSON_DEPTH_MAX))
                return problem_set(problem, -EBADMSG, "JSON nested deeper than %d levels",
                                   JSON_DEPTH_MAX);
        value = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
        if (!value && json_error_code(&error) == json_error_out_of_memory)
                return -ENOMEM;
        if (!value)
                return problem_set(problem, -EBADMSG, "JSON line %d column %d: %s", error.line,
                                   error.column, error.text);
        if (!json_is_object(value)) {
                json_decref(value);
                return problem_set(problem, -EBADMSG, "JSON: expected an object");
        }
        *ret = value;
        return 0;
}

static const char *type_name(json_type type)
{
        static const char *const names[] = {
                [JSON_OBJECT] = "an object",   [JSON_ARRAY] = "an array",
                [JSON_STRING] = "a string",    [JSON_INTEGER] = "an integer",
                [JSON_REAL] = "a real number", [JSON_TRUE] = "a boolean",
                [JSON_FALSE] = "a boolean",    [JSON_NULL] = "null",
        };

        return names[type];
}

static int check_member(const json_t *value, const char *what, const struct json_member *member,
                        struct problem *problem)
{
        json_type type = JSON_NULL;

        if (value)
                type = json_typeof(value) == JSON_FALSE ? JSON_TRUE : json_typeof(value);
        if (type == JSON_NULL && !member->required)
                return 0;
        if (!value)
                return problem_set(problem, -EBADMSG, "%s: member \"%s\" is missing", what,
                                   member->name);
        if (type != member->type)
                return problem_set(problem, -EBADMSG, "%s: member \"%s\": expected %s, found %s",
                                   what, member->name, type_name(member->type), type_name(type));
        return 0;
}

static int is_listed(const char *name, const struct json_member *members, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (string_equal(members[i].name, name))
                        return 1;
        return 0;
}

int json_check_members(const json_t *object, const char *what, const struct json_member *members,
                       size_t count, struct problem *problem)
{
        const char *name;
        json_t *value;
        int r;

        /* jansson's iterator takes a mutable object and does not change it. */
        json_object_foreach ((json_t *)(uintptr_t)object, name, value)
                if (!is_listed(name, members, count))
                        return problem_set(problem, -EBADMSG, "%s: unknown member \"%.64s\"", what,
                                           name);
        for (size_t i = 0; i < count; i++) {
                r = check_member(json_object_get(object, members[i].name), what, &members[i],
                                 problem);
                if (r < 0)
                        return r;
        }
        return 0;
}

const char *json_member_string(const json_t *object, const char *name)
{
        return json_string_value(json_object_get(object, name));
}

json_int_t json_member_integer(const json_t *object, const char *name, json_int_t otherwise)
{
        const json_t *value = json_object_get(object, name);

        return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static int append(const char *text, size_t size, void *buf)
{
        buf_put(buf, text, size);
        return buf_error(buf) ? -1 : 0;
}

void json_put(struct buf *buf, const json_t *value)
{
        int r = json_dump_callback(value, append, buf,
                                   JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

        if (r < 0 && !buf->error)
                buf->error = -ENOMEM;
}

int json_is_plain(const json_t *value)
{
        const char *name;
        json_t *member;
        size_t i;

        switch (json_typeof(value)) {
        case JSON_STRING:
        case JSON_INTEGER:
                return 1;
        case JSON_OBJECT:
                json_object_foreach ((json_t *)(uintptr_t)value, name, member)
                        if (!json_is_plain(member))
                                return 0;
                return 1;
        case JSON_ARRAY:
                json_array_foreach (value, i, member)
                        if (!json_is_plain(member))
                                return 0;
                return 1;
        default:
                return 0;
        }
}
