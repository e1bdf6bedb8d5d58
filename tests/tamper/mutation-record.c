/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tamper/mutation.h"

/*
 * Of the records, with bundles, tiles and write-ahead file rewritten to match: only the signed
 * checkpoint does not.
 */

#define NEW_CASE(c, first) ((char)((first) + ((c) - (first) + 1) % 10))

/* Another one of its kind, so that the record stays one that could have been written. */
static void change_character(char *text, size_t at)
{
        char c = text[at];

        if (c >= '0' && c <= '9')
                text[at] = NEW_CASE(c, '0');
        else
                text[at] = c == 'a' ? 'b' : 'a';
}

static json_t *changed_string(struct material *material, const char *text)
{
        char *copy = strdup(text);
        size_t length = strlen(text);
        json_t *changed;

        assert(copy);
        if (length > 0)
                change_character(copy, material_random(material, length));
        changed = json_string(length > 0 ? copy : "x");
        free(copy);
        return changed;
}

static void change_member(struct material *material, json_t *object)
{
        size_t left = material_random(material, json_object_size(object));
        void *member = json_object_iter(object);
        json_t *value;
        int r;

        while (left-- > 0)
                member = json_object_iter_next(object, member);
        value = json_object_iter_value(member);
        if (json_is_object(value) && json_object_size(value) > 0)
                return change_member(material, value);
        if (material_random(material, 8) == 0) {
                r = json_object_del(object, json_object_iter_key(member));
        } else if (json_is_integer(value)) {
                r = json_integer_set(value, json_integer_value(value) + 1 +
                                                    (json_int_t)material_random(material, 9));
        } else {
                const char *text = json_string_value(value);

                r = json_object_iter_set_new(object, member,
                                             changed_string(material, text ? text : ""));
        }
        assert(r == 0);
}

struct view material_edit(struct material *material, struct record_list *list, struct view record)
{
        json_t *object = json_loadb((const char *)record.data, record.size, 0, NULL);
        struct buf *made = records_make(list);

        assert(json_is_object(object));
        if (material_random(material, 10) == 0)
                (void)json_object_set_new(object, "extra", json_integer(1));
        else
                change_member(material, object);
        json_put(made, object);
        json_decref(object);
        assert(!buf_error(made));
        return buf_view(made);
}

static void edit(struct material *material, struct record_list *list)
{
        for (size_t i = 1 + material_random(material, RECORDS_MADE); i > 0; i--) {
                size_t index = material_random(material, list->count);

                list->at[index] = material_edit(material, list, material->records.at[index]);
        }
}

/* The same facts in other words: no record of this format. */
static void encode_otherwise(struct material *material, struct record_list *list)
{
        static const char *const ways[][2] = {{"\":\"", "\": \""},
                                              {"{\"boot", "{ \"boot"},
                                              {"\"type\":\"", "\"type\":\"\\u0073"},
                                              {"\"v\":1}", "\"v\":1} "},
                                              {"\"v\":1}", "\"v\":1.0}"},
                                              {"\"v\":1}", "\"v\":1,\"v\":1}"}};
        size_t way = material_random(material, ARRAY_SIZE(ways));
        size_t index = material_random(material, list->count);
        struct view record = list->at[index];
        const uint8_t *found = memmem(record.data, record.size, ways[way][0], strlen(ways[way][0]));
        struct buf *made = records_make(list);
        size_t before;

        if (!found)
                return;
        before = (size_t)(found - record.data);
        buf_put(made, record.data, before);
        buf_put_string(made, ways[way][1]);
        buf_put(made, found + strlen(ways[way][0]), record.size - before - strlen(ways[way][0]));
        list->at[index] = buf_view(made);
}

static void remove_range(struct material *material, struct record_list *list)
{
        size_t index = material_random(material, list->count);

        for (size_t i = 1 + material_random(material, 5); i > 0 && index < list->count; i--)
                records_remove(list, index);
}

static void cut_off(struct material *material, struct record_list *list)
{
        list->count = material_random(material, list->count);
}

static void repeat_range(struct material *material, struct record_list *list)
{
        size_t from = material_random(material, list->count);
        size_t to = material_random(material, list->count);

        for (size_t i = 1 + material_random(material, 50); i > 0 && from < material->size; i--)
                records_insert(list, to++, material->records.at[from++]);
}

/* A range of records in the place of another one: as many as there were. */
static void replay_range(struct material *material, struct record_list *list)
{
        size_t count = 1 + material_random(material, 50);
        size_t from = material_random(material, list->count - count);
        size_t to = material_random(material, list->count - count);

        memcpy(&list->at[to], &material->records.at[from], count * sizeof(*list->at));
}

static void exchange(struct material *material, struct record_list *list)
{
        size_t a = material_random(material, list->count);
        size_t b = material_random(material, list->count);

        list->at[a] = material->records.at[b];
        list->at[b] = material->records.at[a];
}

static void reverse_range(struct material *material, struct record_list *list)
{
        size_t count = 2 + material_random(material, 100);
        size_t from = material_random(material, list->count - count);

        for (size_t i = 0; i < count; i++)
                list->at[from + i] = material->records.at[from + count - 1 - i];
}

static void move_record(struct material *material, struct record_list *list)
{
        size_t from = material_random(material, list->count);
        struct view record = list->at[from];

        records_remove(list, from);
        records_insert(list, material_random(material, list->count), record);
}

/* The beginning of one journal and the end of another of the same origin. */
static void splice_both(struct material *material, struct record_list *list)
{
        size_t at = material_random(material, material->size);
        size_t from =
                material_random(material, 2) ? at : material_random(material, material->fork_size);
        size_t end = material_random(material, 2) ? material->size : RECORDS_MAX;

        list->count = at;
        while (list->count < end && from < material->fork_size)
                list->at[list->count++] = material->fork_records.at[from++];
}

/* A stretch of the other journal in the middle. */
static void insert_from_fork(struct material *material, struct record_list *list)
{
        size_t from = material_random(material, material->fork_size);
        size_t to = material_random(material, list->count);

        for (size_t i = 1 + material_random(material, 20); i > 0 && from < material->fork_size; i--)
                records_insert(list, to++, material->fork_records.at[from++]);
}

static void rewrite(struct material *material, struct image *image,
                    void (*change)(struct material *, struct record_list *))
{
        struct record_list list = {};

        records_copy(&list, &material->records);
        change(material, &list);
        rebuild(image, &list, list.count < material->size ? list.count : material->size);
        records_done(&list);
}

#define REWRITING(change)                                                                          \
        static void change##_records(struct material *material, struct image *image)               \
        {                                                                                          \
                rewrite(material, image, change);                                                  \
        }

REWRITING(edit)
REWRITING(encode_otherwise)
REWRITING(remove_range)
REWRITING(cut_off)
REWRITING(repeat_range)
REWRITING(replay_range)
REWRITING(exchange)
REWRITING(reverse_range)
REWRITING(move_record)
REWRITING(splice_both)
REWRITING(insert_from_fork)

const struct mutation mutations_of_records[] = {
        {"records edited", edit_records, EXPECT_HEAD},
        {"a record encoded otherwise", encode_otherwise_records, EXPECT_HEAD},
        {"records removed", remove_range_records, EXPECT_HEAD},
        {"the end cut off", cut_off_records, EXPECT_HEAD},
        {"a range of records inserted again", repeat_range_records, EXPECT_HEAD},
        {"a range of records over others", replay_range_records, EXPECT_HEAD},
        {"records exchanged", exchange_records, EXPECT_HEAD},
        {"a range in reverse", reverse_range_records, EXPECT_HEAD},
        {"a record moved", move_record_records, EXPECT_HEAD},
        {"two journals spliced", splice_both_records, EXPECT_HEAD},
        {"records of a fork inserted", insert_from_fork_records, EXPECT_HEAD},
        {},
};
