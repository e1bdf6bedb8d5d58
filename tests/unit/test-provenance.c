/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/provenance.h"
#include "tests/test.h"

/* All of it, with what a unit was told, and without. */

static json_t *parse(const char *text)
{
        json_t *object = NULL;
        int r = json_parse_object(view_string(text), &object, NULL);

        assert(r == 0);
        return object;
}

static void expect_predicate(const struct provenance *provenance, const char *expected)
{
        _cleanup_(json_decrefp) json_t *predicate = provenance_predicate(provenance);
        _cleanup_(buf_done) struct buf text = {};

        expect(predicate != NULL);
        if (predicate)
                json_put(&text, predicate);
        expect_text(buf_view(&text), expected);
}

#define DETAILS                                                                                     \
        "\"runDetails\":{\"builder\":{\"id\":\"b:1\",\"version\":{\"hallmark\":\"" HALLMARK_VERSION \
        "\"}},\"metadata\":{\"finishedOn\":\"F\",\"invocationId\":\"o/run/1\",\"startedOn\":\"S\"}}"
#define CALLER "\"caller\":{\"uid\":7}"
#define HOST   "\"host\":{\"boot\":\"B\",\"name\":\"h\",\"origin\":\"o\"}"

int main(void)
{
        _cleanup_(json_decrefp) json_t *caller = parse("{\"uid\":7}");
        _cleanup_(json_decrefp) json_t *unit =
                parse("{\"execStart\":[[\"/bin/x\",\"y\"]],\"fragmentPath\":\"/f\","
                      "\"invocationId\":\"I\",\"name\":\"u.service\"}");
        _cleanup_(json_decrefp) json_t *measured = parse("{\"bank\":\"sha256\"}");
        _cleanup_(json_decrefp) json_t *parameters = parse("{\"p\":\"1\"}");
        _cleanup_(json_decrefp) json_t *said = parse("{\"service\":{},\"builder\":\"x\"}");
        _cleanup_(json_decrefp) json_t *materials =
                json_pack("[{s:s, s:{s:s}}]", "name", "m", "annotations", "observedBy", "PID 1");
        struct provenance provenance = {
                .builder = "b:1",
                .run = "o/run/1",
                .started = "S",
                .finished = "F",
                .origin = "o",
                .boot = "B",
                .host = "h",
                .grant = "g",
                .caller = caller,
        };

        expect_predicate(
                &provenance,
                "{\"buildDefinition\":{\"buildType\":\"https://hallmark.io/run/caller/v1\","
                "\"externalParameters\":{},\"internalParameters\":{" CALLER ",\"grant\":\"g\"," HOST
                "},\"resolvedDependencies\":[]}," DETAILS "}");
        provenance.unit = unit;
        provenance.measured = measured;
        provenance.parameters = parameters;
        provenance.described_by = "d";
        provenance.materials = materials;
        provenance.claims = said;
        expect_predicate(
                &provenance,
                "{\"buildDefinition\":{\"buildType\":\"https://hallmark.io/run/unit/v1\","
                "\"externalParameters\":{\"parameters\":{\"p\":\"1\"},\"unit\":\"u.service\"},"
                "\"internalParameters\":{" CALLER ",\"describedBy\":\"d\",\"grant\":\"g\"," HOST
                ",\"measured\":{\"bank\":\"sha256\"},\"service\":{\"execStart\":[[\"/bin/x\",\"y\"]],\"fragmentPath\":\"/f\","
                "\"invocationId\":\"I\"}},\"resolvedDependencies\":[{\"annotations\":"
                "{\"hallmark_statedBy\":\"step\"},\"name\":\"m\"}]},\"hallmark_claims\":"
                "{\"claims\":{\"builder\":\"x\",\"service\":{}},\"statedBy\":\"step\"}," DETAILS
                "}");
        /* What was given is as it was. */
        expect(json_object_get(unit, "name") != NULL);
        expect(json_object_get(json_object_get(json_array_get(materials, 0), "annotations"),
                               "observedBy") != NULL);
        return test_result();
}
