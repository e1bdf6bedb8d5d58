/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/agent.h"
#include "cli/attesting.h"
#include "cli/claim.h"
#include "cli/key.h"
#include "cli/option.h"
#include "cli/output.h"
#include "cli/step.h"
#include "cli/subject.h"
#include "lib/statement.h"

/* Places in the verb's table of options. */
enum run_option {
        RUN_KEY,
        RUN_MATERIAL,
        RUN_PRODUCT,
        RUN_PARAMETER,
        RUN_OUTPUT,
        RUN_FORMAT,
        RUN_CLAIM,
        RUN_WITH_PROOF,
};

struct step_run {
        struct attesting attesting;
        struct varlink_client *client; /* whose run it is */
        json_t *materials, *products, *parameters, *claims;
        struct varlink_reply opened;
        int status; /* of the step */
};

static void run_done(struct step_run *run)
{
        attesting_done(&run->attesting);
        (void)varlink_client_free(run->client);
        json_decref(run->materials);
        json_decref(run->products);
        json_decref(run->parameters);
        json_decref(run->claims);
        varlink_reply_done(&run->opened);
}

static int prepare(struct step_run *run, struct problem *problem)
{
        static const size_t options[] = {RUN_FORMAT, RUN_OUTPUT, RUN_WITH_PROOF};
        const struct invocation *invocation = run->attesting.invocation;
        const char *product = option_value(invocation, RUN_PRODUCT);
        int r;

        if (!option_value(invocation, RUN_KEY))
                return problem_set(problem, -EINVAL, "run: expected --key NAME");
        if (!product)
                return problem_set(problem, -EINVAL, "run: expected --product PATH");
        r = key_check_name(option_value(invocation, RUN_KEY), problem);
        if (r == 0)
                r = attesting_set_output(
                        &run->attesting, options,
                        option_value_at(invocation, RUN_PRODUCT, 1) ? NULL : product, problem);
        if (r == 0)
                r = claims_read(invocation, RUN_CLAIM, &run->claims, problem);
        return r < 0 ? r : claims_read(invocation, RUN_PARAMETER, &run->parameters, problem);
}

static enum answer open_run(struct step_run *run, struct problem *problem)
{
        static const struct json_member members[] = {
                {"builder", JSON_STRING, 1}, {"key", JSON_STRING, 1}, {"observed", JSON_TRUE, 1},
                {"reason", JSON_STRING, 0},  {"run", JSON_STRING, 1}, {"startedOn", JSON_STRING, 1},
        };
        const struct invocation *invocation = run->attesting.invocation;
        enum answer answer;
        int r = varlink_connect(invocation->socket, &run->client, problem);

        if (r < 0)
                return answer_of(r, problem);
        answer = agent_call_on(run->client, SIGNER ".OpenRun",
                               json_pack("{s:s, s:O*, s:O*}", "key",
                                         option_value(invocation, RUN_KEY), "parameters",
                                         run->parameters, "claims", run->claims),
                               &run->opened, problem);
        if (answer != ANSWER_YES)
                return answer;
        r = json_check_members(run->opened.parameters, "agent: reply", members, ARRAY_SIZE(members),
                               problem);
        return answer_of(r, problem);
}

static const char *opened(const struct step_run *run, const char *member)
{
        return json_member_string(run->opened.parameters, member);
}

/* What the step says of itself: nobody else vouches for it. */
static json_t *say(const struct step_run *run)
{
        const struct invocation *invocation = run->attesting.invocation;
        json_t *command = json_array();

        for (size_t i = 0; i < invocation->operand_count; i++)
                if (json_array_append_new(command, json_string(invocation->operands[i])) < 0) {
                        json_decref(command);
                        return NULL;
                }
        return json_pack("{s:o, s:i}", "command", command, "exitStatus", run->status);
}

static enum answer close_run(struct step_run *run, struct problem *problem)
{
        json_t *call =
                json_pack("{s:s, s:O, s:O, s:o, s:O*, s:o*}", "run", opened(run, "run"), "subjects",
                          run->products, "materials", run->materials, "said", say(run), "claims",
                          run->claims, "proof",
                          run->attesting.signing.wants_proof || run->attesting.signing.wants_entry
                                  ? json_true()
                                  : NULL);
        enum answer answer = agent_call_on(run->client, SIGNER ".CloseRun", call,
                                           &run->attesting.signing.reply, problem);

        if (answer != ANSWER_YES)
                (void)problem_prefix(problem, 0,
                                     "the step is done, and there is no provenance of it");
        return answer;
}

/* Whether the statement is about this run and these products. */
static int check_statement(struct step_run *run, struct problem *problem)
{
        const json_t *text = json_object_get(run->attesting.signing.reply.parameters, "statement");
        _cleanup_(statement_done) struct statement statement = {};
        struct buf *payload = &run->attesting.signature.attributes;
        const json_t *metadata;
        int r;

        payload->limit = STATEMENT_SIZE_MAX;
        buf_put(payload, json_is_string(text) ? json_string_value(text) : "",
                json_string_length(text));
        r = buf_error(payload);
        if (r == 0)
                r = statement_parse(buf_view(payload), &statement, problem);
        if (r < 0)
                return problem_prefix(problem, r, "agent");
        metadata = json_object_get(json_object_get(statement.predicate, "runDetails"), "metadata");
        if (!json_equal(statement.subjects, run->products) ||
            !json_is_string(json_object_get(metadata, "invocationId")) ||
            !string_equal(json_member_string(metadata, "invocationId"), opened(run, "run")))
                return problem_set(problem, -EBADMSG,
                                   "agent: its statement is not about this run and its products");
        return 0;
}

static void tell_builder(const struct step_run *run, struct buf *text)
{
        const char *reason = opened(run, "reason");

        output_put_text(text, view_string(run->attesting.output));
        buf_put_string(text, ": run ");
        output_put_text(text, view_string(opened(run, "run")));
        buf_put_string(text, " by ");
        output_put_text(text, view_string(opened(run, "builder")));
        if (reason) {
                buf_put_string(text, "; not observed: ");
                output_put_text(text, view_string(reason));
        }
        buf_put_u8(text, '\n');
}

static int publish(struct step_run *run, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};
        int r = attesting_publish(&run->attesting, problem);

        if (r < 0 || run->attesting.invocation->json || string_equal(run->attesting.output, "-"))
                return r;
        tell_builder(run, &text);
        return output_write(&text, problem);
}

static enum answer attest(struct step_run *run, struct problem *problem)
{
        const struct invocation *invocation = run->attesting.invocation;
        struct signing *signing = &run->attesting.signing;
        enum answer answer;
        int r = subjects_read(invocation, RUN_PRODUCT, &run->products, problem);

        if (r < 0)
                return answer_of(r, problem);
        answer = signing_open(invocation, opened(run, "key"), signing, problem);
        if (answer != ANSWER_YES)
                return answer;
        signing->wants_proof = run->attesting.with_proof;
        signing->wants_entry = signing->key.transparency == TRANSPARENCY_REKOR &&
                               run->attesting.format == &format_statement;
        answer = close_run(run, problem);
        if (answer != ANSWER_YES)
                return answer;
        r = check_statement(run, problem);
        if (r == 0)
                r = attesting_find_digest(&run->attesting, problem);
        if (r < 0)
                return answer_of(r, problem);
        answer = signing_check(invocation, signing, problem);
        return answer == ANSWER_YES ? answer_of(publish(run, problem), problem) : answer;
}

/* Its exit status is ours. Of a step that failed there is no provenance: the run is over with the
 * connection. */
static enum answer execute(struct step_run *run, struct problem *problem)
{
        const struct invocation *invocation = run->attesting.invocation;
        int r = step_run(invocation->operands, &run->status, problem);

        if (r < 0)
                return answer_of(r, problem);
        if (run->status == 0)
                return ANSWER_YES;
        (void)problem_set(problem, -ECANCELED, "run: %s: exit status %d: no provenance",
                          invocation->operands[0], run->status);
        return (enum answer)run->status;
}

static enum answer run_step(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(run_done) struct step_run run = {.attesting = {.invocation = invocation}};
        enum answer answer;
        int r = prepare(&run, problem);

        if (r < 0)
                return answer_of(r, problem);
        answer = open_run(&run, problem);
        if (answer != ANSWER_YES)
                return answer;
        r = subjects_read(invocation, RUN_MATERIAL, &run.materials, problem);
        if (r < 0)
                return answer_of(r, problem);
        answer = execute(&run, problem);
        return answer == ANSWER_YES ? attest(&run, problem) : answer;
}

#define WORDS_MAX 4096

const struct verb verb_run = {
        .name = "run",
        .operands = "-- COMMAND...",
        .help = "run a step, and have the agent say what it saw of that",
        .operands_min = 1,
        .operands_max = WORDS_MAX,
        .options =
                {
                        [RUN_KEY] = {"key", "k", "NAME", "the key of the builder"},
                        [RUN_MATERIAL] = {"material", "m", "PATH",
                                          "what the step takes: a file or a directory; repeats",
                                          .repeats = 1},
                        [RUN_PRODUCT] = {"product", "p", "PATH",
                                         "what the step makes: a file or a directory; repeats",
                                         .repeats = 1},
                        [RUN_PARAMETER] = {"parameter", NULL, "NAME=VALUE",
                                           "what the run was told, for those with a grant to "
                                           "describe it; repeats",
                                           .repeats = 1},
                        [RUN_OUTPUT] = {"output", "o", "FILE",
                                        "write the provenance there; - is standard output"},
                        [RUN_FORMAT] = {"format", "f", "FORMAT",
                                        "attestation, a Sigstore bundle (default), or dsse, the "
                                        "envelope alone",
                                        .words = format_statement_names},
                        [RUN_CLAIM] = {"claim", "c", "NAME=VALUE",
                                       "record this claim with the signature; repeats",
                                       .repeats = 1},
                        [RUN_WITH_PROOF] = {"with-proof", NULL, NULL,
                                            "wait for a checkpoint, and write the proof beside the "
                                            "provenance"},
                },
        .run = run_step,
};
