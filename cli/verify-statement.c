/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify.h"

#include <errno.h>

#include "cli/option.h"
#include "cli/subject.h"
#include "lib/where.h"

/* The descriptor of the file, with the digests that a subject has. */
static int describe_file(struct verification *v, json_t *ret, struct problem *problem)
{
        json_t *digests = json_object_get(ret, "digest");
        const json_t *subject;
        const char *hash;
        size_t i;

        for (size_t h = 0; (hash = digest_set_hash_at(h)); h++) {
                char hex[HEX_SIZE(DIGEST_SIZE_MAX)];
                uint8_t digest[DIGEST_SIZE_MAX];
                int wanted = 0, r;

                json_array_foreach (v->statement.subjects, i, subject)
                        wanted |= resource_digest(subject, hash) != NULL;
                if (!wanted)
                        continue;
                r = artifact_digest(&v->artifact, hash, (struct view){}, digest, problem);
                if (r < 0)
                        return r;
                (void)hex_encode(view_of(digest, digest_find_hash(hash)->size), hex);
                if (json_object_set_new(digests, hash, json_string(hex)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int describe_model(struct verification *v, json_t *ret, struct problem *problem)
{
        char hex[HEX_SIZE(SHA256_SIZE)];
        int r = subject_digest_model(&v->model, &v->oms.root, problem);

        if (r < 0)
                return r;
        return json_object_set_new(json_object_get(ret, "digest"), "sha256",
                                   json_string(hex_encode(sha256_view(&v->oms.root), hex))) < 0
                       ? -ENOMEM
                       : 0;
}

static int find_subject(struct verification *v, struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *resource = json_pack("{s:{}}", "digest");
        const char *found;
        int r;

        if (!resource)
                return -ENOMEM;
        r = v->model.path ? describe_model(v, resource, problem)
                          : describe_file(v, resource, problem);
        if (r < 0)
                return r;
        v->subject = statement_find_subject(&v->statement, resource);
        if (v->subject)
                return 0;
        found = resource_digest(resource, "sha256");
        return problem_set(problem, -EKEYREJECTED,
                           "%s: not among the %zu subjects of the attestation: SHA-256 %s", v->path,
                           json_array_size(v->statement.subjects),
                           found ? found : "is in none of them");
}

/* A statement may as well say that the file is no good: it has to be asked for. */
static int check_conditions(const struct verification *v, struct problem *problem)
{
        const char *type = option_value(v->invocation, VERIFY_PREDICATE_TYPE), *where;

        if (!verification_wants_statement(v))
                return problem_set(problem, -EINVAL,
                                   "%s: an attestation, not a signature: predicateType is "
                                   "\"%.150s\"; say with --predicate-type what it has to be",
                                   v->signature_path, v->statement.predicate_type);
        if (type && !string_equal(type, v->statement.predicate_type))
                return problem_set(problem, -EKEYREJECTED,
                                   "%s: predicateType: expected \"%.150s\", found \"%.150s\"",
                                   v->path, type, v->statement.predicate_type);
        for (size_t i = 0; (where = option_value_at(v->invocation, VERIFY_WHERE, i)); i++) {
                int r = where_holds(v->statement.object, where, problem);

                if (r < 0)
                        return problem_prefix(problem, r, "%s", v->path);
        }
        return 0;
}

int verification_check_statement(struct verification *v, struct problem *problem)
{
        int r = statement_parse(buf_view(&v->signature.bundle.envelope.payload), &v->statement,
                                problem);

        if (r == -EBADMSG || r == -EMSGSIZE)
                return problem_prefix(problem, -EKEYREJECTED, "%s", v->signature_path);
        if (r == 0)
                r = check_conditions(v, problem);
        return r < 0 ? r : find_subject(v, problem);
}

int verification_wants_statement(const struct verification *v)
{
        return option_value(v->invocation, VERIFY_PREDICATE_TYPE) ||
               option_value(v->invocation, VERIFY_WHERE);
}

int verification_check_where(const struct verification *v, struct problem *problem)
{
        const char *where;

        for (size_t i = 0; (where = option_value_at(v->invocation, VERIFY_WHERE, i)); i++)
                if (where_check(where, problem) < 0)
                        return problem_prefix(problem, -EINVAL, "verify: --where");
        return 0;
}
