/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/replay-field.h"

#include <errno.h>
#include <stdio.h>

static json_t *number_to_json(uint64_t number)
{
        char text[24];

        (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
        return json_string(text);
}

static json_t *hash_to_json(const struct sha256 *hash)
{
        char text[HEX_SIZE(SHA256_SIZE)];

        return json_string(hex_encode(sha256_view(hash), text));
}

static json_t *tree_to_json(const struct merkle_tree *tree)
{
        json_t *peaks = json_array();

        for (unsigned height = 0; height < MERKLE_HEIGHT_MAX; height++)
                if (tree->size >> height & 1 &&
                    json_array_append_new(peaks, hash_to_json(&tree->peak[height])) < 0) {
                        json_decref(peaks);
                        return NULL;
                }
        return json_pack("{s:o, s:o}", "peaks", peaks, "size", number_to_json(tree->size));
}

static json_t *to_json(const struct field *field, const void *member)
{
        switch (field->kind) {
        case FIELD_FLAG:
                return json_integer(*(const int *)member != 0);
        case FIELD_WORD:
                return json_integer(*(const uint32_t *)member);
        case FIELD_NUMBER:
                return number_to_json(*(const uint64_t *)member);
        case FIELD_COUNT:
                return json_integer(*(const int64_t *)member);
        case FIELD_TEXT:
                return json_string(member);
        case FIELD_HASH:
                return hash_to_json(member);
        case FIELD_TREE:
                return tree_to_json(member);
        }
        return NULL;
}

int field_save(const struct field *fields, size_t count, const void *from, json_t *ret)
{
        for (size_t i = 0; i < count; i++) {
                const char *member = (const char *)from + fields[i].offset;

                if (json_object_set_new(ret, fields[i].name, to_json(&fields[i], member)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int read_integer(const json_t *value, int64_t least, int64_t most, int64_t *ret)
{
        if (!json_is_integer(value) || json_integer_value(value) < least ||
            json_integer_value(value) > most)
                return -EBADMSG;
        *ret = json_integer_value(value);
        return 0;
}

static int read_text(const json_t *value, size_t size, char *ret)
{
        if (json_string_length(value) >= size)
                return -EBADMSG;
        memset(ret, 0, size);
        memcpy(ret, json_string_value(value), json_string_length(value));
        return 0;
}

static int read_hash(const json_t *value, struct sha256 *ret)
{
        return json_is_string(value)
                       ? hex_decode(view_string(json_string_value(value)), ret->bytes, SHA256_SIZE)
                       : -EBADMSG;
}

static int read_tree(const json_t *object, struct merkle_tree *ret)
{
        const json_t *peaks = json_object_get(object, "peaks");
        const char *size = json_member_string(object, "size");
        size_t next = 0;

        *ret = (struct merkle_tree){};
        if (json_object_size(object) != 2 || !size ||
            view_parse_decimal(view_string(size), &ret->size) < 0)
                return -EBADMSG;
        for (unsigned height = 0; height < MERKLE_HEIGHT_MAX; height++)
                if (ret->size >> height & 1 &&
                    read_hash(json_array_get(peaks, next++), &ret->peak[height]) < 0)
                        return -EBADMSG;
        return json_is_array(peaks) && json_array_size(peaks) == next ? 0 : -EBADMSG;
}

static int from_string(const struct field *field, const json_t *value, void *ret)
{
        if (!json_is_string(value))
                return -EBADMSG;
        if (field->kind == FIELD_TEXT)
                return read_text(value, field->size, ret);
        return view_parse_decimal(view_string(json_string_value(value)), ret);
}

static int from_json(const struct field *field, const json_t *value, void *ret)
{
        int64_t number = 0;
        int r;

        switch (field->kind) {
        case FIELD_FLAG:
                r = read_integer(value, 0, 1, &number);
                *(int *)ret = (int)number;
                return r;
        case FIELD_WORD:
                r = read_integer(value, 0, UINT32_MAX, &number);
                *(uint32_t *)ret = (uint32_t)number;
                return r;
        case FIELD_COUNT:
                return read_integer(value, -FIELD_COUNT_MAX, FIELD_COUNT_MAX, ret);
        case FIELD_HASH:
                return read_hash(value, ret);
        case FIELD_TREE:
                return read_tree(value, ret);
        default:
                return from_string(field, value, ret);
        }
}

int field_restore(const struct field *fields, size_t count, size_t others, const json_t *object,
                  void *ret, struct problem *problem)
{
        if (!json_is_object(object) || json_object_size(object) != count + others)
                return problem_set(problem, -EBADMSG, "expected an object of %zu members",
                                   count + others);
        for (size_t i = 0; i < count; i++) {
                const json_t *value = json_object_get(object, fields[i].name);

                if (from_json(&fields[i], value, (char *)ret + fields[i].offset) < 0)
                        return problem_set(problem, -EBADMSG, "\"%s\" is missing or malformed",
                                           fields[i].name);
        }
        return 0;
}
