/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/in-toto-link.h"

#include <errno.h>

#include "lib/predicate.h"
#include "lib/utc.h"

static int set_name(const char *name, struct in_toto_link *ret, struct problem *problem)
{
        if (!name || !in_toto_name_is_valid(name))
                return problem_set(problem, -EBADMSG,
                                   "statement: \"%.100s\" cannot be the name of a step",
                                   name ? name : "");
        ret->name = name;
        return 0;
}

static int set_run(const json_t *object, struct in_toto_link *ret, struct problem *problem)
{
        const json_t *run = json_object_get(object, IN_TOTO_RUN);

        if (!run)
                return 0;
        ret->run = json_string_value(run);
        if (!ret->run || ret->run[0] == '\0' || strlen(ret->run) > IN_TOTO_RUN_MAX)
                return problem_set(problem, -EBADMSG,
                                   "statement: member \"" IN_TOTO_RUN
                                   "\": expected 1 to %d bytes of text",
                                   IN_TOTO_RUN_MAX);
        return 0;
}

/* https://github.com/in-toto/attestation/blob/main/spec/predicates/link.md */
static int read_link(const json_t *predicate, struct in_toto_link *ret, struct problem *problem)
{
        int r = predicate_link.check(predicate, problem);

        if (r == 0)
                r = set_name(json_member_string(predicate, "name"), ret, problem);
        if (r < 0)
                return r;
        ret->command = json_object_get(predicate, "command");
        ret->byproducts = json_object_get(predicate, "byproducts");
        ret->status = json_object_get(ret->byproducts, "return-value");
        r = set_run(json_object_get(predicate, "environment"), ret, problem);
        return r < 0 ? r
                     : artifacts_from_resources(json_object_get(predicate, "materials"),
                                                "statement: materials", &ret->materials, problem);
}

/* Absent is NULL; there, it is a time. */
static int read_time(const json_t *metadata, const char *name, const char **ret,
                     struct problem *problem)
{
        const json_t *time = json_object_get(metadata, name);
        uint64_t moment;

        *ret = json_string_value(time);
        if (!time || (*ret && utc_parse_moment(*ret, &moment) == 0))
                return 0;
        return problem_set(problem, -EBADMSG, "provenance: %s: expected a time in UTC", name);
}

static int read_details(const json_t *details, struct in_toto_link *ret, struct problem *problem)
{
        const json_t *metadata = json_object_get(details, "metadata");
        int r = read_time(metadata, "startedOn", &ret->started, problem);

        ret->builder = json_member_string(json_object_get(details, "builder"), "id");
        if (r == 0)
                r = read_time(metadata, "finishedOn", &ret->finished, problem);
        if (r == 0 && !ret->builder)
                r = problem_set(problem, -EBADMSG, "provenance: builder: expected its id");
        return r;
}

/* What our agent was told of the step, by the step. */
static const json_t *claims_of(const json_t *predicate)
{
        return json_object_get(json_object_get(predicate, "hallmark_claims"), "claims");
}

/* Those that our agent was given stand one level further down, beside what it has seen. */
static const json_t *external_parameters(const json_t *definition)
{
        const json_t *external = json_object_get(definition, "externalParameters");
        const json_t *given = json_object_get(external, "parameters");

        return json_is_object(given) ? given : external;
}

/* https://slsa.dev/spec/v1.0/provenance */
static int read_provenance(const json_t *predicate, struct in_toto_link *ret,
                           struct problem *problem)
{
        const json_t *definition = json_object_get(predicate, "buildDefinition");
        const json_t *parameters = external_parameters(definition);
        const json_t *taken = json_object_get(definition, "resolvedDependencies");
        int r;

        if (!json_is_object(definition) ||
            !json_is_object(json_object_get(predicate, "runDetails")))
                return problem_set(problem, -EBADMSG,
                                   "provenance: expected buildDefinition and runDetails");
        if (!json_object_get(parameters, "step"))
                return problem_set(problem, -EOPNOTSUPP,
                                   "provenance: externalParameters: no step is named");
        ret->status = json_object_get(claims_of(predicate), "exitStatus");
        r = set_name(json_member_string(parameters, "step"), ret, problem);
        if (r == 0)
                r = set_run(parameters, ret, problem);
        if (r == 0)
                r = read_details(json_object_get(predicate, "runDetails"), ret, problem);
        if (r == 0)
                r = resources_check(taken, "provenance: resolvedDependencies", 0, problem);
        return r < 0 ? r
                     : artifacts_from_resources(taken, "provenance: resolvedDependencies",
                                                &ret->materials, problem);
}

static int read_predicate(const struct statement *statement, struct in_toto_link *ret,
                          struct problem *problem)
{
        if (string_equal(statement->predicate_type, predicate_link.uri))
                return read_link(statement->predicate, ret, problem);
        if (string_equal(statement->predicate_type, PREDICATE_PROVENANCE))
                return read_provenance(statement->predicate, ret, problem);
        return problem_set(problem, -EOPNOTSUPP,
                           "statement: predicateType %.200s is no evidence of a step",
                           statement->predicate_type);
}

int in_toto_link_from_statement(json_t *payload, struct in_toto_link *ret, struct problem *problem)
{
        _cleanup_(in_toto_link_done) struct in_toto_link link = {};
        _cleanup_(statement_done) struct statement statement = {};
        int r = statement_from_json(payload, &statement, problem);

        if (r < 0)
                return r == -EMSGSIZE ? -EBADMSG : r;
        link.object = json_incref(statement.object);
        link.type = statement.predicate_type;
        link.predicate = statement.predicate;
        r = artifacts_from_resources(statement.subjects, "statement: subject", &link.products,
                                     problem);
        if (r == 0)
                r = read_predicate(&statement, &link, problem);
        if (r < 0)
                return r;
        *ret = link;
        link = (struct in_toto_link){};
        return 0;
}
