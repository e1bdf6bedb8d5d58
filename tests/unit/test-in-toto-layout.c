/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/in-toto-layout.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/in-toto-made.h"

#include <errno.h>

static int parse(struct view text, struct layout *ret, struct problem *problem)
{
        json_t *object = NULL;
        int r = json_parse_object(text, &object, problem);

        if (r == 0)
                r = layout_parse(object, ret, problem);
        json_decref(object);
        return r;
}

static void test_made(void)
{
        _cleanup_(layout_done) struct layout layout = {};
        const struct in_toto_rule *rule;
        const struct layout_item *train;

        expect_integer(parse(view_string(made_layout), &layout, NULL), 0);
        expect_integer(layout.expires, 1893456000);
        expect_integer(layout.key_count, 4);
        expect_integer(layout.step_count, 2);
        expect_integer(layout.item_count, 3);
        train = layout_find(&layout, "train");
        expect(train == &layout.items[1] && train->threshold == 2 && train->products.count == 5);
        rule = &train->products.items[1];
        expect(rule->type == RULE_MATCH && !rule->with_products);
        expect(string_equal(rule->source_prefix, "a") &&
               string_equal(rule->destination_prefix, "b/") && string_equal(rule->step, "prepare"));
        expect(!layout.items[2].keys && layout.items[2].threshold == 0);
        expect(layout_find_key(&layout, layout.keys[3].id) == &layout.keys[3]);
        expect(!layout_find_key(&layout, "00") && !layout_find(&layout, "none"));
}

static const struct {
        const char *from, *to;
        int error;
        const char *reason;
} edits[] = {
        {"\"_type\":\"layout\"", "\"_type\":\"link\"", -EBADMSG, "_type: expected layout"},
        {"\"readme\"", "\"README\"", -EBADMSG, "unknown member \"README\""},
        {"\"readme\":\"hello\",", "", 0, ""},
        {"2030-01-01T00:00:00Z", "2030-01-01", -EBADMSG, "expected a time like"},
        {"2030-01-01T00:00:00Z", "2030-01-01T00:00:00+", -EBADMSG, "expected a time like"},
        {"2030-01-01T00:00:00Z", "2030-13-01T00:00:00Z", -EBADMSG, "expected a time like"},
        {"2030-01-01T00:00:00Z", "", -EBADMSG, "expected a time like"},
        {"\"ALLOW\",\"raw/*\"", "\"EXPECT\",\"raw/*\"", -EBADMSG,
         "step 1, prepare: expected_materials: rule 1: expected MATCH, CREATE, DELETE, MODIFY, "
         "ALLOW, DISALLOW or REQUIRE, found \"EXPECT\""},
        {"\"ALLOW\",\"raw/*\"", "\"ALLOW\"", -EBADMSG, "expected an array of 2"},
        {"\"ALLOW\",\"raw/*\"", "\"ALLOW\",\"raw/*\",\"x\"", -EBADMSG, "expected one pattern"},
        {"\"ALLOW\",\"raw/*\"", "\"ALLOW\",7", -EBADMSG, "word 2: expected a string"},
        {"\"ALLOW\",\"raw/*\"", "\"ALLOW\",\"\"", -EBADMSG, "its pattern is empty"},
        {"\"ALLOW\",\"raw/*\"", "\"ALLOW\",\"v{VERSION}\"", -EBADMSG, "parameters are not"},
        {"\"ALLOW\",\"raw/*\"", "\"ALLOW\",\"v{a b}\"", 0, ""},
        {"\"WITH\",\"PRODUCTS\"", "\"WITH\",\"PRODUCT\"", -EBADMSG, "expected MATCH P"},
        {"\"FROM\",\"prepare\"", "\"FROM\"", -EBADMSG, "expected MATCH P"},
        {"\"FROM\",\"prepare\"", "\"FROM\",\"other\"", -EBADMSG, "there is no step \"other\""},
        {"\"name\":\"train\"", "\"name\":\"prepare\"", -EBADMSG, "the name is taken"},
        {"\"name\":\"train\"", "\"name\":\".train\"", -EBADMSG, "cannot be one"},
        {"\"threshold\":2", "\"threshold\":0", -EBADMSG, "threshold: expected 1 to"},
        {"\"threshold\":2", "\"threshold\":5", -EBADMSG, "which is 4, found 5"},
        {"\"threshold\":2", "\"threshold\":2,\"cert\":1", -EBADMSG, "unknown member \"cert\""},
        {"\"_type\":\"step\"", "\"_type\":\"stop\"", -EBADMSG, "_type: expected step"},
        {"\"run\":[\"tar\",\"xf\",\"x\"]", "\"run\":[]", -EBADMSG, "expected a command"},
        {"\"keytype\":\"ed25519\"", "\"keytype\":\"spx\"", -EOPNOTSUPP, "spx keys of scheme"},
        {"\"steps\":[", "\"steps\":[1,", -EBADMSG, "step 1: it is no object"},
        {"\"steps\":[", "\"steps\":[],\"steps\":[", -EBADMSG, "duplicate"},
};

static void test_edits(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
                _cleanup_(layout_done) struct layout layout = {};
                _cleanup_(buf_done) struct buf text = {};
                struct problem problem = {};

                test_label = edits[i].to;
                edit_first(&text, view_string(made_layout), edits[i].from, edits[i].to);
                expect_integer(parse(buf_view(&text), &layout, &problem), edits[i].error);
                expect_contains(problem.text, edits[i].reason);
        }
        test_label = "";
}

static void test_no_steps(void)
{
        _cleanup_(layout_done) struct layout layout = {};
        struct problem problem = {};

        expect_integer(
                parse(view_string("{\"_type\":\"layout\",\"expires\":\"2030-01-01T00:00:00Z\","
                                  "\"inspect\":[],\"keys\":{},\"readme\":\"\",\"steps\":[]}"),
                      &layout, &problem),
                -EBADMSG);
        expect_contains(problem.text, "it has no steps");
}

int main(void)
{
        test_made();
        test_edits();
        test_no_steps();
        return test_result();
}
