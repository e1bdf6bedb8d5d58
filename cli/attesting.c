/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/attesting.h"

#include <errno.h>
#include <stdio.h>

#include "cli/option.h"
#include "cli/output.h"
#include "lib/statement.h"

void attesting_done(struct attesting *attesting)
{
        free(attesting->output);
        signing_done(&attesting->signing);
        signature_done(&attesting->signature);
}

static int choose_output(struct attesting *attesting, const char *path, const char *output,
                         struct problem *problem)
{
        size_t size = path ? strlen(path) : 0;

        if (!output && !path)
                return problem_set(problem, -EINVAL,
                                   "%s: expected --output FILE, as it is about several subjects",
                                   attesting->invocation->verb->name);
        while (size > 1 && path[size - 1] == '/')
                size--;
        if (output)
                attesting->output = strdup(output);
        else if (asprintf(&attesting->output, "%.*s%s", (int)size, path,
                          attesting->format->suffix) < 0)
                attesting->output = NULL;
        return attesting->output ? 0 : -ENOMEM;
}

int attesting_set_output(struct attesting *attesting, const size_t options[3], const char *path,
                         struct problem *problem)
{
        const struct invocation *invocation = attesting->invocation;
        const char *format = option_value(invocation, options[0]);
        int standard, r;

        attesting->format = format ? format_find(format) : &format_statement;
        attesting->signature.format = attesting->format;
        attesting->with_proof = option_value(invocation, options[2]) != NULL;
        r = choose_output(attesting, path, option_value(invocation, options[1]), problem);
        if (r < 0)
                return r;
        standard = string_equal(attesting->output, "-");
        if (standard && (invocation->json || attesting->with_proof))
                return problem_set(problem, -EINVAL,
                                   "%s: --json and --with-proof write more than the attestation, "
                                   "expected --output FILE",
                                   invocation->verb->name);
        return 0;
}

int attesting_find_digest(struct attesting *attesting, struct problem *problem)
{
        struct signing *signing = &attesting->signing;
        struct signature *signature = &attesting->signature;
        int r = format_check_algorithm(attesting->format, signing->key.algorithm, problem);

        if (r == 0)
                r = format_signer_of(&signing->key, &attesting->signer);
        if (r == 0)
                r = signature_digest(signature, &attesting->signer, NULL, problem);
        signing->statement = buf_view(&signature->attributes);
        signing->digest = view_of(signature->digest, signature->digest_size);
        signing->wants_proof = attesting->with_proof;
        signing->wants_entry = signing->key.transparency == TRANSPARENCY_REKOR &&
                               attesting->format == &format_statement;
        return r;
}

static int write_files(struct attesting *attesting, struct problem *problem)
{
        const char *proof = json_member_string(attesting->signing.reply.parameters, "proof");
        _cleanup_(buf_done) struct buf file = BUF_INIT(BUNDLE_ENVELOPE_SIZE_MAX);
        _cleanup_(freep) char *path = NULL;
        int r = attesting->format->put(&file, &attesting->signature, &attesting->signer);

        if (r == 0)
                r = output_write_file(attesting->output, buf_view(&file), problem);
        if (r < 0 || !attesting->with_proof)
                return r;
        if (asprintf(&path, "%s%s", attesting->output, format_proof.suffix) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        return output_write_file(path, view_string(proof), problem);
}

static json_t *facts_to_json(const struct attesting *attesting, const struct statement *statement)
{
        const json_t *reply = attesting->signing.reply.parameters;

        return json_pack(
                "{s:s, s:s, s:s, s:I, s:O, s:O, s:O, s:O, s:O, s:O}", "output", attesting->output,
                "format", attesting->format->name, "predicateType", statement->predicate_type,
                "subjects", (json_int_t)json_array_size(statement->subjects), "key",
                json_object_get(reply, "key"), "version", json_object_get(reply, "version"),
                "fingerprint", json_object_get(reply, "fingerprint"), "digest",
                json_object_get(reply, "digest"), "index", json_object_get(reply, "index"), "time",
                json_object_get(reply, "time"));
}

static int print_facts(const struct attesting *attesting, struct problem *problem)
{
        const struct signing *signing = &attesting->signing;
        _cleanup_(statement_done) struct statement statement = {};
        _cleanup_(buf_done) struct buf text = {};
        int r = statement_parse(signing->statement, &statement, problem);

        if (r < 0 || string_equal(attesting->output, "-"))
                return r;
        if (attesting->invocation->json)
                return output_write_json(facts_to_json(attesting, &statement), problem);
        output_put_text(&text, view_string(attesting->output));
        buf_put_string(&text, ": ");
        output_put_text(&text, view_string(statement.predicate_type));
        buf_put_format(&text, " about %zu subject%s, signed by key %s version %u, record %lld\n",
                       json_array_size(statement.subjects),
                       json_array_size(statement.subjects) == 1 ? "" : "s", signing->key.name,
                       signing->key.version,
                       (long long)json_member_integer(signing->reply.parameters, "index", 0));
        return output_write(&text, problem);
}

int attesting_publish(struct attesting *attesting, struct problem *problem)
{
        struct signing *signing = &attesting->signing;
        int r;

        buf_put_view(&attesting->signature.value, buf_view(&signing->value));
        attesting->signature.entry = signing->wants_entry ? &signing->entry : NULL;
        r = buf_error(&attesting->signature.value);
        if (r == 0)
                r = write_files(attesting, problem);
        return r < 0 ? r : print_facts(attesting, problem);
}

enum answer attesting_run(struct attesting *attesting, const char *key, struct problem *problem)
{
        enum answer answer = signing_open(attesting->invocation, key, &attesting->signing, problem);
        int r;

        if (answer != ANSWER_YES)
                return answer;
        r = attesting_find_digest(attesting, problem);
        if (r < 0)
                return answer_of(r, problem);
        answer = signing_run(attesting->invocation, &attesting->signing, problem);
        return answer == ANSWER_YES ? answer_of(attesting_publish(attesting, problem), problem)
                                    : answer;
}
