/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/provenance.h"

/* jansson counts references in what is not changed otherwise. */
static json_t *referred(const json_t *value)
{
        return json_incref((json_t *)(uintptr_t)value);
}

/* What tenants have set: the unit that was started, and what somebody may describe. */
static json_t *external(const struct provenance *p)
{
        return json_pack("{s:o*, s:o*}", "parameters", referred(p->parameters), "unit",
                         p->unit ? referred(json_object_get(p->unit, "name")) : NULL);
}

/* What the platform has set or seen. */
static json_t *internal(const struct provenance *p)
{
        json_t *unit = p->unit ? json_copy((json_t *)(uintptr_t)p->unit) : NULL;

        if (unit && json_object_del(unit, "name") < 0) {
                json_decref(unit);
                return NULL;
        }
        return json_pack("{s:o, s:s, s:s*, s:{s:s, s:s, s:s}, s:o*, s:o*}", "caller",
                         referred(p->caller), "grant", p->grant, "describedBy", p->described_by,
                         "host", "boot", p->boot, "name", p->host, "origin", p->origin, "measured",
                         referred(p->measured), "service", unit);
}

/* Copies, each with a mark that it is the step's word. */
static json_t *dependencies(const json_t *materials)
{
        json_t *array = json_array();
        const json_t *material;
        size_t i;

        json_array_foreach (materials, i, material) {
                json_t *copy = json_copy((json_t *)(uintptr_t)material);

                if (!copy ||
                    json_object_set_new(copy, "annotations",
                                        json_pack("{s:s}", "hallmark_statedBy", "step")) < 0 ||
                    json_array_append_new(array, copy) < 0) {
                        json_decref(copy);
                        json_decref(array);
                        return NULL;
                }
        }
        return array;
}

static json_t *definition(const struct provenance *p)
{
        return json_pack("{s:s, s:o, s:o, s:o}", "buildType",
                         p->unit ? PROVENANCE_BUILD_UNIT : PROVENANCE_BUILD_CALLER,
                         "externalParameters", external(p), "internalParameters", internal(p),
                         "resolvedDependencies", dependencies(p->materials));
}

static json_t *details(const struct provenance *p)
{
        return json_pack("{s:{s:s, s:{s:s}}, s:{s:s, s:s, s:s}}", "builder", "id", p->builder,
                         "version", "hallmark", HALLMARK_VERSION, "metadata", "invocationId",
                         p->run, "startedOn", p->started, "finishedOn", p->finished);
}

/* Under a member that no other program takes for more. */
static json_t *claims(const struct provenance *p)
{
        return p->claims ? json_pack("{s:s, s:O}", "statedBy", "step", "claims",
                                     (json_t *)(uintptr_t)p->claims)
                         : NULL;
}

json_t *provenance_predicate(const struct provenance *provenance)
{
        return json_pack("{s:o, s:o, s:o*}", "buildDefinition", definition(provenance),
                         "runDetails", details(provenance), "hallmark_claims", claims(provenance));
}
