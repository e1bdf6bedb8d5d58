/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/chain-rule.h"

#include <errno.h>

#include "lib/wildcard.h"

/* The queue of one list of rules. */
struct queue {
        const struct chain_rules *rules;
        const struct chain_evidence *subject;
        const struct artifacts *artifacts;
        const struct in_toto_rule *first; /* of the list */
        int of_materials;
        uint8_t *taken; /* of each artifact, whether a rule has */
};

enum match { MATCH_NOT, MATCH_ABSENT, MATCH_DIFFERENT, MATCH_SAME };

static const struct chain_evidence *find_evidence(const struct chain_rules *rules, const char *name)
{
        for (size_t i = 0; i < rules->count; i++)
                if (string_equal(rules->evidence[i].item->name, name))
                        return &rules->evidence[i];
        return NULL;
}

/* @path without the folder @prefix, or NULL if it is not below it. */
static const char *below(const char *path, const char *prefix)
{
        size_t size = strlen(prefix);

        if (size == 0)
                return path;
        if (strncmp(path, prefix, size) != 0)
                return NULL;
        if (prefix[size - 1] == '/')
                return path + size;
        return path[size] == '/' ? path + size + 1 : NULL;
}

static int join(const char *prefix, const char *path, struct buf *ret)
{
        size_t size = strlen(prefix);

        buf_put_string(ret, prefix);
        if (size > 0 && prefix[size - 1] != '/')
                buf_put_u8(ret, '/');
        buf_put_string(ret, path);
        buf_put_u8(ret, '\0');
        return buf_error(ret);
}

/* How the artifact stands to a MATCH rule: enum match, or -ENOMEM. @ret_other is where it should
 * come from. */
static int match(const struct queue *queue, const struct in_toto_rule *rule,
                 const struct attested *artifact, const struct attested **ret_other)
{
        const struct chain_evidence *from = find_evidence(queue->rules, rule->step);
        const char *path = below(artifact->path, rule->source_prefix);
        _cleanup_(buf_done) struct buf wanted = {};
        int r;

        if (!path || !wildcard_matches(rule->pattern, path))
                return MATCH_NOT;
        r = join(rule->destination_prefix, path, &wanted);
        if (r < 0)
                return r;
        *ret_other = from ? artifacts_find(rule->with_products ? from->products : from->materials,
                                           (const char *)wanted.data)
                          : NULL;
        if (!*ret_other)
                return MATCH_ABSENT;
        return attested_is_same(artifact, *ret_other) ? MATCH_SAME : MATCH_DIFFERENT;
}

static const char *digest_of(const struct attested *artifact)
{
        const char *digest = json_member_string(artifact->digests, "sha256");

        return digest ? digest : "none";
}

/* What a MATCH rule before has to do with an artifact that is left. */
static void explain(const struct queue *queue, const struct in_toto_rule *last,
                    const struct attested *artifact, char *ret, size_t size)
{
        const struct attested *other;

        ret[0] = '\0';
        for (const struct in_toto_rule *rule = queue->first; rule <= last; rule++) {
                const char *what = rule->with_products ? "product" : "material";

                if (rule->type != RULE_MATCH)
                        continue;
                switch (match(queue, rule, artifact, &other)) {
                case MATCH_ABSENT:
                        (void)snprintf(ret, size, ", which is no %s of %.60s", what, rule->step);
                        return;
                case MATCH_DIFFERENT:
                        (void)snprintf(ret, size,
                                       ", which is not the %s of %.60s: expected SHA-256 %.64s, "
                                       "found %.64s",
                                       what, rule->step, digest_of(other), digest_of(artifact));
                        return;
                default:
                        break;
                }
        }
}

static int refuse(const struct queue *queue, const struct in_toto_rule *rule, const char *why,
                  struct problem *problem)
{
        _cleanup_(buf_done) struct buf words = {};

        in_toto_rule_put(rule, &words);
        buf_put_u8(&words, '\0');
        if (buf_error(&words))
                return buf_error(&words);
        return problem_set(problem, -EKEYREJECTED, "%s: rule %zu, %.120s: %s",
                           queue->of_materials ? "expected_materials" : "expected_products",
                           (size_t)(rule - queue->first) + 1, (const char *)words.data, why);
}

static int refuse_artifact(const struct queue *queue, const struct in_toto_rule *rule,
                           const struct attested *artifact, struct problem *problem)
{
        char because[256], why[512];

        explain(queue, rule, artifact, because, sizeof(because));
        (void)snprintf(why, sizeof(why), "found \"%.150s\"%s", artifact->path, because);
        return refuse(queue, rule, why, problem);
}

/* Of a rule about materials, whether it is about what flows into its step out of another. */
static int takes(const struct layout_item *item, const struct in_toto_rule *rule)
{
        return rule->type == RULE_MATCH && !string_equal(rule->step, item->name);
}

static int is_edge(const struct queue *queue, const struct in_toto_rule *rule)
{
        return queue->of_materials && !queue->rules->specification_only &&
               takes(queue->subject->item, rule);
}

int chain_rules_take(const struct layout_item *item, const char *from)
{
        for (size_t i = 0; i < item->materials.count; i++) {
                const struct in_toto_rule *rule = &item->materials.items[i];

                if (takes(item, rule) && (!from || string_equal(rule->step, from)))
                        return 1;
        }
        return 0;
}

static int can_fail(const struct layout_rules *rules)
{
        for (size_t i = 0; i < rules->count; i++)
                if (rules->items[i].type == RULE_DISALLOW || rules->items[i].type == RULE_REQUIRE)
                        return 1;
        return 0;
}

int chain_rules_demand(const struct layout_item *item)
{
        return can_fail(&item->materials) || can_fail(&item->products) ||
               chain_rules_take(item, NULL);
}

static int apply_match(struct queue *queue, const struct in_toto_rule *rule,
                       struct problem *problem)
{
        const struct attested *other;
        int edge = is_edge(queue, rule), matched = 0;

        for (size_t i = 0; i < queue->artifacts->count; i++) {
                const struct attested *artifact = &queue->artifacts->items[i];
                int r = match(queue, rule, artifact, &other);

                if (r < 0)
                        return r;
                matched += r == MATCH_SAME;
                if (r == MATCH_SAME)
                        queue->taken[i] = 1;
                if (r == MATCH_DIFFERENT && edge && !queue->taken[i])
                        return refuse_artifact(queue, rule, artifact, problem);
        }
        return edge && matched == 0 ? refuse(queue, rule, "nothing is there that matches", problem)
                                    : 0;
}

/* Whether a rule other than MATCH and REQUIRE is about the artifact. */
static int concerns(const struct queue *queue, const struct in_toto_rule *rule,
                    const struct attested *artifact)
{
        const struct attested *material = artifacts_find(queue->subject->materials, artifact->path);
        const struct attested *product = artifacts_find(queue->subject->products, artifact->path);

        if (!wildcard_matches(rule->pattern, artifact->path))
                return 0;
        switch (rule->type) {
        case RULE_CREATE:
                return product && !material;
        case RULE_DELETE:
                return material && !product;
        case RULE_MODIFY:
                return material && product && !attested_is_same(material, product);
        default:
                return 1;
        }
}

static int apply_others(struct queue *queue, const struct in_toto_rule *rule,
                        struct problem *problem)
{
        for (size_t i = 0; i < queue->artifacts->count; i++) {
                const struct attested *artifact = &queue->artifacts->items[i];

                if (queue->taken[i] || !concerns(queue, rule, artifact))
                        continue;
                if (rule->type == RULE_DISALLOW)
                        return refuse_artifact(queue, rule, artifact, problem);
                queue->taken[i] = 1;
        }
        return 0;
}

/* Requires that it is in the queue still. */
static int apply_require(const struct queue *queue, const struct in_toto_rule *rule,
                         struct problem *problem)
{
        const struct attested *found = artifacts_find(queue->artifacts, rule->pattern);

        if (!found)
                return refuse(queue, rule, "it is not there", problem);
        if (queue->taken[found - queue->artifacts->items])
                return refuse(queue, rule, "a rule before has taken it", problem);
        return 0;
}

static int apply(struct queue *queue, const struct in_toto_rule *rule, struct problem *problem)
{
        if (rule->type == RULE_MATCH)
                return apply_match(queue, rule, problem);
        if (rule->type == RULE_REQUIRE)
                return apply_require(queue, rule, problem);
        return apply_others(queue, rule, problem);
}

static int check_list(struct queue *queue, const struct layout_rules *list,
                      const struct in_toto_rule **ret_rule, struct problem *problem)
{
        _cleanup_(freep) uint8_t *taken = calloc(queue->artifacts->count + 1, 1);
        int r = taken ? 0 : -ENOMEM;

        queue->taken = taken;
        queue->first = list->items;
        for (size_t i = 0; r == 0 && i < list->count; i++) {
                r = apply(queue, &list->items[i], problem);
                if (r == -EKEYREJECTED)
                        *ret_rule = &list->items[i];
        }
        return r;
}

int chain_check_rules(const struct chain_rules *rules, const struct chain_evidence *subject,
                      const struct in_toto_rule **ret_rule, struct problem *problem)
{
        struct queue materials = {.rules = rules,
                                  .subject = subject,
                                  .artifacts = subject->materials,
                                  .of_materials = 1};
        struct queue products = {
                .rules = rules, .subject = subject, .artifacts = subject->products};
        int r = check_list(&materials, &subject->item->materials, ret_rule, problem);

        return r < 0 ? r : check_list(&products, &subject->item->products, ret_rule, problem);
}
