/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/canonical-json.h"

#include <errno.h>

static void put_string(struct buf *buf, const char *text, size_t size)
{
        buf_put_u8(buf, '"');
        for (size_t i = 0; i < size; i++) {
                if (text[i] == '"' || text[i] == '\\')
                        buf_put_u8(buf, '\\');
                buf_put_u8(buf, (uint8_t)text[i]);
        }
        buf_put_u8(buf, '"');
}

/* By code points, as Python sorts them, which in UTF-8 is by bytes. */
static int compare_names(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of the members, in order. */
static const char **sort_names(const json_t *object)
{
        const char **names = calloc(json_object_size(object) + 1, sizeof(*names));
        const char *name;
        json_t *member;
        size_t count = 0;

        if (!names)
                return NULL;
        json_object_foreach ((json_t *)(uintptr_t)object, name, member)
                names[count++] = name;
        qsort(names, count, sizeof(*names), compare_names);
        return names;
}

static int put_object(struct buf *buf, const json_t *object, struct problem *problem)
{
        _cleanup_(freep) const char **names = sort_names(object);
        int r = 0;

        if (!names)
                return -ENOMEM;
        buf_put_u8(buf, '{');
        for (size_t i = 0; r == 0 && names[i]; i++) {
                if (i > 0)
                        buf_put_u8(buf, ',');
                put_string(buf, names[i], strlen(names[i]));
                buf_put_u8(buf, ':');
                r = canonical_json_put(buf, json_object_get(object, names[i]), problem);
        }
        buf_put_u8(buf, '}');
        return r;
}

static int put_array(struct buf *buf, const json_t *array, struct problem *problem)
{
        const json_t *item;
        size_t i;
        int r = 0;

        buf_put_u8(buf, '[');
        json_array_foreach (array, i, item) {
                if (i > 0)
                        buf_put_u8(buf, ',');
                r = canonical_json_put(buf, item, problem);
                if (r < 0)
                        return r;
        }
        buf_put_u8(buf, ']');
        return r;
}

int canonical_json_put(struct buf *buf, const json_t *value, struct problem *problem)
{
        int r = 0;

        switch (json_typeof(value)) {
        case JSON_OBJECT:
                r = put_object(buf, value, problem);
                break;
        case JSON_ARRAY:
                r = put_array(buf, value, problem);
                break;
        case JSON_STRING:
                put_string(buf, json_string_value(value), json_string_length(value));
                break;
        case JSON_INTEGER:
                buf_put_format(buf, "%lld", (long long)json_integer_value(value));
                break;
        case JSON_REAL:
                return problem_set(problem, -EBADMSG,
                                   "canonical JSON: the number %.17g is no integer",
                                   json_real_value(value));
        case JSON_TRUE:
                buf_put_string(buf, "true");
                break;
        case JSON_FALSE:
                buf_put_string(buf, "false");
                break;
        case JSON_NULL:
                buf_put_string(buf, "null");
                break;
        }
        return r < 0 ? r : buf_error(buf);
}
