/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/chain-rule.h"
#include "tests/test.h"
#include "tests/unit/edit.h"

#include <errno.h>

/* Digests: a letter stands for 64 of it. What a step takes and makes: "PATH=LETTER …". */
struct made {
        json_t *object;
        struct artifacts artifacts;
};

static void made_done(struct made *made)
{
        artifacts_done(&made->artifacts);
        json_decref(made->object);
}

static void make(const char *text, struct made *ret)
{
        struct reader words = reader_init(view_string(text));
        int r;

        ret->object = json_object();
        while (words.left > 0) {
                struct view path = reader_until(&words, '=');
                char digest[65] = "", name[64] = "";

                assert(!words.bad && path.size < sizeof(name));
                memcpy(name, path.data, path.size);
                memset(digest, reader_u8(&words), 64);
                if (words.left > 0)
                        reader_expect(&words, " ");
                r = json_object_set_new(ret->object, name, json_pack("{s:s}", "sha256", digest));
                assert(r == 0 && !words.bad);
        }
        r = artifacts_from_object(ret->object, text, &ret->artifacts, NULL);
        assert(r == 0);
}

/* Rules in words, `;` between two. */
static void make_rules(const char *text, json_t *object, struct layout_rules *ret)
{
        struct reader reader = reader_init(view_string(text));

        ret->items = calloc(16, sizeof(*ret->items));
        assert(ret->items);
        while (reader.left > 0) {
                json_t *words = json_array();
                struct problem problem = {};
                int r = json_array_append_new(object, words), end = 0;

                while (!end && reader.left > 0) {
                        const uint8_t *first = reader.next;

                        while (reader.left > 0 && *reader.next != ' ' && *reader.next != ';')
                                (void)reader_u8(&reader);
                        r |= json_array_append_new(
                                words,
                                json_stringn((const char *)first, (size_t)(reader.next - first)));
                        end = reader.left > 0 && reader_u8(&reader) == ';';
                }
                r |= in_toto_rule_parse(words, &ret->items[ret->count++], &problem);
                expect_integer(r, 0);
                expect_contains(problem.text, "");
        }
}

/* The step "now" comes after the step "before". */
static const struct {
        const char *before_materials, *before_products;
        const char *materials, *products;
        const char *material_rules, *product_rules;
        int only;           /* what the specification says */
        const char *reason; /* NULL: fulfilled */
} cases[] = {
        /* Nothing is demanded. */
        {"", "", "a=a", "b=b", "", "", 0, NULL},
        {"", "", "a=a", "b=b", "ALLOW *", "ALLOW *", 0, NULL},
        /* DISALLOW, REQUIRE. */
        {"", "", "a=a", "", "DISALLOW *", "", 0,
         "expected_materials: rule 1, DISALLOW *: found \"a\""},
        {"", "", "a=a", "", "DISALLOW b*", "", 0, NULL},
        {"", "", "a=a", "", "ALLOW a;DISALLOW *", "", 0, NULL},
        {"", "", "", "a=a b=b", "", "ALLOW a;DISALLOW *", 0,
         "expected_products: rule 2, DISALLOW *: found \"b\""},
        {"", "", "", "a=a", "", "REQUIRE a", 0, NULL},
        {"", "", "", "a=a", "", "REQUIRE b", 0, "rule 1, REQUIRE b: it is not there"},
        {"", "", "", "a=a", "", "REQUIRE *", 0, "REQUIRE *: it is not there"},
        {"", "", "", "a=a", "", "ALLOW a;REQUIRE a", 0, "a rule before has taken it"},
        {"", "", "", "a=a", "", "REQUIRE a;ALLOW a;DISALLOW *", 0, NULL},
        {"", "", "", "", "DISALLOW *", "DISALLOW *", 0, NULL},
        /* CREATE, DELETE, MODIFY. */
        {"", "", "", "a=a", "", "CREATE a;DISALLOW *", 0, NULL},
        {"", "", "a=a", "a=a", "", "CREATE a;DISALLOW *", 0, "found \"a\""},
        {"", "", "a=a", "a=b", "", "CREATE a;DISALLOW *", 0, "found \"a\""},
        {"", "", "a=a", "", "DELETE a;DISALLOW *", "", 0, NULL},
        {"", "", "a=a", "a=a", "DELETE a;DISALLOW *", "", 0, "found \"a\""},
        {"", "", "a=a", "a=b", "MODIFY a;DISALLOW *", "MODIFY a;DISALLOW *", 0, NULL},
        {"", "", "a=a", "a=a", "", "MODIFY a;DISALLOW *", 0, "found \"a\""},
        {"", "", "", "a=a", "", "MODIFY a;DISALLOW *", 0, "found \"a\""},
        {"", "", "", "a=a", "", "DELETE a;DISALLOW *", 0, "found \"a\""},
        {"", "", "a=a", "", "CREATE a;DISALLOW *", "", 0, "found \"a\""},
        {"", "", "a=a c=c", "a=b b=b c=c", "",
         "CREATE *;MODIFY *;MATCH * WITH MATERIALS FROM now;DISALLOW *", 0, NULL},
        /* MATCH: name and digest. */
        {"", "a=a", "a=a", "", "MATCH a WITH PRODUCTS FROM before;DISALLOW *", "", 0, NULL},
        {"a=a", "", "a=a", "", "MATCH a WITH MATERIALS FROM before;DISALLOW *", "", 0, NULL},
        {"", "a=a", "a=a", "", "match a with products from before;disallow *", "", 0, NULL},
        {"", "a=a", "a=b", "", "MATCH a WITH PRODUCTS FROM before;DISALLOW *", "", 0,
         "rule 1, MATCH a WITH PRODUCTS FROM before: found \"a\", which is not the product of "
         "before: expected SHA-256 aaaa"},
        {"", "a=a", "a=b", "", "MATCH a WITH PRODUCTS FROM before;DISALLOW *", "", 1,
         "rule 2, DISALLOW *: found \"a\", which is not the product of before"},
        {"", "a=a", "a=b", "", "MATCH a WITH PRODUCTS FROM before", "", 1, NULL},
        {"", "a=a", "b=a", "", "MATCH * WITH PRODUCTS FROM before;DISALLOW *", "", 1,
         "rule 2, DISALLOW *: found \"b\", which is no product of before"},
        {"a=a", "", "a=a", "", "MATCH a WITH PRODUCTS FROM before;DISALLOW *", "", 0,
         "nothing is there that matches"},
        /* What flows in must be there. */
        {"", "a=a", "", "", "MATCH a WITH PRODUCTS FROM before;DISALLOW *", "", 0,
         "rule 1, MATCH a WITH PRODUCTS FROM before: nothing is there that matches"},
        {"", "a=a", "", "", "MATCH a WITH PRODUCTS FROM before;DISALLOW *", "", 1, NULL},
        {"", "a=a", "a=a", "", "ALLOW a;MATCH a WITH PRODUCTS FROM before", "", 0, NULL},
        {"", "a=a", "", "", "", "MATCH a WITH PRODUCTS FROM before", 0, NULL},
        {"", "a=a", "a=b", "", "ALLOW a;MATCH * WITH PRODUCTS FROM before", "", 0,
         "nothing is there that matches"},
        /* Prefixes. */
        {"", "out/a=a", "in/a=a", "", "MATCH * IN in WITH PRODUCTS IN out FROM before;DISALLOW *",
         "", 0, NULL},
        {"", "out/a=a", "in/a=a", "", "MATCH * IN in/ WITH PRODUCTS IN out/ FROM before;DISALLOW *",
         "", 0, NULL},
        {"", "a=a", "in/a=a", "", "MATCH * IN in WITH PRODUCTS FROM before;DISALLOW *", "", 0,
         NULL},
        {"", "out/a=a", "a=a", "", "MATCH * WITH PRODUCTS IN out FROM before;DISALLOW *", "", 0,
         NULL},
        {"", "a=a", "inn/a=a", "", "MATCH * IN in WITH PRODUCTS FROM before;DISALLOW *", "", 1,
         "rule 2, DISALLOW *: found \"inn/a\""},
        {"", "a=a", "in/a=a", "", "MATCH in/* IN in WITH PRODUCTS FROM before;DISALLOW *", "", 1,
         "found \"in/a\""},
};

static void check(size_t i)
{
        _cleanup_(made_done) struct made before_materials = {}, before_products = {};
        _cleanup_(made_done) struct made materials = {}, products = {};
        struct layout_item before = {.name = "before"}, now = {.name = "now"};
        const struct chain_evidence evidence[] = {
                {&before, &before_materials.artifacts, &before_products.artifacts},
                {&now, &materials.artifacts, &products.artifacts},
        };
        const struct chain_rules rules = {evidence, 2, cases[i].only};
        const struct in_toto_rule *failed = NULL;
        struct problem problem = {};
        json_t *words = json_array();

        make(cases[i].before_materials, &before_materials);
        make(cases[i].before_products, &before_products);
        make(cases[i].materials, &materials);
        make(cases[i].products, &products);
        make_rules(cases[i].material_rules, words, &now.materials);
        make_rules(cases[i].product_rules, words, &now.products);
        expect_integer(chain_check_rules(&rules, &evidence[1], &failed, &problem),
                       cases[i].reason ? -EKEYREJECTED : 0);
        expect_contains(problem.text, cases[i].reason ? cases[i].reason : "");
        expect((failed != NULL) == (cases[i].reason != NULL));
        free(now.materials.items);
        free(now.products.items);
        json_decref(words);
}

int main(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                test_label = cases[i].material_rules[0] ? cases[i].material_rules
                                                        : cases[i].product_rules;
                check(i);
        }
        return test_result();
}
