/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/chain.h"

#include <errno.h>

#define SHORT_ID 8 /* digits of a key id that are in the name of a directory */

/* Where in layouts within layouts we are. */
struct place {
        const struct chain_question *question;
        const struct place *above;
        const struct sha256 *digest; /* of the layout */
        size_t depth;
};

static int verify_at(const struct place *place, struct chain *chain, struct problem *problem);

static void attestations_done(struct chain *chain)
{
        for (size_t i = 0; i < chain->found_count; i++) {
                struct chain_attestation *attestation = &chain->found[i];

                in_toto_link_done(&attestation->link);
                chain_done(attestation->sub);
                free(attestation->sub);
                in_toto_envelope_done(&attestation->envelope);
                free(attestation->file);
        }
        free(chain->found);
}

void chain_done(struct chain *chain)
{
        if (!chain)
                return;
        attestations_done(chain);
        for (size_t i = 0; chain->steps && i < chain->layout.step_count; i++)
                free(chain->steps[i].accepted);
        free(chain->steps);
        free(chain->evidence);
        for (size_t i = 0;
             chain->inspected && i < 2 * (chain->layout.item_count - chain->layout.step_count); i++)
                artifacts_done(&chain->inspected[i]);
        free(chain->inspected);
        json_decref(chain->kept);
        for (size_t i = 0; i < chain->ring_key_count; i++)
                in_toto_key_done(&chain->ring_keys[i]);
        free(chain->ring_keys);
        layout_done(&chain->layout);
        in_toto_envelope_done(&chain->envelope);
        json_decref(chain->notes);
        *chain = (struct chain){};
}

int chain_note(struct chain *chain, const char *file, const char *reason)
{
        if (!chain->notes)
                chain->notes = json_array();
        return json_array_append_new(chain->notes,
                                     json_pack("{s:s, s:s}", "file", file, "reason", reason)) < 0
                       ? -ENOMEM
                       : 0;
}

const struct chain_step *chain_find_step(const struct chain *chain, const char *name)
{
        for (size_t i = 0; i < chain->layout.step_count; i++)
                if (string_equal(chain->steps[i].item->name, name))
                        return &chain->steps[i];
        return NULL;
}

const struct artifacts *chain_materials(const struct chain *chain)
{
        return &chain->steps[0].accepted[0]->link.materials;
}

const struct artifacts *chain_products(const struct chain *chain)
{
        return &chain->steps[chain->layout.step_count - 1].accepted[0]->link.products;
}

static int is_lone(const struct layout *layout, const struct layout_item *step)
{
        if (chain_rules_take(step, NULL))
                return 0;
        for (size_t i = 0; i < layout->item_count; i++)
                if (chain_rules_take(&layout->items[i], step->name))
                        return 0;
        return layout->step_count > 1;
}

const char *chain_find_lone(const struct chain *chain)
{
        for (size_t i = 0; i < chain->layout.step_count; i++) {
                const struct chain_step *step = &chain->steps[i];
                const char *lone = is_lone(&chain->layout, step->item) ? step->item->name : NULL;

                for (size_t j = 0; !lone && j < step->count; j++)
                        if (step->accepted[j]->sub)
                                lone = chain_find_lone(step->accepted[j]->sub);
                if (lone)
                        return lone;
        }
        return NULL;
}

const struct sha256 *chain_attestation_digest(const struct chain_attestation *attestation)
{
        return attestation->sub ? &attestation->sub->envelope.digest
                                : &attestation->envelope.digest;
}

static int check_owners(const struct chain_question *question, const struct chain *chain,
                        struct problem *problem)
{
        if (question->owner_count == 0)
                return problem_set(problem, -EINVAL, "layout: no key to trust");
        for (size_t i = 0; i < question->owner_count; i++) {
                int r = in_toto_envelope_verify(&chain->envelope, &question->owners[i]);

                if (r == -EKEYREJECTED)
                        return problem_set(problem, r, "layout: not signed by key %.16s",
                                           question->owners[i].id);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Owners sign no order of their layouts: which of them is in force, the verifier has to know. */
static int check_digest(const struct chain_question *question, const struct chain *chain,
                        struct problem *problem)
{
        char hex[HEX_SIZE(SHA256_SIZE)];

        for (size_t i = 0; i < question->layout_count; i++)
                if (view_equal(sha256_view(&question->layouts[i]),
                               sha256_view(&chain->envelope.digest)))
                        return 0;
        if (question->layout_count == 0)
                return 0;
        return problem_set(problem, -EKEYREJECTED,
                           "layout: another one than is demanded: found sha256:%s",
                           hex_encode(sha256_view(&chain->envelope.digest), hex));
}

/* A policy that lets everything pass is none. Of layouts within a layout, the rules above hold. */
static int check_demands(const struct place *place, const struct chain *chain,
                         struct problem *problem)
{
        if (place->question->specification_only || place->above)
                return 0;
        for (size_t i = 0; i < chain->layout.item_count; i++)
                if (chain_rules_demand(&chain->layout.items[i]))
                        return 0;
        return problem_set(problem, -EKEYREJECTED,
                           "layout: none of its rules can fail: whatever its steps took and made "
                           "would do");
}

static int read_layout(const struct place *place, struct chain *chain, struct problem *problem)
{
        const struct chain_question *question = place->question;
        int r = check_owners(question, chain, problem);

        if (r == 0)
                r = check_digest(question, chain, problem);
        if (r == 0)
                r = layout_parse(chain->envelope.payload, &chain->layout, problem);
        if (r < 0)
                return r;
        if (chain->layout.expires <= question->now)
                return problem_set(problem, -EKEYREJECTED, "layout: expired %s",
                                   json_member_string(chain->layout.object, "expires"));
        r = check_demands(place, chain, problem);
        if (r < 0)
                return r;
        if (chain->layout.item_count > chain->layout.step_count && !question->inspect)
                return problem_set(problem, -EKEYREJECTED,
                                   "layout: it demands inspection %.100s, and inspections %s",
                                   chain->layout.items[chain->layout.step_count].name,
                                   place->above ? "of a layout within a layout are not executed"
                                                : "are not executed unless asked for");
        return 0;
}

/* Keys of a kind that in-toto has no scheme for are passed over: no layout names them. */
static int read_ring(const struct chain_question *question, struct chain *chain)
{
        const struct keyring *ring = question->ring;

        if (!ring)
                return 0;
        chain->ring_keys = calloc(ring->count + 1, sizeof(*chain->ring_keys));
        if (!chain->ring_keys)
                return -ENOMEM;
        for (size_t i = 0; i < ring->count; i++) {
                struct in_toto_key *key = &chain->ring_keys[chain->ring_key_count];
                int r = in_toto_key_of(ring->keys[i].pubkey, ring->keys[i].algorithm, key);

                if (r == -ENOMEM)
                        return r;
                chain->ring_key_count += r == 0;
        }
        return 0;
}

static int check_place(const struct place *place, struct problem *problem)
{
        if (place->depth > CHAIN_DEPTH_MAX)
                return problem_set(problem, -EKEYREJECTED, "layouts within layouts deeper than %d",
                                   CHAIN_DEPTH_MAX);
        for (const struct place *above = place->above; above; above = above->above)
                if (view_equal(sha256_view(above->digest), sha256_view(place->digest)))
                        return problem_set(problem, -EKEYREJECTED,
                                           "the layout is within itself: a cycle");
        return 0;
}

/* What sums up a layout stands in the place of a link. */
static int sum_up(struct chain_attestation *attestation, const char *name)
{
        struct in_toto_link *link = &attestation->link;
        int r = artifacts_copy(chain_materials(attestation->sub), &link->materials);

        link->name = name;
        link->run = attestation->sub->run;
        link->type = "layout";
        return r < 0 ? r : artifacts_copy(chain_products(attestation->sub), &link->products);
}

static int verify_sublayout(const struct place *above, const struct chain_step *step,
                            struct chain_attestation *attestation, struct problem *problem)
{
        struct chain_question question = *above->question;
        struct place place = {&question, above, NULL, above->depth + 1};
        _cleanup_(freep) char *directory = NULL;
        int r;

        if (asprintf(&directory, "%s/%s.%.*s", question.directory, step->item->name, SHORT_ID,
                     attestation->key->id) < 0) {
                directory = NULL;
                return -ENOMEM;
        }
        question.directory = directory;
        question.owners = attestation->key;
        question.owner_count = 1;
        question.layout_count = 0;
        question.builder_count = 0; /* it was asked of the steps of the outermost one */
        question.inspect = NULL;    /* those who take a step run nothing in the verifier */
        attestation->sub = calloc(1, sizeof(*attestation->sub));
        if (!attestation->sub)
                return -ENOMEM;
        attestation->sub->envelope = attestation->envelope;
        attestation->envelope = (struct in_toto_envelope){};
        place.digest = &attestation->sub->envelope.digest;
        r = verify_at(&place, attestation->sub, problem);
        if (r == -ENOENT || r == -EBADMSG)
                r = -EKEYREJECTED; /* this is evidence, and not what we were given to judge by */
        return r < 0 ? r : sum_up(attestation, step->item->name);
}

static int verify_sublayouts(const struct place *place, struct chain *chain,
                             struct problem *problem)
{
        for (size_t i = 0; i < chain->layout.step_count; i++) {
                const struct chain_step *step = &chain->steps[i];

                for (size_t j = 0; j < step->count; j++) {
                        struct chain_attestation *attestation = step->accepted[j];
                        int r = attestation->is_layout
                                        ? verify_sublayout(place, step, attestation, problem)
                                        : 0;

                        if (r == 0)
                                continue;
                        chain->failed_item = step->item;
                        return problem_prefix(problem, r, "step %.100s: %.100s", step->item->name,
                                              attestation->file);
                }
        }
        return 0;
}

static int check_item(const struct chain_question *question, struct chain *chain, size_t count,
                      size_t i, struct problem *problem)
{
        const struct chain_rules rules = {chain->evidence, count, question->specification_only};
        int r = chain_check_rules(&rules, &chain->evidence[i], &chain->failed_rule, problem);

        if (r < 0)
                chain->failed_item = &chain->layout.items[i];
        return r < 0 ? problem_prefix(problem, r, "%s %.100s",
                                      i < chain->layout.step_count ? "step" : "inspection",
                                      chain->layout.items[i].name)
                     : 0;
}

static int check_steps(const struct chain_question *question, struct chain *chain,
                       struct problem *problem)
{
        size_t count = chain->layout.step_count;
        int r = 0;

        chain->evidence = calloc(chain->layout.item_count + 1, sizeof(*chain->evidence));
        if (!chain->evidence)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                const struct in_toto_link *link = &chain->steps[i].accepted[0]->link;

                chain->evidence[i] = (struct chain_evidence){&chain->layout.items[i],
                                                             &link->materials, &link->products};
        }
        for (size_t i = 0; r == 0 && i < count; i++)
                r = check_item(question, chain, count, i, problem);
        return r;
}

/* After the steps and whatever is within them, so that nothing is run on what is not what it should
 * be. */
static int check_inspections(const struct chain_question *question, struct chain *chain,
                             struct problem *problem)
{
        size_t first = chain->layout.step_count, count = chain->layout.item_count;
        int r = 0;

        chain->inspected = calloc(2 * (count - first) + 1, sizeof(*chain->inspected));
        chain->kept = json_array();
        if (!chain->inspected || !chain->kept)
                return -ENOMEM;
        for (size_t i = first; r == 0 && i < count; i++) {
                const struct layout_item *item = &chain->layout.items[i];
                struct artifacts *seen = &chain->inspected[2 * (i - first)];

                r = question->inspect(question->context, item, chain->kept, &seen[0], &seen[1],
                                      problem);
                chain->evidence[i] = (struct chain_evidence){item, &seen[0], &seen[1]};
                if (r < 0) {
                        chain->failed_item = item;
                        return problem_prefix(problem, r, "inspection %.100s", item->name);
                }
        }
        for (size_t i = first; r == 0 && i < count; i++)
                r = check_item(question, chain, count, i, problem);
        return r;
}

static int verify_at(const struct place *place, struct chain *chain, struct problem *problem)
{
        const struct chain_question *question = place->question;
        int r = check_place(place, problem);

        if (r == 0)
                r = read_layout(place, chain, problem);
        if (r == 0)
                r = read_ring(question, chain);
        if (r < 0)
                return r;
        chain->steps = calloc(chain->layout.step_count, sizeof(*chain->steps));
        if (!chain->steps)
                return -ENOMEM;
        r = chain_load(chain, question->directory, problem);
        if (r == 0)
                r = chain_accept(question, chain, problem);
        if (r == 0)
                r = verify_sublayouts(place, chain, problem);
        if (r == 0)
                r = chain_check_agreement(question, chain, problem);
        if (r == 0)
                r = check_steps(question, chain, problem);
        return r < 0 ? r : check_inspections(question, chain, problem);
}

int chain_verify(const struct chain_question *question, struct view layout, struct chain *ret,
                 struct problem *problem)
{
        const struct place place = {question, NULL, &ret->envelope.digest, 0};
        int r = in_toto_envelope_parse(layout, &ret->envelope, problem);

        return r < 0 ? problem_prefix(problem, r, "layout") : verify_at(&place, ret, problem);
}
