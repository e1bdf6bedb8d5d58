/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/in-toto-rule.h"

#include <errno.h>
#include <strings.h>

static const struct {
        const char *word;
        enum in_toto_rule_type type;
} types[] = {
        {"MATCH", RULE_MATCH},     {"CREATE", RULE_CREATE}, {"DELETE", RULE_DELETE},
        {"MODIFY", RULE_MODIFY},   {"ALLOW", RULE_ALLOW},   {"DISALLOW", RULE_DISALLOW},
        {"REQUIRE", RULE_REQUIRE},
};

static const char *word_at(const json_t *words, size_t i)
{
        return json_string_value(json_array_get(words, i));
}

/* Consumes the word when it comes next. */
static int take(const json_t *words, size_t *next, const char *word)
{
        const char *found = word_at(words, *next);

        if (!found || strcasecmp(found, word) != 0)
                return 0;
        (*next)++;
        return 1;
}

/* The word that comes after @word, if that comes next; else "". */
static const char *take_after(const json_t *words, size_t *next, const char *word)
{
        if (!take(words, next, word))
                return "";
        (*next)++;
        return word_at(words, *next - 1) ? word_at(words, *next - 1) : "";
}

static int parse_match(const json_t *words, struct in_toto_rule *ret)
{
        size_t next = 2;

        ret->source_prefix = take_after(words, &next, "IN");
        if (!take(words, &next, "WITH"))
                return -EBADMSG;
        ret->with_products = take(words, &next, "PRODUCTS");
        if (!ret->with_products && !take(words, &next, "MATERIALS"))
                return -EBADMSG;
        ret->destination_prefix = take_after(words, &next, "IN");
        ret->step = take_after(words, &next, "FROM");
        return ret->step[0] && next == json_array_size(words) ? 0 : -EBADMSG;
}

/* `{NAME}` is replaced by whoever verifies with in-toto's own programs, on demand. */
static int has_parameter(const char *text)
{
        const char *open = text;

        while ((open = strchr(open, '{'))) {
                size_t size = strspn(++open, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789_-");

                if (size > 0 && open[size] == '}')
                        return 1;
        }
        return 0;
}

static int check_words(const json_t *words, struct problem *problem)
{
        const json_t *word;
        size_t i;

        if (!json_is_array(words) || json_array_size(words) < 2 ||
            json_array_size(words) > IN_TOTO_WORDS_MAX)
                return problem_set(problem, -EBADMSG, "expected an array of 2 to %d words",
                                   IN_TOTO_WORDS_MAX);
        json_array_foreach (words, i, word) {
                if (!json_is_string(word) || json_string_length(word) > IN_TOTO_PATTERN_MAX)
                        return problem_set(problem, -EBADMSG,
                                           "word %zu: expected a string of at most %d bytes", i + 1,
                                           IN_TOTO_PATTERN_MAX);
                if (has_parameter(json_string_value(word)))
                        return problem_set(problem, -EBADMSG,
                                           "\"%.100s\": parameters are not substituted here",
                                           json_string_value(word));
        }
        return 0;
}

static int find_type(const char *word, enum in_toto_rule_type *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (strcasecmp(types[i].word, word) == 0) {
                        *ret = types[i].type;
                        return 0;
                }
        return -EBADMSG;
}

int in_toto_rule_parse(const json_t *words, struct in_toto_rule *ret, struct problem *problem)
{
        struct in_toto_rule rule = {.words = words};
        int r = check_words(words, problem);

        if (r < 0)
                return r;
        rule.pattern = word_at(words, 1);
        if (find_type(word_at(words, 0), &rule.type) < 0)
                return problem_set(problem, -EBADMSG,
                                   "expected MATCH, CREATE, DELETE, MODIFY, ALLOW, DISALLOW or "
                                   "REQUIRE, found \"%.40s\"",
                                   word_at(words, 0));
        if (rule.pattern[0] == '\0')
                return problem_set(problem, -EBADMSG, "its pattern is empty");
        if (rule.type == RULE_MATCH && parse_match(words, &rule) < 0)
                return problem_set(problem, -EBADMSG,
                                   "expected MATCH P [IN DIR] WITH MATERIALS|PRODUCTS [IN DIR] "
                                   "FROM STEP");
        if (rule.type != RULE_MATCH && json_array_size(words) != 2)
                return problem_set(problem, -EBADMSG, "%s: expected one pattern, found %zu words",
                                   types[rule.type].word, json_array_size(words) - 1);
        *ret = rule;
        return 0;
}

void in_toto_rule_put(const struct in_toto_rule *rule, struct buf *buf)
{
        const json_t *word;
        size_t i;

        json_array_foreach (rule->words, i, word) {
                if (i > 0)
                        buf_put_u8(buf, ' ');
                buf_put_string(buf, json_string_value(word));
        }
}
