/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/in-toto-link.h"
#include "tests/test.h"
#include "tests/unit/edit.h"

#include <errno.h>

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define HEAD                                                                                       \
        "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":\"model\","         \
        "\"digest\":{\"sha256\":\"" A "\"}}],\"predicateType\":"

static const char link_text[] =
        HEAD "\"https://in-toto.io/attestation/link/v0.3\",\"predicate\":{\"name\":\"train\","
             "\"command\":[\"fit\"],\"materials\":[{\"name\":\"data\",\"digest\":{\"sha256\":\"" B
             "\"}}],\"byproducts\":{\"return-value\":0},\"environment\":{\"run\":\"7\"}}}";

static const char provenance_text[] = HEAD
        "\"https://slsa.dev/provenance/v1\",\"predicate\":{\"buildDefinition\":{\"buildType\":"
        "\"https://example.org/t\",\"externalParameters\":{\"step\":\"train\",\"run\":\"7\"},"
        "\"resolvedDependencies\":[{\"name\":\"data\",\"digest\":{\"sha256\":\"" B
        "\"}},{\"uri\":\"git+https://example.org/r\",\"digest\":{\"gitCommit\":\"0000000000000000000000000000000000000000\"}}]},"
        "\"runDetails\":{\"builder\":{\"id\":\"https://example.org/b\"},\"metadata\":{"
        "\"invocationId\":\"x\",\"startedOn\":\"2026-11-22T10:00:00Z\",\"finishedOn\":"
        "\"2026-11-22T10:05:00.5Z\"}}}}";

static int parse(struct view text, struct in_toto_link *ret, struct problem *problem)
{
        json_t *object = NULL;
        int r = json_parse_object(text, &object, problem);

        if (r == 0)
                r = in_toto_link_from_statement(object, ret, problem);
        json_decref(object);
        return r;
}

static void check(const struct in_toto_link *link)
{
        const struct attested *data = artifacts_find(&link->materials, "data");
        const struct attested *model = artifacts_find(&link->products, "model");

        expect(link->name && string_equal(link->name, "train"));
        expect(link->run && string_equal(link->run, "7"));
        expect(data && string_equal(json_member_string(data->digests, "sha256"), B));
        expect(model && string_equal(json_member_string(model->digests, "sha256"), A));
}

static void test_link(void)
{
        _cleanup_(in_toto_link_done) struct in_toto_link link = {};

        expect_integer(parse(view_string(link_text), &link, NULL), 0);
        check(&link);
        expect(json_array_size(link.command) == 1 && !link.builder && !link.started);
        expect_integer(in_toto_link_check_status(&link, NULL), 0);
}

static void test_provenance(void)
{
        _cleanup_(in_toto_link_done) struct in_toto_link link = {};

        expect_integer(parse(view_string(provenance_text), &link, NULL), 0);
        check(&link);
        expect(string_equal(link.builder, "https://example.org/b") && !link.command);
        expect(string_equal(link.started, "2026-11-22T10:00:00Z"));
        expect(string_equal(link.finished, "2026-11-22T10:05:00.5Z"));
        expect_integer(link.materials.count, 2);
}

static const struct {
        const char *text, *from, *to;
        int error;
        const char *reason;
} edits[] = {
        {link_text, "link/v0.3", "scai/v0.3", -EOPNOTSUPP, "is no evidence of a step"},
        {link_text, "\"name\":\"train\"", "\"name\":\"a/b\"", -EBADMSG, "cannot be the name"},
        {link_text, "\"name\":\"train\",", "", -EBADMSG, "\"name\" is missing"},
        {link_text, "\"run\":\"7\"", "\"run\":7", -EBADMSG, "member \"run\""},
        {link_text, "\"fit\"", "7", -EBADMSG, "command"},
        {link_text, "\"sha256\":\"" B, "\"sha256\":\"b", -EBADMSG, "material"},
        {link_text, "\"sha256\":\"" A, "\"sha256\":\"a", -EBADMSG, "digest"},
        {link_text, "Statement/v1", "Statement/v2", -EBADMSG, "_type"},
        {link_text, "\"name\":\"model\",", "", -EBADMSG,
         "number 1: statement: subject: it has neither name nor uri"},
        {link_text, "\"name\":\"model\"", "\"name\":\"\"", -EBADMSG,
         "subject: a path that is empty"},
        {link_text, "\"name\":\"model\"", "\"uri\":\"model\"", 0, ""},
        {link_text, "{\"name\":\"data\",", "{", -EBADMSG, "it has neither name nor uri"},
        {provenance_text, "{\"name\":\"data\",", "{", -EBADMSG,
         "number 1: provenance: resolvedDependencies: it has neither name nor uri"},
        {provenance_text, "\"step\":\"train\",", "", -EOPNOTSUPP, "no step is named"},
        {provenance_text, "{\"step\":\"train\",\"run\":\"7\"}",
         "{\"unit\":\"u\",\"parameters\":{\"step\":\"train\"}}", 0, ""},
        {provenance_text, "{\"step\":\"train\",\"run\":\"7\"}",
         "{\"step\":\"train\",\"parameters\":{}}", -EOPNOTSUPP, "no step is named"},
        {provenance_text, "\"step\":\"train\"", "\"step\":7", -EBADMSG, "cannot be the name"},
        {provenance_text, "10:00:00Z", "10:00:00", -EBADMSG, "startedOn: expected a time"},
        {provenance_text, "10:05:00.5Z", "25:05:00.5Z", -EBADMSG, "finishedOn: expected a time"},
        {provenance_text, "\"id\":", "\"ID\":", -EBADMSG, "builder: expected its id"},
        {provenance_text, "runDetails", "rundetails", -EBADMSG, "runDetails"},
        {provenance_text, "\"uri\":\"git+https://example.org/r\"", "\"name\":\"data\"", -EBADMSG,
         "data"},
};

static void test_edits(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
                _cleanup_(in_toto_link_done) struct in_toto_link link = {};
                _cleanup_(buf_done) struct buf text = {};
                struct problem problem = {};

                test_label = edits[i].to;
                edit_first(&text, view_string(edits[i].text), edits[i].from, edits[i].to);
                expect_integer(parse(buf_view(&text), &link, &problem), edits[i].error);
                expect_contains(problem.text, edits[i].reason);
        }
        test_label = "";
}

/* Rules are about all that a step took, whatever is known of it. */
static void test_without_digest(void)
{
        _cleanup_(in_toto_link_done) struct in_toto_link link = {};
        _cleanup_(buf_done) struct buf text = {};
        const struct attested *secret, *data;

        edit_first(
                &text, view_string(provenance_text), "{\"name\":\"data\",",
                "{\"name\":\"secret\"},{\"uri\":\"file:key\",\"digest\":{}},{\"name\":\"data\",");
        expect_integer(parse(buf_view(&text), &link, NULL), 0);
        expect_integer(link.materials.count, 4);
        secret = artifacts_find(&link.materials, "secret");
        data = artifacts_find(&link.materials, "data");
        expect(secret && data && artifacts_find(&link.materials, "file:key"));
        expect(!attested_is_same(secret, secret) && !attested_is_same(secret, data));
}

/* What a step of `hallmark run` says of how it ended. */
static const struct {
        const char *claims, *reason;
} claims[] = {
        {"\"hallmark_claims\":{\"statedBy\":\"step\",\"claims\":{\"exitStatus\":0}},", NULL},
        {"\"hallmark_claims\":{\"statedBy\":\"step\",\"claims\":{\"command\":[]}},", NULL},
        {"\"hallmark_claims\":{\"statedBy\":\"step\",\"claims\":{\"exitStatus\":1}},",
         "its command failed, status 1"},
        {"\"hallmark_claims\":{\"statedBy\":\"step\",\"claims\":{\"exitStatus\":\"0\"}},",
         "the status of its command is no integer"},
};

static void test_claims(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(claims); i++) {
                _cleanup_(in_toto_link_done) struct in_toto_link link = {};
                _cleanup_(buf_done) struct buf from = {}, text = {};
                struct problem problem = {};

                test_label = claims[i].claims;
                buf_put_format(&from, "%s\"runDetails\"", claims[i].claims);
                buf_put_u8(&from, '\0');
                edit_first(&text, view_string(provenance_text), "\"runDetails\"",
                           (const char *)from.data);
                expect_integer(parse(buf_view(&text), &link, NULL), 0);
                expect_integer(in_toto_link_check_status(&link, &problem),
                               claims[i].reason ? -EKEYREJECTED : 0);
                expect_contains(problem.text, claims[i].reason ? claims[i].reason : "");
        }
        test_label = "";
}

int main(void)
{
        test_link();
        test_provenance();
        test_edits();
        test_without_digest();
        test_claims();
        return test_result();
}
