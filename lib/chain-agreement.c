/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/chain.h"

#include <errno.h>

#include "lib/utc.h"

/* All that attest a step must have seen it take and make the same. */
static int check_step(const struct chain_step *step, struct problem *problem)
{
        const struct chain_attestation *first = step->accepted[0];

        for (size_t i = 1; i < step->count; i++) {
                const struct chain_attestation *other = step->accepted[i];
                const char *path =
                        artifacts_difference(&first->link.materials, &other->link.materials);

                if (!path)
                        path = artifacts_difference(&first->link.products, &other->link.products);
                if (path)
                        return problem_set(problem, -EKEYREJECTED,
                                           "%.100s and %.100s differ in \"%.150s\"", first->file,
                                           other->file, path);
        }
        return 0;
}

/* A run is said by all or by none. */
static int check_run(struct chain *chain, const struct chain_attestation *attestation, int is_first,
                     struct problem *problem)
{
        const char *run = attestation->link.run;

        if (is_first) {
                chain->run = run;
                return 0;
        }
        if (!run && !chain->run)
                return 0;
        if (run && chain->run && string_equal(run, chain->run))
                return 0;
        return problem_set(problem, -EKEYREJECTED,
                           "%.100s is of run %.100s, attestations before of run %.100s",
                           attestation->file, run ? run : "(none)",
                           chain->run ? chain->run : "(none)");
}

static int check_runs(const struct chain_question *question, struct chain *chain,
                      const struct chain_step *step, struct problem *problem)
{
        if (question->runs_may_differ || question->specification_only)
                return 0;
        for (size_t i = 0; i < step->count; i++) {
                int r = check_run(chain, step->accepted[i], step == chain->steps && i == 0,
                                  problem);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* When a step took something from another, the other was done. */
static int check_order(const struct chain *chain, const struct chain_step *step,
                       const struct in_toto_rule *rule, struct problem *problem)
{
        const struct chain_step *from = rule->step ? chain_find_step(chain, rule->step) : NULL;
        const char *started = step->accepted[0]->link.started;
        uint64_t begin, end;

        if (!from || from == step || !rule->with_products || !started ||
            !from->accepted[0]->link.finished)
                return 0;
        if (utc_parse_moment(started, &begin) < 0 ||
            utc_parse_moment(from->accepted[0]->link.finished, &end) < 0)
                return problem_set(problem, -EKEYREJECTED, "%.100s: its times make no sense",
                                   step->accepted[0]->file);
        if (begin < end)
                return problem_set(problem, -EKEYREJECTED,
                                   "began %.40s, before step %.100s was finished, %.40s", started,
                                   from->item->name, from->accepted[0]->link.finished);
        return 0;
}

static int check_orders(const struct chain_question *question, const struct chain *chain,
                        const struct chain_step *step, struct problem *problem)
{
        const struct layout_rules *rules = &step->item->materials;
        int r = 0;

        for (size_t i = 0; r == 0 && !question->specification_only && i < rules->count; i++)
                r = check_order(chain, step, &rules->items[i], problem);
        return r;
}

/* By the specification this is a warning. */
static int note_commands(struct chain *chain, const struct chain_step *step)
{
        for (size_t i = 0; i < step->count; i++) {
                const struct chain_attestation *attestation = step->accepted[i];
                int r;

                if (attestation->is_layout || !attestation->link.command ||
                    json_equal(attestation->link.command, step->item->command))
                        continue;
                r = chain_note(chain, attestation->file, "its command is not the expected one");
                if (r < 0)
                        return r;
        }
        return 0;
}

int chain_check_agreement(const struct chain_question *question, struct chain *chain,
                          struct problem *problem)
{
        for (size_t i = 0; i < chain->layout.step_count; i++) {
                const struct chain_step *step = &chain->steps[i];
                int alone = question->specification_only && step->item->threshold == 1;
                int r = alone ? 0 : check_step(step, problem);

                if (r == 0)
                        r = check_runs(question, chain, step, problem);
                if (r == 0)
                        r = check_orders(question, chain, step, problem);
                if (r == 0)
                        r = note_commands(chain, step);
                if (r < 0) {
                        chain->failed_item = step->item;
                        return problem_prefix(problem, r, "step %.100s", step->item->name);
                }
        }
        return 0;
}
