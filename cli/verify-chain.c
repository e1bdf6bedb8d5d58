/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/chain-vsa.h"
#include "cli/chain.h"
#include "cli/opa.h"
#include "cli/option.h"
#include "cli/output.h"

#define ARTIFACTS_OPERANDS_MAX 1024

/* Products of the last step are what came out of it all. */
static int set_step(struct chain_check *check, struct problem *problem)
{
        const char *name = option_value(check->invocation, CHAIN_STEP);
        const struct chain *chain = &check->chain;

        check->step =
                name ? chain_find_step(chain, name) : &chain->steps[chain->layout.step_count - 1];
        return check->step ? 0
                           : problem_set(problem, -EINVAL,
                                         "--step: the layout has no step \"%.100s\"", name);
}

/* A condition on a step that is not there would be one on nothing. */
static int check_builders(const struct chain_check *check, struct problem *problem)
{
        const struct chain_question *question = &check->question;

        for (size_t i = 0; i < question->builder_count; i++)
                if (!chain_find_step(&check->chain, question->builders[i].step))
                        return problem_set(problem, -EINVAL,
                                           "--builder: the layout has no step \"%.100s\"",
                                           question->builders[i].step);
        return 0;
}

static int verify(struct chain_check *check, struct problem *problem)
{
        int r = chain_verify(&check->question, buf_view(&check->layout), &check->chain, problem);

        if (r < 0)
                return problem_prefix(problem, r, "%.150s", check->layout_path);
        r = check_builders(check, problem);
        if (r == 0)
                r = set_step(check, problem);
        return r < 0 ? r : chain_check_artifacts(check, problem);
}

static int write_facts(const struct chain_check *check, struct problem *problem)
{
        const char *path = option_value(check->invocation, CHAIN_FACTS);
        _cleanup_(buf_done) struct buf text = {};
        json_t *facts;

        if (!path)
                return 0;
        facts = chain_facts(check);
        if (!facts)
                return -ENOMEM;
        json_put(&text, facts);
        json_decref(facts);
        buf_put_u8(&text, '\n');
        return buf_error(&text) ? buf_error(&text)
                                : output_write_file(path, buf_view(&text), problem);
}

/* -EKEYREJECTED: the policy says no, or nothing. */
static int ask_opa(const struct chain_check *check, struct problem *problem)
{
        const char *address = option_value(check->invocation, CHAIN_OPA);
        json_t *facts;
        int r;

        if (!address)
                return 0;
        facts = chain_facts(check);
        if (!facts)
                return -ENOMEM;
        r = opa_decide(address, facts, problem);
        json_decref(facts);
        return r;
}

static int goes_to_output(const struct chain_check *check, size_t option)
{
        const char *path = option_value(check->invocation, option);

        return path && string_equal(path, "-");
}

static enum answer finish(const struct chain_check *check, struct problem *problem)
{
        enum answer answer;
        int r = write_facts(check, problem);

        if (r < 0)
                return answer_of(r, problem);
        answer = chain_write_vsa(check, problem);
        if (answer != ANSWER_YES || goes_to_output(check, CHAIN_FACTS) ||
            goes_to_output(check, CHAIN_VSA))
                return answer;
        return answer_of(chain_print(check, problem), problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(chain_check_done) struct chain_check check = {};
        int r = chain_check_load(invocation, &check, problem);

        if (r == 0)
                r = verify(&check, problem);
        if (r == 0)
                r = ask_opa(&check, problem);
        if (r == 0)
                return finish(&check, problem);
        if (r == -EKEYREJECTED)
                return chain_print_no(&check, problem) < 0 ? ANSWER_UNKNOWN : ANSWER_NO;
        return answer_of(r, problem);
}

const struct verb verb_verify_chain = {
        .name = "verify-chain",
        .operands = "[ARTIFACT...]",
        .help = "tell whether files came out of the steps that a layout demands",
        .operands_max = ARTIFACTS_OPERANDS_MAX,
        .options =
                {
                        [CHAIN_LAYOUT] = {"layout", "l", "FILE", "the in-toto layout"},
                        [CHAIN_LAYOUT_KEY] = {"layout-key", "p", "FILE",
                                              "the key of its owner, as PEM or as in-toto has it; "
                                              "repeats, and each must have signed",
                                              .repeats = 1},
                        [CHAIN_LAYOUT_DIGEST] = {"layout-digest", NULL, "sha256:HEX",
                                                 "what the layout must be, so that no old one will "
                                                 "do; repeats, and one is enough",
                                                 .repeats = 1},
                        [CHAIN_ATTESTATIONS] = {"attestations", "d", "DIR",
                                                "where the attestations are; else here"},
                        [CHAIN_KEYRING] = {"keyring", "r", "FILE",
                                           "the key ring, for what it says of the steps' keys"},
                        [CHAIN_RUN] = {"run", NULL, "ID", "the run that all steps must be of"},
                        [CHAIN_ANY_RUN] = {"any-run", NULL, NULL, "let steps be of different runs"},
                        [CHAIN_REQUIRE_LOG] = {"require-log", NULL, NULL,
                                               "each attestation must be proved to be in the "
                                               "journal"},
                        [CHAIN_STEP] = {"step", NULL, "NAME",
                                        "the step that made the ARTIFACTs; else the last"},
                        [CHAIN_BUILDER] = {"builder", NULL, "STEP=ID",
                                           "the builder whose provenance the step needs; repeats, "
                                           "and of several of one step one is enough",
                                           .repeats = 1},
                        [CHAIN_ONLY] = {"specification-only", NULL, NULL,
                                        "check what in-toto's specification demands, and no more"},
                        [CHAIN_INSPECT] = {"inspect", NULL, NULL,
                                           "execute the inspections of the layout here"},
                        [CHAIN_FACTS] = {"facts", NULL, "FILE",
                                         "write what was verified there, as input of a policy"},
                        [CHAIN_OPA] = {"opa", NULL, "unix:PATH:RULE",
                                       "ask the Open Policy Agent at this socket, too"},
                        [CHAIN_VSA] = {"vsa", NULL, "FILE", "write a verification summary there"},
                        [CHAIN_KEY] = {"key", "k", "NAME",
                                       "have the agent sign the summary with this key"},
                        [CHAIN_VERIFIER] = {"verifier-id", NULL, "URI",
                                            "who verified, for the summary"},
                        [CHAIN_RESOURCE] = {"resource-uri", NULL, "URI",
                                            "what was verified, for the summary"},
                        [CHAIN_LEVEL] = {"level", NULL, "LEVEL",
                                         "what was found, for the summary; repeats", .repeats = 1},
                },
        .run = run,
};
