/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/in-toto-layout.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

static void check_rules(const struct layout *layout, const struct layout_rules *rules)
{
        for (size_t i = 0; i < rules->count; i++) {
                _cleanup_(buf_done) struct buf text = {};
                const struct in_toto_rule *rule = &rules->items[i];

                in_toto_rule_put(rule, &text);
                assert(!buf_error(&text) && text.size > 0);
                assert((rule->type == RULE_MATCH) == (rule->step != NULL));
                assert(!rule->step || layout_find(layout, rule->step));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(layout_done) struct layout layout = {};
        struct problem problem = {};
        json_t *object = NULL;
        int r = json_parse_object(view_of(data, size), &object, NULL);

        if (r < 0)
                return 0;
        r = layout_parse(object, &layout, &problem);
        json_decref(object);
        assert(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        assert(layout.step_count > 0 && layout.step_count <= layout.item_count);
        for (size_t i = 0; i < layout.item_count; i++) {
                const struct layout_item *item = &layout.items[i];

                assert(layout_find(&layout, item->name) == item);
                assert((i < layout.step_count) == (item->threshold > 0));
                check_rules(&layout, &item->materials);
                check_rules(&layout, &item->products);
        }
        return 0;
}
