/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/attest.h"

#include <errno.h>

#include "cli/claim.h"
#include "cli/key.h"
#include "cli/option.h"
#include "cli/subject.h"
#include "lib/predicate.h"

static int check_usage(const struct invocation *invocation, struct problem *problem)
{
        if (!option_value(invocation, ATTEST_KEY))
                return problem_set(problem, -EINVAL, "attest: expected --key NAME");
        if (!option_value(invocation, ATTEST_SUBJECT))
                return problem_set(problem, -EINVAL, "attest: expected --subject PATH");
        return key_check_name(option_value(invocation, ATTEST_KEY), problem);
}

static int build_statement(struct attesting *attesting, struct problem *problem)
{
        const struct invocation *invocation = attesting->invocation;
        _cleanup_(json_decrefp) json_t *predicate = NULL, *subjects = NULL;
        const char *type;
        int r = attest_read_predicate(invocation, &predicate, &type, problem);

        if (r == 0)
                r = subjects_read(invocation, ATTEST_SUBJECT, &subjects, problem);
        if (r < 0)
                return r;
        attesting->signature.attributes.limit = STATEMENT_SIZE_MAX;
        return statement_put(&attesting->signature.attributes, subjects, type, predicate, problem);
}

static int prepare(struct attesting *attesting, struct problem *problem)
{
        static const size_t options[] = {ATTEST_FORMAT, ATTEST_OUTPUT, ATTEST_WITH_PROOF};
        const struct invocation *invocation = attesting->invocation;
        const char *path = option_value(invocation, ATTEST_SUBJECT);
        int r = check_usage(invocation, problem);

        if (r == 0)
                r = attesting_set_output(
                        attesting, options,
                        option_value_at(invocation, ATTEST_SUBJECT, 1) ? NULL : path, problem);
        if (r == 0)
                r = claims_read(invocation, ATTEST_CLAIM, &attesting->signing.claims, problem);
        return r < 0 ? r : build_statement(attesting, problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(attesting_done) struct attesting attesting = {.invocation = invocation};
        int r = prepare(&attesting, problem);

        if (r < 0)
                return answer_of(r, problem);
        return attesting_run(&attesting, option_value(invocation, ATTEST_KEY), problem);
}

const struct verb verb_attest = {
        .name = "attest",
        .operands = "",
        .help = "have the agent sign what is said about files or models",
        .options =
                {
                        [ATTEST_KEY] = {"key", "k", "NAME", "the key to sign with"},
                        [ATTEST_SUBJECT] = {"subject", "s", "PATH",
                                            "what it is about: a file, or a model; repeats",
                                            .repeats = 1},
                        [ATTEST_PREDICATE_TYPE] = {"predicate-type", NULL, "URI",
                                                   "the type of the predicate in --predicate"},
                        [ATTEST_PREDICATE] = {"predicate", "p", "FILE",
                                              "what is said, a JSON object"},
                        [ATTEST_TYPE] = {"type", "t", "TYPE",
                                         "a type of predicate that is made or checked here",
                                         .words = predicate_type_names},
                        [ATTEST_SET] = {"set", NULL, "NAME=VALUE",
                                        "what a predicate of that TYPE says; repeats",
                                        .repeats = 1},
                        [ATTEST_OUTPUT] = {"output", "o", "FILE",
                                           "write the attestation there; - is standard output"},
                        [ATTEST_FORMAT] = {"format", "f", "FORMAT",
                                           "attestation, a Sigstore bundle (default), or dsse, "
                                           "the envelope alone",
                                           .words = format_statement_names},
                        [ATTEST_CLAIM] = {"claim", "c", "NAME=VALUE",
                                          "record this claim with the signature; repeats",
                                          .repeats = 1},
                        [ATTEST_WITH_PROOF] = {"with-proof", NULL, NULL,
                                               "wait for a checkpoint, and write the proof "
                                               "beside the attestation"},
                },
        .run = run,
};
