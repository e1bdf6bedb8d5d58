/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "cli/envelope.h"
#include "cli/option.h"
#include "cli/output.h"
#include "cli/recorded.h"
#include "cli/step.h"
#include "lib/in-toto-link.h"

#define COMMAND_WORDS_MAX 4096
#define SHORT_ID          8 /* digits of the key id in the name of the file */

enum {
        OPTION_KEY,
        OPTION_STEP,
        OPTION_MATERIAL,
        OPTION_PRODUCT,
        OPTION_RUN,
        OPTION_FORMAT,
        OPTION_OUTPUT
};

/* A step on its way. */
struct record {
        const struct invocation *invocation;
        json_t *materials, *products;
        int status; /* of the command; -1: none was run */
};

static void record_done(struct record *record)
{
        json_decref(record->materials);
        json_decref(record->products);
}

static int check_options(const struct invocation *invocation, struct problem *problem)
{
        const char *step = option_value(invocation, OPTION_STEP);
        const char *run = option_value(invocation, OPTION_RUN);

        if (!step || !option_value(invocation, OPTION_KEY))
                return problem_set(problem, -EINVAL, "chain link: --%s is missing",
                                   step ? "key" : "step");
        if (!in_toto_name_is_valid(step))
                return problem_set(problem, -EINVAL,
                                   "--step: \"%.100s\" cannot be the name of a step", step);
        if (run && (run[0] == '\0' || strlen(run) > IN_TOTO_RUN_MAX))
                return problem_set(problem, -EINVAL, "--run: expected 1 to %d bytes",
                                   IN_TOTO_RUN_MAX);
        return 0;
}

static int record_paths(const struct invocation *invocation, size_t option, json_t **ret,
                        struct problem *problem)
{
        const char *path;
        int r = 0;

        *ret = json_object();
        if (!*ret)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && (path = option_value_at(invocation, option, i)); i++)
                r = recorded_add(*ret, path, problem);
        return r;
}

/* Between its materials and its products, the step. */
static int perform(struct record *record, struct problem *problem)
{
        const struct invocation *invocation = record->invocation;
        const char *const *words = invocation->operands;
        int r = record_paths(invocation, OPTION_MATERIAL, &record->materials, problem);

        record->status = -1;
        if (r == 0 && words[0])
                r = step_run(words, &record->status, problem);
        if (r < 0)
                return r;
        if (record->status > 0)
                return problem_set(problem, -ECANCELED,
                                   "%.200s: exit status %d: the step failed, and nothing was "
                                   "attested",
                                   words[0], record->status);
        return record_paths(invocation, OPTION_PRODUCT, &record->products, problem);
}

static json_t *command_to_json(const struct invocation *invocation)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < invocation->operand_count; i++)
                if (json_array_append_new(list, json_string(invocation->operands[i])) < 0) {
                        json_decref(list);
                        return NULL;
                }
        return list;
}

static json_t *link_to_json(const struct record *record)
{
        const struct invocation *invocation = record->invocation;

        return json_pack("{s:s, s:s, s:o, s:{s:o*}, s:{s:s*}, s:O, s:O}", "_type", "link", "name",
                         option_value(invocation, OPTION_STEP), "command",
                         command_to_json(invocation), "byproducts", "return-value",
                         record->status < 0 ? NULL : json_integer(record->status), "environment",
                         IN_TOTO_RUN, option_value(invocation, OPTION_RUN), "materials",
                         record->materials, "products", record->products);
}

static int make_envelope(const struct record *record, struct in_toto_envelope *ret,
                         struct problem *problem)
{
        _cleanup_(in_toto_link_done) struct in_toto_link link = {};
        json_t *payload = link_to_json(record);
        int r = payload ? in_toto_link_parse(payload, &link, problem)
                        : problem_set(problem, -EINVAL, "the command is no UTF-8");

        if (r == 0)
                r = in_toto_envelope_make(
                        envelope_kind(option_value(record->invocation, OPTION_FORMAT)), payload,
                        ret, problem);
        json_decref(payload);
        return r;
}

/* STEP.KEYID8.link in the directory, as in-toto's own programs look for it. */
static int publish(const struct record *record, const struct in_toto_envelope *envelope,
                   const struct in_toto_key *key, struct problem *problem)
{
        const struct invocation *invocation = record->invocation;
        const char *directory = option_value(invocation, OPTION_OUTPUT);
        _cleanup_(buf_done) struct buf text = {};
        _cleanup_(freep) char *path = NULL;
        int r;

        if (asprintf(&path, "%s/%s.%.*s.link", directory ? directory : ".",
                     option_value(invocation, OPTION_STEP), SHORT_ID, key->id) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        r = envelope_write(path, envelope, problem);
        if (r < 0)
                return r;
        if (invocation->json)
                return output_write_json(
                        json_pack("{s:s, s:s, s:s, s:i, s:i}", "output", path, "step",
                                  option_value(invocation, OPTION_STEP), "keyid", key->id,
                                  "materials", (int)json_object_size(record->materials), "products",
                                  (int)json_object_size(record->products)),
                        problem);
        output_put_text(&text, view_string(path));
        buf_put_format(&text, ": %zu materials, %zu products, signed by key %s\n",
                       json_object_size(record->materials), json_object_size(record->products),
                       option_value(invocation, OPTION_KEY));
        return output_write(&text, problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(record_done) struct record record = {.invocation = invocation};
        _cleanup_(in_toto_envelope_done) struct in_toto_envelope envelope = {};
        _cleanup_(in_toto_key_done) struct in_toto_key key = {};
        enum answer answer;
        int r = check_options(invocation, problem);

        if (r == 0)
                r = perform(&record, problem);
        if (r == -ECANCELED)
                return ANSWER_NO;
        if (r == 0)
                r = make_envelope(&record, &envelope, problem);
        if (r < 0)
                return answer_of(r, problem);
        answer = envelope_sign(invocation, option_value(invocation, OPTION_KEY), ENVELOPE_IDS,
                               &envelope, &key, problem);
        if (answer != ANSWER_YES)
                return answer;
        return answer_of(publish(&record, &envelope, &key, problem), problem);
}

const struct verb verb_chain_link = {
        .group = "chain",
        .name = "link",
        .operands = "[-- COMMAND...]",
        .help = "perform a step and attest what it took and made",
        .operands_max = COMMAND_WORDS_MAX,
        .options =
                {
                        [OPTION_KEY] = {"key", "k", "NAME", "the key to sign with"},
                        [OPTION_STEP] = {"step", NULL, "NAME", "the step of the layout"},
                        [OPTION_MATERIAL] = {"material", "m", "PATH",
                                             "what it takes: a file, or all of a directory; "
                                             "repeats",
                                             .repeats = 1},
                        [OPTION_PRODUCT] = {"product", "p", "PATH",
                                            "what it makes: a file, or all of a directory; repeats",
                                            .repeats = 1},
                        [OPTION_RUN] = {"run", NULL, "ID", "the run of the chain"},
                        [OPTION_FORMAT] = {"format", "f", "FORMAT",
                                           "dsse (default), or metablock as in-toto before "
                                           "version 2 reads it",
                                           .words = envelope_formats},
                        [OPTION_OUTPUT] = {"output", "o", "DIR",
                                           "write STEP.KEYID.link there; else here"},
                },
        .run = run,
};
