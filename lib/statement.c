/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/statement.h"

#include <errno.h>

void statement_done(struct statement *statement)
{
        if (!statement)
                return;
        json_decref(statement->object);
        *statement = (struct statement){};
}

static int is_letter(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int is_uri_character(char c)
{
        return is_letter(c) || (c >= '0' && c <= '9') ||
               (c != '\0' && strchr("-._~:/?#[]@!$&'()*+,;=%", c));
}

int statement_type_is_valid(const char *type)
{
        size_t scheme = strcspn(type, ":"), size = strlen(type);

        if (size > STATEMENT_URI_MAX || scheme == 0 || scheme + 1 >= size || !is_letter(type[0]))
                return 0;
        for (size_t i = 0; i < size; i++) {
                if (!is_uri_character(type[i]))
                        return 0;
                if (i < scheme && strchr("_~/?#[]@!$&'()*,;=%", type[i]))
                        return 0;
        }
        return 1;
}

static int check_type(const json_t *object, struct problem *problem)
{
        const json_t *type = json_object_get(object, "_type");

        if (!json_is_string(type))
                return problem_set(problem, -EBADMSG, "member \"_type\": expected a string");
        if (!string_equal(json_string_value(type), STATEMENT_TYPE))
                return problem_set(problem, -EBADMSG,
                                   "_type: expected \"" STATEMENT_TYPE "\", found \"%.100s\"",
                                   json_string_value(type));
        return 0;
}

static int check_predicate_type(const json_t *object, struct problem *problem)
{
        const json_t *type = json_object_get(object, "predicateType");

        if (!json_is_string(type))
                return problem_set(problem, -EBADMSG,
                                   "member \"predicateType\": expected a string");
        if (!statement_type_is_valid(json_string_value(type)))
                return problem_set(problem, -EBADMSG,
                                   "predicateType: expected a URI, found \"%.100s\"",
                                   json_string_value(type));
        return 0;
}

static int check_subjects(const json_t *object, struct problem *problem)
{
        const json_t *subjects = json_object_get(object, "subject");

        if (!json_is_array(subjects) || json_array_size(subjects) == 0)
                return problem_set(problem, -EBADMSG,
                                   "member \"subject\": expected an array of at least one "
                                   "subject");
        if (json_array_size(subjects) > STATEMENT_SUBJECTS_MAX)
                return problem_set(problem, -EMSGSIZE, "more than %zu subjects",
                                   STATEMENT_SUBJECTS_MAX);
        return resources_check(subjects, "subject", 1, problem);
}

static int check_predicate(const json_t *object, struct problem *problem)
{
        const json_t *predicate = json_object_get(object, "predicate");
        _cleanup_(buf_done) struct buf text = BUF_INIT(STATEMENT_PREDICATE_SIZE_MAX);

        if (!json_is_object(predicate))
                return problem_set(problem, -EBADMSG, "member \"predicate\": expected an object");
        json_put(&text, predicate);
        if (buf_error(&text) == -EMSGSIZE)
                return problem_set(problem, -EMSGSIZE, "predicate: over %zu bytes",
                                   STATEMENT_PREDICATE_SIZE_MAX);
        return buf_error(&text);
}

static int check(const json_t *object, struct problem *problem)
{
        int r = check_type(object, problem);

        if (r == 0)
                r = check_predicate_type(object, problem);
        if (r == 0)
                r = check_subjects(object, problem);
        if (r == 0)
                r = check_predicate(object, problem);
        return r < 0 ? problem_prefix(problem, r, "statement") : 0;
}

int statement_from_json(json_t *object, struct statement *ret, struct problem *problem)
{
        int r = check(object, problem);

        if (r < 0)
                return r;
        *ret = (struct statement){
                .object = json_incref(object),
                .subjects = json_object_get(object, "subject"),
                .predicate_type = json_member_string(object, "predicateType"),
                .predicate = json_object_get(object, "predicate"),
        };
        return 0;
}

int statement_parse(struct view text, struct statement *ret, struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *object = NULL;
        int r;

        if (text.size > STATEMENT_SIZE_MAX)
                return problem_set(problem, -EMSGSIZE, "statement: over %zu bytes",
                                   STATEMENT_SIZE_MAX);
        r = json_parse_object(text, &object, problem);
        return r < 0 ? problem_prefix(problem, r, "statement")
                     : statement_from_json(object, ret, problem);
}

int statement_make(const json_t *subjects, const char *predicate_type, const json_t *predicate,
                   struct statement *ret, struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *object = NULL;

        if (!statement_type_is_valid(predicate_type))
                return problem_set(problem, -EBADMSG,
                                   "statement: predicateType: expected a URI, found \"%.100s\"",
                                   predicate_type);
        /* jansson counts references in what is not changed otherwise. */
        object = json_pack("{s:s, s:O, s:s, s:O}", "_type", STATEMENT_TYPE, "predicate",
                           (json_t *)(uintptr_t)predicate, "predicateType", predicate_type,
                           "subject", (json_t *)(uintptr_t)subjects);
        return object ? statement_from_json(object, ret, problem) : -ENOMEM;
}

int statement_put(struct buf *buf, const json_t *subjects, const char *predicate_type,
                  const json_t *predicate, struct problem *problem)
{
        _cleanup_(statement_done) struct statement statement = {};
        _cleanup_(buf_done) struct buf text = BUF_INIT(STATEMENT_SIZE_MAX);
        int r = statement_make(subjects, predicate_type, predicate, &statement, problem);

        if (r < 0)
                return r;
        json_put(&text, statement.object);
        if (buf_error(&text) == -EMSGSIZE)
                return problem_set(problem, -EMSGSIZE, "statement: over %zu bytes",
                                   STATEMENT_SIZE_MAX);
        buf_put_view(buf, buf_view(&text));
        return buf_error(&text) ? buf_error(&text) : buf_error(buf);
}

const json_t *statement_find_subject(const struct statement *statement, const json_t *resource)
{
        const json_t *subject;
        size_t i;

        json_array_foreach (statement->subjects, i, subject)
                if (resource_compare(subject, resource) == DIGEST_MATCHES)
                        return subject;
        return NULL;
}
