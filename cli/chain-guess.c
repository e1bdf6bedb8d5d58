/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/chain-guess.h"

#include <errno.h>

/* The steps that attestations are about. */
struct guess {
        struct chain *chain;
        const struct chain_attestation **steps; /* the first attestation of each, in order */
        size_t count;
};

static int find_signer(struct chain_attestation *attestation, const struct in_toto_key *keys,
                       size_t count, struct problem *problem)
{
        for (size_t i = 0; i < count; i++) {
                int r = in_toto_envelope_verify(&attestation->envelope, &keys[i]);

                if (r == 0)
                        attestation->key = &keys[i];
                if (r != -EKEYREJECTED)
                        return r;
        }
        return problem_set(problem, -EKEYREJECTED, "%.200s: signed by none of these keys",
                           attestation->file);
}

static const struct chain_attestation *find_step(const struct guess *guess, const char *name)
{
        for (size_t i = 0; i < guess->count; i++)
                if (string_equal(guess->steps[i]->link.name, name))
                        return guess->steps[i];
        return NULL;
}

static int add_step(struct guess *guess, const struct chain_attestation *attestation,
                    struct problem *problem)
{
        const struct chain_attestation *other = find_step(guess, attestation->link.name);

        if (!other) {
                guess->steps[guess->count++] = attestation;
                return 0;
        }
        if (artifacts_difference(&other->link.materials, &attestation->link.materials) ||
            artifacts_difference(&other->link.products, &attestation->link.products))
                return problem_set(problem, -EKEYREJECTED,
                                   "%.150s and %.150s contradict each other about step %.100s",
                                   other->file, attestation->file, attestation->link.name);
        return 0;
}

/* Whether @product, as the step made it, is what the other step took. */
static int flows(const struct chain_attestation *from, const struct attested *material)
{
        const struct attested *product = artifacts_find(&from->link.products, material->path);

        return product && attested_is_same(product, material);
}

static int feeds(const struct chain_attestation *from, const struct chain_attestation *to)
{
        for (size_t i = 0; i < to->link.materials.count; i++)
                if (flows(from, &to->link.materials.items[i]))
                        return 1;
        return 0;
}

/* Whether all that feed the step @next are before it. */
static int is_ready(const struct guess *guess, size_t first, size_t next)
{
        for (size_t i = first; i < guess->count; i++)
                if (i != next && feeds(guess->steps[i], guess->steps[next]))
                        return 0;
        return 1;
}

static int put_in_order(struct guess *guess, struct problem *problem)
{
        for (size_t first = 0; first < guess->count; first++) {
                const struct chain_attestation *step;
                size_t next = first;

                while (next < guess->count && !is_ready(guess, first, next))
                        next++;
                if (next == guess->count)
                        return problem_set(problem, -EKEYREJECTED,
                                           "what steps take and make goes round in a circle");
                step = guess->steps[next];
                memmove(&guess->steps[first + 1], &guess->steps[first],
                        (next - first) * sizeof(struct chain_attestation *));
                guess->steps[first] = step;
        }
        return 0;
}

/* A pattern that matches the path alone, or all of its first directory. */
static int put_pattern(const char *path, int wide, struct buf *ret)
{
        size_t size = strcspn(path, "/");

        if (!wide || !path[size])
                size = strlen(path);
        for (size_t i = 0; i < size; i++) {
                if (path[i] == '*' || path[i] == '?' || path[i] == '[')
                        buf_put_format(ret, "[%c]", path[i]);
                else
                        buf_put_u8(ret, (uint8_t)path[i]);
        }
        buf_put_string(ret, path[size] ? "/*" : "");
        buf_put_u8(ret, '\0');
        return buf_error(ret);
}

/* Adds the rule unless it is there. @from is NULL unless @word is MATCH. */
static int add_rule(json_t *rules, const char *word, const char *path, const char *from, int wide)
{
        _cleanup_(buf_done) struct buf pattern = {};
        const json_t *other;
        json_t *rule;
        size_t i;

        if (put_pattern(path, wide, &pattern) < 0)
                return -ENOMEM;
        rule = from ? json_pack("[s, s, s, s, s, s]", word, (const char *)pattern.data, "WITH",
                                "PRODUCTS", "FROM", from)
                    : json_pack("[s, s]", word, (const char *)pattern.data);
        json_array_foreach (rules, i, other)
                if (json_equal(other, rule)) {
                        json_decref(rule);
                        return 0;
                }
        return json_array_append_new(rules, rule) < 0 ? -ENOMEM : 0;
}

static int end_rules(json_t *rules)
{
        return json_array_append_new(rules, json_pack("[s, s]", "DISALLOW", "*")) < 0 ? -ENOMEM : 0;
}

static const char *source_of(const struct guess *guess, size_t step,
                             const struct attested *material)
{
        for (size_t i = step; i-- > 0;)
                if (flows(guess->steps[i], material))
                        return guess->steps[i]->link.name;
        return NULL;
}

/* MATCH comes first: what ALLOW takes is of any content. */
static int add_material_rules(const struct guess *guess, size_t step, json_t *rules)
{
        const struct artifacts *materials = &guess->steps[step]->link.materials;
        int wide = materials->count > GUESS_PATHS_MAX, r = 0;

        for (size_t i = 0; r == 0 && i < materials->count; i++) {
                const char *from = source_of(guess, step, &materials->items[i]);

                if (from)
                        r = add_rule(rules, "MATCH", materials->items[i].path, from, wide);
        }
        for (size_t i = 0; r == 0 && i < materials->count; i++)
                if (!source_of(guess, step, &materials->items[i]))
                        r = add_rule(rules, "ALLOW", materials->items[i].path, NULL, wide);
        return r < 0 ? r : end_rules(rules);
}

static int add_product_rules(const struct guess *guess, size_t step, json_t *rules)
{
        const struct in_toto_link *link = &guess->steps[step]->link;
        int wide = link->products.count > GUESS_PATHS_MAX, r = 0;

        for (size_t i = 0; r == 0 && i < link->products.count; i++) {
                const struct attested *product = &link->products.items[i];
                const struct attested *before = artifacts_find(&link->materials, product->path);
                const char *word = !before                             ? "CREATE"
                                   : attested_is_same(before, product) ? "ALLOW"
                                                                       : "MODIFY";

                if (!wide)
                        r = json_array_append_new(rules,
                                                  json_pack("[s, s]", "REQUIRE", product->path)) < 0
                                    ? -ENOMEM
                                    : 0;
                if (r == 0)
                        r = add_rule(rules, word, product->path, NULL, wide);
        }
        return r < 0 ? r : end_rules(rules);
}

static int has_id(const json_t *ids, const char *id)
{
        const json_t *other;
        size_t i;

        json_array_foreach (ids, i, other)
                if (string_equal(json_string_value(other), id))
                        return 1;
        return 0;
}

/* The keys of all that attested it. */
static int add_keys(const struct guess *guess, const char *name, json_t *ids, json_t *keys)
{
        for (size_t i = 0; i < guess->chain->found_count; i++) {
                const struct chain_attestation *attestation = &guess->chain->found[i];

                if (attestation->is_layout || !string_equal(attestation->link.name, name) ||
                    has_id(ids, attestation->key->id))
                        continue;
                if (json_array_append_new(ids, json_string(attestation->key->id)) < 0 ||
                    json_object_set_new(keys, attestation->key->id,
                                        in_toto_key_to_json(attestation->key)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static json_t *step_to_json(const struct guess *guess, size_t i, json_t *keys)
{
        const struct in_toto_link *link = &guess->steps[i]->link;
        json_t *materials = json_array(), *products = json_array(), *ids = json_array();
        int r = add_material_rules(guess, i, materials);

        if (r == 0)
                r = add_product_rules(guess, i, products);
        if (r == 0)
                r = add_keys(guess, link->name, ids, keys);
        if (r < 0) {
                json_decref(materials);
                json_decref(products);
                json_decref(ids);
                return NULL;
        }
        return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:i}", "_type", "step", "name", link->name,
                         "expected_command",
                         link->command ? json_deep_copy(link->command) : json_array(),
                         "expected_materials", materials, "expected_products", products, "pubkeys",
                         ids, "threshold", 1);
}

static int to_json(const struct guess *guess, const char *expires, json_t **ret)
{
        json_t *keys = json_object(), *steps = json_array();

        for (size_t i = 0; steps && i < guess->count; i++)
                if (json_array_append_new(steps, step_to_json(guess, i, keys)) < 0) {
                        json_decref(steps);
                        steps = NULL;
                }
        *ret = json_pack("{s:s, s:s, s:s, s:[], s:o, s:o}", "_type", "layout", "expires", expires,
                         "readme", "", "inspect", "keys", keys, "steps", steps);
        return *ret ? 0 : -ENOMEM;
}

int chain_guess(struct chain *chain, const struct in_toto_key *keys, size_t key_count,
                const char *expires, json_t **ret, struct problem *problem)
{
        _cleanup_(freep) const struct chain_attestation **steps =
                calloc(chain->found_count + 1, sizeof(struct chain_attestation *));
        struct guess guess = {.chain = chain, .steps = steps};
        int r = steps ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < chain->found_count; i++) {
                struct chain_attestation *attestation = &chain->found[i];

                if (attestation->is_layout)
                        continue;
                r = find_signer(attestation, keys, key_count, problem);
                if (r == 0)
                        r = add_step(&guess, attestation, problem);
        }
        if (r == 0 && guess.count == 0)
                r = problem_set(problem, -EKEYREJECTED, "there is no attestation of a step");
        if (r == 0)
                r = put_in_order(&guess, problem);
        return r < 0 ? r : to_json(&guess, expires, ret);
}
