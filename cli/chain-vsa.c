/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/chain-vsa.h"

#include <errno.h>
#include <time.h>

#include "cli/envelope.h"
#include "cli/option.h"
#include "cli/output.h"
#include "lib/predicate.h"

static json_t *resource(const char *uri, const struct sha256 *digest)
{
        char hex[HEX_SIZE(SHA256_SIZE)];

        return json_pack("{s:s, s:{s:s}}", "uri", uri, "digest", "sha256",
                         hex_encode(sha256_view(digest), hex));
}

static int add_inputs(const struct chain *chain, json_t *list)
{
        for (size_t i = 0; i < chain->layout.step_count; i++)
                for (size_t j = 0; j < chain->steps[i].count; j++) {
                        const struct chain_attestation *attestation = chain->steps[i].accepted[j];

                        if (json_array_append_new(
                                    list, resource(attestation->file,
                                                   chain_attestation_digest(attestation))) < 0)
                                return -ENOMEM;
                        if (attestation->sub && add_inputs(attestation->sub, list) < 0)
                                return -ENOMEM;
                }
        return 0;
}

static json_t *levels(const struct invocation *invocation)
{
        json_t *list = json_array();
        const char *level;

        for (size_t i = 0; list && (level = option_value_at(invocation, CHAIN_LEVEL, i)); i++)
                if (json_array_append_new(list, json_string(level)) < 0) {
                        json_decref(list);
                        return NULL;
                }
        return list;
}

/* The artifacts that were looked at; without any, all that came out. */
static json_t *subjects(const struct chain_check *check)
{
        const struct artifacts *products = &check->step->accepted[0]->link.products;
        json_t *list = json_array();

        for (size_t i = 0; list && i < products->count; i++) {
                const struct attested *product = &products->items[i];
                int wanted = check->artifact_count == 0;

                for (size_t j = 0; j < check->artifact_count; j++) {
                        const struct chain_artifact *artifact = &check->artifacts[j];

                        wanted |= artifact->files > 0
                                          ? strncmp(product->path, artifact->product,
                                                    strlen(artifact->product)) == 0
                                          : string_equal(product->path, artifact->product);
                }
                if (wanted &&
                    json_array_append_new(list, json_pack("{s:s, s:O}", "name", product->path,
                                                          "digest", product->digests)) < 0) {
                        json_decref(list);
                        return NULL;
                }
        }
        return list;
}

static void now_text(char ret[32])
{
        time_t now = time(NULL);
        struct tm parts = {};

        (void)gmtime_r(&now, &parts);
        (void)strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

static json_t *predicate(const struct chain_check *check)
{
        const struct invocation *invocation = check->invocation;
        json_t *inputs = json_array();
        char now[32];

        now_text(now);
        if (!inputs || add_inputs(&check->chain, inputs) < 0) {
                json_decref(inputs);
                return NULL;
        }
        return json_pack("{s:{s:s}, s:s, s:s, s:o, s:o, s:s, s:o, s:s}", "verifier", "id",
                         option_value(invocation, CHAIN_VERIFIER), "timeVerified", now,
                         "resourceUri", option_value(invocation, CHAIN_RESOURCE), "policy",
                         resource(check->layout_path, &check->chain.envelope.digest),
                         "inputAttestations", inputs, "verificationResult", "PASSED",
                         "verifiedLevels", levels(invocation), "slsaVersion", VSA_SLSA_VERSION);
}

/* As strict as readers of summaries are: what was given on the command line is in it. */
static int make_statement(const struct chain_check *check, struct statement *ret,
                          struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *about = subjects(check), *summary = predicate(check);
        int r = about && summary ? predicate_vsa.check(summary, problem) : -ENOMEM;

        return r < 0 ? r : statement_make(about, predicate_vsa.uri, summary, ret, problem);
}

/* Exactly the bytes that would be signed. */
static int put_payload(json_t *payload, struct buf *ret)
{
        json_put(ret, payload);
        return buf_error(ret);
}

static enum answer put_signed(const struct chain_check *check, const char *key, json_t *payload,
                              struct buf *ret, struct problem *problem)
{
        _cleanup_(in_toto_envelope_done) struct in_toto_envelope envelope = {};
        enum answer answer;
        int r = in_toto_envelope_make(IN_TOTO_DSSE, payload, &envelope, problem);

        if (r < 0)
                return answer_of(r, problem);
        answer = envelope_sign(check->invocation, key, ENVELOPE_IDS_NONE, &envelope, NULL, problem);
        if (answer != ANSWER_YES)
                return answer;
        return answer_of(in_toto_envelope_put(&envelope, ret), problem);
}

enum answer chain_write_vsa(const struct chain_check *check, struct problem *problem)
{
        const char *path = option_value(check->invocation, CHAIN_VSA);
        const char *key = option_value(check->invocation, CHAIN_KEY);
        _cleanup_(statement_done) struct statement statement = {};
        _cleanup_(buf_done) struct buf text = {};
        enum answer answer;
        int r;

        if (!path)
                return ANSWER_YES;
        r = make_statement(check, &statement, problem);
        if (r < 0)
                return answer_of(r, problem);
        answer = key ? put_signed(check, key, statement.object, &text, problem)
                     : answer_of(put_payload(statement.object, &text), problem);
        return answer == ANSWER_YES
                       ? answer_of(output_write_file(path, buf_view(&text), problem), problem)
                       : answer;
}
