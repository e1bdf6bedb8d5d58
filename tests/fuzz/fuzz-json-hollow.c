/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/json-hollow.h"
#include "lib/json.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* The first byte chooses kind and size of the pieces. What is read in pieces and put together again
 * is what jansson reads of the whole, and nothing that it refuses is read. */
struct taken {
        json_t *objects;
        struct buf string;
        int is_json;
};

static int take(void *context, struct view part, struct problem *problem)
{
        struct taken *taken = context;
        json_t *object = NULL;

        if (!taken->objects) {
                buf_put_view(&taken->string, part);
                return buf_error(&taken->string);
        }
        if (json_parse_object(part, &object, problem) < 0)
                taken->is_json = 0;
        else
                (void)json_array_append_new(taken->objects, object);
        return 0;
}

static json_t *put_together(const struct json_hollow *hollow, struct taken *taken)
{
        json_t *value = NULL, *outer, *inner = NULL;

        if (!taken->is_json || json_parse_object(buf_view(&hollow->rest), &value, NULL) < 0)
                return NULL;
        if (!hollow->is_taken)
                return value;
        outer = json_object_get(value, hollow->outer);
        assert(json_is_object(outer) && json_object_get(outer, hollow->inner));
        if (taken->objects)
                inner = json_incref(taken->objects);
        else
                inner = json_stringn((const char *)taken->string.data, taken->string.size);
        if (inner)
                (void)json_object_set_new(outer, hollow->inner, inner);
        else
                json_decref(value);
        return inner ? value : NULL;
}

static int put(struct json_hollow *hollow, struct view text, size_t size)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < text.size; i += size)
                r = json_hollow_put(
                        hollow, view_of(text.data + i, text.size - i < size ? text.size - i : size),
                        NULL);
        assert(r == 0 || r == -EBADMSG);
        return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const int objects = size > 0 && (data[0] & 1);
        struct taken taken = {objects ? json_array() : NULL, {}, 1};
        struct json_hollow hollow = {.outer = "o",
                                     .inner = "i",
                                     .kind = objects ? JSON_HOLLOW_OBJECTS : JSON_HOLLOW_STRING,
                                     .take = take,
                                     .context = &taken};
        json_t *whole = NULL, *parts = NULL;

        if (size > 1) {
                const struct view text = view_of(data + 1, size - 1);

                if (put(&hollow, text, (size_t)(data[0] >> 1) + 1) == 0)
                        parts = put_together(&hollow, &taken);
                assert(!parts ||
                       (json_parse_object(text, &whole, NULL) == 0 && json_equal(parts, whole)));
        }
        json_decref(whole);
        json_decref(parts);
        json_decref(taken.objects);
        buf_done(&taken.string);
        json_hollow_done(&hollow);
        return 0;
}
