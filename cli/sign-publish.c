/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sign.h"

#include <errno.h>
#include <stdio.h>

#include "cli/output.h"
#include "lib/spool.h"

static int write_signature(const struct sign *sign, struct problem *problem)
{
        _cleanup_(buf_done) struct buf file = BUF_SPOOLED(BUNDLE_ENVELOPE_SIZE_MAX);
        int r = sign->format->put(&file, &sign->signature, &sign->signer);

        if (r == -EMSGSIZE)
                return problem_set(problem, r, "%s: longer than %zu bytes", sign->output,
                                   file.limit);
        return r < 0 ? spool_problem(problem, r) : output_write_buf(sign->output, &file, problem);
}

/* Beside the signature: OUTPUT.tlog-proof. */
static int write_proof(const struct sign *sign, struct problem *problem)
{
        const char *proof = json_member_string(sign->signing.reply.parameters, "proof");
        _cleanup_(freep) char *path = NULL;

        if (asprintf(&path, "%s%s", sign->output, format_proof.suffix) < 0)
                return -ENOMEM;
        return output_write_file(path, view_string(proof), problem);
}

static json_t *facts_to_json(const struct sign *sign)
{
        const json_t *reply = sign->signing.reply.parameters;
        json_t *facts = json_pack(
                "{s:s, s:s, s:O, s:O, s:O, s:O, s:O, s:O}", "output", sign->output, "format",
                sign->format->name, "key", json_object_get(reply, "key"), "version",
                json_object_get(reply, "version"), "fingerprint",
                json_object_get(reply, "fingerprint"), "digest", json_object_get(reply, "digest"),
                "index", json_object_get(reply, "index"), "time", json_object_get(reply, "time"));

        if (facts && sign->model.path && model_add_facts(&sign->model, facts) < 0) {
                json_decref(facts);
                return NULL;
        }
        return facts;
}

/* What the next --reuse-verified can count on. */
static void put_remembered(const struct sign *sign, struct buf *text)
{
        if (!sign->reuse.path)
                return;
        output_put_text(text, view_string(sign->model.path));
        if (sign->reuse.problem.text[0])
                buf_put_format(text, ": nothing is remembered: %s\n", sign->reuse.problem.text);
        else
                buf_put_format(text, ": %zu files are remembered\n", sign->reuse.count);
}

static int print_facts(const struct sign *sign, struct problem *problem)
{
        const struct signing *signing = &sign->signing;
        _cleanup_(buf_done) struct buf text = {};

        if (string_equal(sign->output, "-"))
                return 0;
        if (sign->invocation->json)
                return output_write_json(facts_to_json(sign), problem);
        output_put_text(&text, view_string(sign->output));
        buf_put_format(&text, ": signed by key %s version %u, %s, record %lld\n", signing->key.name,
                       signing->key.version,
                       json_member_string(signing->reply.parameters, "digest"),
                       (long long)json_member_integer(signing->reply.parameters, "index", 0));
        if (sign->model.path)
                model_put_facts(&sign->model, &text);
        put_remembered(sign, &text);
        return output_write(&text, problem);
}

int sign_publish(struct sign *sign, struct problem *problem)
{
        int r = sign->manifest
                        ? output_write_buf(sign->manifest, &sign->signature.attributes, problem)
                        : 0;

        if (r == 0)
                r = write_signature(sign, problem);

        if (r == 0 && sign->with_proof)
                r = write_proof(sign, problem);
        if (r == 0 && sign->reuse.path)
                reuse_remember(&sign->reuse, &sign->model.inventory,
                               view_of(sign->signature.digest, sign->signature.digest_size));
        return r < 0 ? r : print_facts(sign, problem);
}
