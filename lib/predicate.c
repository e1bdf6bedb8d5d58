/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/predicate.h"

#include <errno.h>

#define PATH_PART_MAX 64

static const struct predicate_type *const types[] = {
        &predicate_link,
        &predicate_scai,
        &predicate_test_result,
        &predicate_vsa,
};

const char *const predicate_type_names[] = {"link", "scai", "test-result", "vsa", NULL};

static_assert(ARRAY_SIZE(predicate_type_names) == ARRAY_SIZE(types) + 1, "a name for each type");

const struct predicate_type *predicate_type_at(size_t index)
{
        return index < ARRAY_SIZE(types) ? types[index] : NULL;
}

const struct predicate_type *predicate_type_find(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (string_equal(types[i]->name, name))
                        return types[i];
        return NULL;
}

/* Up to the asterisk of a name that has one. */
static int is_named(const struct predicate_field *field, const char *name)
{
        size_t size = strlen(field->name);

        if (field->name[size - 1] != '*')
                return string_equal(field->name, name);
        return strncmp(field->name, name, size - 1) == 0 && name[size - 1] != '\0';
}

const struct predicate_field *predicate_field_find(const struct predicate_type *type,
                                                   const char *name)
{
        for (size_t i = 0; i < type->count; i++)
                if (is_named(&type->fields[i], name))
                        return &type->fields[i];
        return NULL;
}

static int is_word(const struct predicate_field *field, const char *text)
{
        if (!field->words)
                return 1;
        for (size_t i = 0; field->words[i]; i++)
                if (string_equal(field->words[i], text))
                        return 1;
        return 0;
}

/* RFC 3339 in UTC: "2026-11-22T10:00:00Z", with a fraction or without. */
static int is_time(const char *text)
{
        static const char shape[] = "dddd-dd-ddTdd:dd:dd";
        size_t i;

        for (i = 0; shape[i]; i++)
                if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
                        return 0;
        if (text[i] == '.')
                i += 1 + strspn(text + i + 1, "0123456789");
        return text[i - 1] != '.' && string_equal(text + i, "Z");
}

int predicate_value(const struct predicate_field *field, const char *text, const char *now,
                    json_t **ret, struct problem *problem)
{
        uint64_t count = 0;

        if (strlen(text) > PREDICATE_VALUE_MAX)
                return problem_set(problem, -EBADMSG, "%s: over %zu bytes", field->name,
                                   PREDICATE_VALUE_MAX);
        if (!is_word(field, text))
                return problem_set(problem, -EBADMSG,
                                   "%s: expected %s or another of its words, "
                                   "found \"%.64s\"",
                                   field->name, field->words[0], text);
        if (field->kind == PREDICATE_TIME && string_equal(text, "now"))
                text = now;
        if (field->kind == PREDICATE_TIME && !is_time(text))
                return problem_set(problem, -EBADMSG,
                                   "%s: expected a time as 2026-11-22T10:00:00Z, found \"%.64s\"",
                                   field->name, text);
        if (field->kind == PREDICATE_COUNT &&
            (view_parse_decimal(view_string(text), &count) < 0 || count > INT64_MAX))
                return problem_set(problem, -EBADMSG, "%s: expected a number, found \"%.64s\"",
                                   field->name, text);
        *ret = field->kind == PREDICATE_COUNT ? json_integer((json_int_t)count) : json_string(text);
        return *ret ? 0 : problem_set(problem, -EBADMSG, "%s: no valid UTF-8", field->name);
}

/* The member of @object that is an object or an array, made if need be. NULL without memory. */
static json_t *enter(json_t *object, const char *name, int array)
{
        json_t *value = json_object_get(object, name);

        if (value)
                return json_is_array(value) == array && json_is_object(value) != array ? value
                                                                                       : NULL;
        value = array ? json_array() : json_object();
        return json_object_set_new(object, name, value) < 0 ? NULL : value;
}

static json_t *enter_element(json_t *array, int begins)
{
        if (begins && json_array_append_new(array, json_object()) < 0)
                return NULL;
        return json_array_get(array, json_array_size(array) - 1);
}

/* One part of the path: "name", "name[]", or "*" for what the name has in its place. */
struct part {
        char name[PATH_PART_MAX];
        int array, last;
};

static const char *next_part(const char *path, struct part *ret)
{
        size_t size = strcspn(path, ".");

        assert(size < PATH_PART_MAX);
        memcpy(ret->name, path, size);
        ret->array = size > 2 && path[size - 2] == '[';
        ret->name[size - (ret->array ? 2 : 0)] = '\0';
        ret->last = path[size] == '\0';
        return path + size + !ret->last;
}

static int refuse(const char *name, const char *why, struct problem *problem)
{
        return problem_set(problem, -EBADMSG, "%.100s: %s", name, why);
}

static int put_last(json_t *object, const struct part *part, const char *member, json_t *value,
                    struct problem *problem)
{
        json_t *array;

        if (!part->array) {
                if (json_object_get(object, member))
                        return refuse(member, "is set already", problem);
                return json_object_set(object, member, value) < 0 ? -ENOMEM : 0;
        }
        array = enter(object, part->name, 1);
        if (!array)
                return refuse(member, "is something else already", problem);
        return json_array_append(array, value) < 0 ? -ENOMEM : 0;
}

static int set(json_t *object, const struct predicate_field *field, const char *name, json_t *value,
               struct problem *problem)
{
        const char *path = field->path;
        struct part part = {};

        for (path = next_part(path, &part); !part.last; path = next_part(path, &part)) {
                object = enter(object, part.name, part.array);
                if (object && part.array)
                        object = enter_element(object, field->begins);
                if (!object)
                        return refuse(name, "of what has not begun", problem);
        }
        return put_last(object, &part,
                        part.name[0] == '*' ? name + strlen(field->name) - 1 : part.name, value,
                        problem);
}

int predicate_set(json_t *predicate, const struct predicate_field *field, const char *name,
                  json_t *value, struct problem *problem)
{
        int r = value ? set(predicate, field, name, value, problem) : -ENOMEM;

        json_decref(value);
        return r;
}

static int has(const json_t *predicate, const char *path)
{
        struct part part = {};

        while (predicate && !part.last) {
                path = next_part(path, &part);
                predicate = json_object_get(predicate, part.name);
        }
        return predicate != NULL;
}

int predicate_complete(const struct predicate_type *type, json_t *predicate, const char *now,
                       struct problem *problem)
{
        for (size_t i = 0; i < type->count; i++) {
                const struct predicate_field *field = &type->fields[i];
                json_t *value = NULL;
                int r;

                if (!field->otherwise || has(predicate, field->path))
                        continue;
                r = predicate_value(field, field->otherwise, now, &value, problem);
                if (r == 0)
                        r = predicate_set(predicate, field, field->name, value, problem);
                if (r < 0)
                        return r;
        }
        return type->check(predicate, problem);
}

int predicate_check_texts(const json_t *array, const char *what, struct problem *problem)
{
        const json_t *text;
        size_t i;

        json_array_foreach (array, i, text)
                if (!json_is_string(text))
                        return problem_set(problem, -EBADMSG, "%s: number %zu: expected a string",
                                           what, i + 1);
        return 0;
}
