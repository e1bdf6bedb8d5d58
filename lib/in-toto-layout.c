/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/in-toto-layout.h"

#include <errno.h>

#include "lib/utc.h"

#define STEP_KEYS_MAX 64

static void rules_done(struct layout_rules *rules)
{
        free(rules->items);
        *rules = (struct layout_rules){};
}

void layout_done(struct layout *layout)
{
        if (!layout)
                return;
        for (size_t i = 0; i < layout->key_count; i++)
                in_toto_key_done(&layout->keys[i]);
        free(layout->keys);
        for (size_t i = 0; i < layout->item_count; i++) {
                rules_done(&layout->items[i].materials);
                rules_done(&layout->items[i].products);
        }
        free(layout->items);
        json_decref(layout->object);
        *layout = (struct layout){};
}

const struct layout_item *layout_find(const struct layout *layout, const char *name)
{
        for (size_t i = 0; i < layout->item_count; i++)
                if (string_equal(layout->items[i].name, name))
                        return &layout->items[i];
        return NULL;
}

const struct in_toto_key *layout_find_key(const struct layout *layout, const char *id)
{
        for (size_t i = 0; i < layout->key_count; i++)
                if (string_equal(layout->keys[i].id, id))
                        return &layout->keys[i];
        return NULL;
}

static int read_keys(const json_t *keys, struct layout *ret, struct problem *problem)
{
        const char *id;
        json_t *key;
        int r;

        if (json_object_size(keys) > LAYOUT_KEYS_MAX)
                return problem_set(problem, -EBADMSG, "layout: more than %d keys", LAYOUT_KEYS_MAX);
        ret->keys = calloc(json_object_size(keys) + 1, sizeof(*ret->keys));
        if (!ret->keys)
                return -ENOMEM;
        json_object_foreach ((json_t *)(uintptr_t)keys, id, key) {
                r = in_toto_key_parse(key, id, &ret->keys[ret->key_count], problem);
                if (r < 0)
                        return problem_prefix(problem, r, "layout: keys: %.16s", id);
                ret->key_count++;
        }
        return 0;
}

static int read_rules(const json_t *array, const char *what, struct layout_rules *ret,
                      struct problem *problem)
{
        const json_t *words;
        size_t i;
        int r;

        if (json_array_size(array) > LAYOUT_RULES_MAX)
                return problem_set(problem, -EBADMSG, "%s: more than %d rules", what,
                                   LAYOUT_RULES_MAX);
        ret->items = calloc(json_array_size(array) + 1, sizeof(*ret->items));
        if (!ret->items)
                return -ENOMEM;
        json_array_foreach (array, i, words) {
                r = in_toto_rule_parse(words, &ret->items[ret->count], problem);
                if (r < 0)
                        return problem_prefix(problem, r, "%s: rule %zu", what, i + 1);
                ret->count++;
        }
        return 0;
}

static int check_strings(const json_t *array, const char *what, struct problem *problem)
{
        const json_t *word;
        size_t i;

        json_array_foreach (array, i, word)
                if (!json_is_string(word))
                        return problem_set(problem, -EBADMSG, "%s: element %zu is no string", what,
                                           i + 1);
        return 0;
}

/* Keys that are the same under two ids count once, and ids that the layout does not resolve may be
 * those of keys from elsewhere. */
static int read_who(const json_t *object, struct layout_item *item, struct problem *problem)
{
        json_int_t threshold = json_member_integer(object, "threshold", 0);
        const json_t *id;
        size_t i;

        item->keys = json_object_get(object, "pubkeys");
        if (json_array_size(item->keys) > STEP_KEYS_MAX)
                return problem_set(problem, -EBADMSG, "pubkeys: more than %d", STEP_KEYS_MAX);
        json_array_foreach (item->keys, i, id)
                if (!json_is_string(id) || !in_toto_key_id_is_valid(json_string_value(id)))
                        return problem_set(problem, -EBADMSG,
                                           "pubkeys: element %zu cannot be the id of a key", i + 1);
        if (threshold < 1 || (size_t)threshold > json_array_size(item->keys))
                return problem_set(problem, -EBADMSG,
                                   "threshold: expected 1 to the number of its keys, which is %zu, "
                                   "found %lld",
                                   json_array_size(item->keys), (long long)threshold);
        item->threshold = (size_t)threshold;
        return 0;
}

static int read_step(const json_t *object, struct layout_item *item, struct problem *problem)
{
        static const struct json_member members[] = {
                {"_type", JSON_STRING, 1},
                {"name", JSON_STRING, 1},
                {"expected_command", JSON_ARRAY, 1},
                {"expected_materials", JSON_ARRAY, 1},
                {"expected_products", JSON_ARRAY, 1},
                {"pubkeys", JSON_ARRAY, 1},
                {"threshold", JSON_INTEGER, 1},
        };
        int r = json_check_members(object, "step", members, ARRAY_SIZE(members), problem);

        if (r < 0)
                return r;
        item->name = json_member_string(object, "name");
        item->command = json_object_get(object, "expected_command");
        return read_who(object, item, problem);
}

static int read_inspection(const json_t *object, struct layout_item *item, struct problem *problem)
{
        static const struct json_member members[] = {
                {"_type", JSON_STRING, 1},
                {"name", JSON_STRING, 1},
                {"run", JSON_ARRAY, 1},
                {"expected_materials", JSON_ARRAY, 1},
                {"expected_products", JSON_ARRAY, 1},
        };
        int r = json_check_members(object, "inspection", members, ARRAY_SIZE(members), problem);

        if (r < 0)
                return r;
        item->name = json_member_string(object, "name");
        item->command = json_object_get(object, "run");
        if (json_array_size(item->command) == 0)
                return problem_set(problem, -EBADMSG, "run: expected a command, found none");
        return 0;
}

static int read_item(const json_t *object, const char *type, struct layout_item *item,
                     struct problem *problem)
{
        int r = string_equal(type, "step") ? read_step(object, item, problem)
                                           : read_inspection(object, item, problem);

        if (r < 0)
                return r;
        if (!string_equal(json_member_string(object, "_type"), type))
                return problem_set(problem, -EBADMSG, "_type: expected %s, found %.40s", type,
                                   json_member_string(object, "_type"));
        if (!in_toto_name_is_valid(item->name))
                return problem_set(problem, -EBADMSG, "name: \"%.100s\" cannot be one", item->name);
        r = check_strings(item->command, "command", problem);
        if (r == 0)
                r = read_rules(json_object_get(object, "expected_materials"), "expected_materials",
                               &item->materials, problem);
        return r < 0 ? r
                     : read_rules(json_object_get(object, "expected_products"), "expected_products",
                                  &item->products, problem);
}

static int read_items(const json_t *array, const char *type, struct layout *layout,
                      struct problem *problem)
{
        const json_t *object;
        size_t i;
        int r;

        json_array_foreach (array, i, object) {
                struct layout_item item = {};

                r = json_is_object(object) ? read_item(object, type, &item, problem)
                                           : problem_set(problem, -EBADMSG, "it is no object");
                if (r == 0 && layout_find(layout, item.name))
                        r = problem_set(problem, -EBADMSG, "the name is taken");
                layout->items[layout->item_count++] = item;
                if (r < 0)
                        return problem_prefix(problem, r, "layout: %s %zu%s%.100s", type, i + 1,
                                              item.name ? ", " : "", item.name ? item.name : "");
        }
        return 0;
}

/* A rule that looks at a step that there is none of would consume nothing, and nobody would know.
 */
static int check_sources(const struct layout *layout, struct problem *problem)
{
        for (size_t i = 0; i < layout->item_count; i++) {
                const struct layout_item *item = &layout->items[i];
                const struct layout_rules *lists[] = {&item->materials, &item->products};

                for (size_t j = 0; j < ARRAY_SIZE(lists); j++)
                        for (size_t k = 0; k < lists[j]->count; k++) {
                                const char *step = lists[j]->items[k].step;

                                if (step && !layout_find(layout, step))
                                        return problem_set(
                                                problem, -EBADMSG,
                                                "layout: %.100s: rule %zu: there is no step "
                                                "\"%.100s\"",
                                                item->name, k + 1, step);
                        }
        }
        return 0;
}

static int read_expires(const char *text, uint64_t *ret, struct problem *problem)
{
        uint64_t moment;

        if (strlen(text) != strlen("2027-01-01T00:00:00Z") || utc_parse_moment(text, &moment) < 0)
                return problem_set(problem, -EBADMSG,
                                   "layout: expires: expected a time like 2027-01-01T00:00:00Z, "
                                   "found \"%.40s\"",
                                   text);
        *ret = moment / 1000000;
        return 0;
}

static int check_members(const json_t *object, struct problem *problem)
{
        static const struct json_member members[] = {
                {"_type", JSON_STRING, 1}, {"expires", JSON_STRING, 1}, {"inspect", JSON_ARRAY, 1},
                {"keys", JSON_OBJECT, 1},  {"readme", JSON_STRING, 0},  {"steps", JSON_ARRAY, 1},
        };
        size_t items = json_array_size(json_object_get(object, "steps")) +
                       json_array_size(json_object_get(object, "inspect"));
        int r = json_check_members(object, "layout", members, ARRAY_SIZE(members), problem);

        if (r < 0)
                return r;
        if (!string_equal(json_member_string(object, "_type"), "layout"))
                return problem_set(problem, -EBADMSG, "layout: _type: expected layout, found %.40s",
                                   json_member_string(object, "_type"));
        if (json_array_size(json_object_get(object, "steps")) == 0)
                return problem_set(problem, -EBADMSG, "layout: it has no steps");
        if (items > LAYOUT_STEPS_MAX)
                return problem_set(problem, -EBADMSG, "layout: more than %d steps and inspections",
                                   LAYOUT_STEPS_MAX);
        return 0;
}

int layout_parse(json_t *object, struct layout *ret, struct problem *problem)
{
        _cleanup_(layout_done) struct layout layout = {};
        int r = check_members(object, problem);

        if (r < 0)
                return r;
        layout.object = json_incref(object);
        layout.items = calloc(LAYOUT_STEPS_MAX, sizeof(*layout.items));
        if (!layout.items)
                return -ENOMEM;
        r = read_expires(json_member_string(object, "expires"), &layout.expires, problem);
        if (r == 0)
                r = read_keys(json_object_get(object, "keys"), &layout, problem);
        if (r == 0)
                r = read_items(json_object_get(object, "steps"), "step", &layout, problem);
        layout.step_count = layout.item_count;
        if (r == 0)
                r = read_items(json_object_get(object, "inspect"), "inspection", &layout, problem);
        if (r == 0)
                r = check_sources(&layout, problem);
        if (r < 0)
                return r;
        *ret = layout;
        layout = (struct layout){};
        return 0;
}
