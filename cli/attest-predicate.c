/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/attest.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "cli/option.h"
#include "cli/subject.h"
#include "lib/file.h"
#include "lib/predicate.h"

static int check_usage(const struct invocation *invocation, struct problem *problem)
{
        const char *any = option_value(invocation, ATTEST_PREDICATE_TYPE);
        const char *type = option_value(invocation, ATTEST_TYPE);

        if ((any != NULL) == (type != NULL))
                return problem_set(problem, -EINVAL,
                                   "attest: expected either --type or --predicate-type");
        if (any && !option_value(invocation, ATTEST_PREDICATE))
                return problem_set(problem, -EINVAL, "attest: expected --predicate FILE");
        if (any && option_value(invocation, ATTEST_SET))
                return problem_set(problem, -EINVAL, "attest: --set is for --type");
        if (any && !statement_type_is_valid(any))
                return problem_set(problem, -EINVAL,
                                   "attest: --predicate-type: expected a URI, found \"%.100s\"",
                                   any);
        return 0;
}

static int read_file(const char *path, json_t **ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(STATEMENT_PREDICATE_SIZE_MAX);
        int r;

        if (!path) {
                *ret = json_object();
                return *ret ? 0 : -ENOMEM;
        }
        r = file_read(AT_FDCWD, path, &text, problem);
        if (r < 0)
                return r;
        r = json_parse_object(buf_view(&text), ret, problem);
        return r < 0 ? problem_prefix(problem, r, "%s", path) : 0;
}

/* A field that is a file, of which there is only what the type wants to know. */
static int describe_file(const struct predicate_field *field, const char *path, json_t **ret,
                         struct problem *problem)
{
        json_t *resource = NULL;
        int r = subject_describe(path, &resource, problem);

        if (r < 0)
                return r;
        if (field->kind == PREDICATE_REFERENCE &&
            (json_object_set(resource, "uri", json_object_get(resource, "name")) < 0 ||
             json_object_del(resource, "name") < 0))
                r = -ENOMEM;
        *ret = field->kind == PREDICATE_DIGEST ? json_incref(json_object_get(resource, "digest"))
                                               : json_incref(resource);
        json_decref(resource);
        return r;
}

static int is_file(const struct predicate_field *field)
{
        return field->kind == PREDICATE_RESOURCE || field->kind == PREDICATE_REFERENCE ||
               field->kind == PREDICATE_DIGEST;
}

static int refuse_field(const struct predicate_type *type, const char *name,
                        struct problem *problem)
{
        _cleanup_(buf_done) struct buf names = {};

        for (size_t i = 0; i < type->count; i++)
                buf_put_format(&names, "%s%s", i > 0 ? " " : "", type->fields[i].name);
        buf_put_u8(&names, '\0');
        if (buf_error(&names))
                return buf_error(&names);
        return problem_set(problem, -EINVAL, "attest: --set: %s has %s, and no \"%.64s\"",
                           type->name, (const char *)names.data, name);
}

static int set_field(const struct predicate_type *type, json_t *predicate, const char *setting,
                     const char *now, struct problem *problem)
{
        _cleanup_(freep) char *name = strndup(setting, strcspn(setting, "="));
        const char *text = strchr(setting, '=');
        const struct predicate_field *field;
        json_t *value = NULL;
        int r;

        if (!name)
                return -ENOMEM;
        if (!text)
                return problem_set(problem, -EINVAL,
                                   "attest: --set: expected NAME=VALUE, found \"%.80s\"", setting);
        field = predicate_field_find(type, name);
        if (!field)
                return refuse_field(type, name, problem);
        r = is_file(field) ? describe_file(field, text + 1, &value, problem)
                           : predicate_value(field, text + 1, now, &value, problem);
        if (r == 0)
                r = predicate_set(predicate, field, name, value, problem);
        return r == -EBADMSG ? problem_prefix(problem, -EINVAL, "attest: --set") : r;
}

static int fill(const struct invocation *invocation, const struct predicate_type *type,
                json_t *predicate, struct problem *problem)
{
        const char *setting;
        char now[sizeof("2026-11-22T10:00:00Z")] = "";
        time_t seconds = time(NULL);
        struct tm utc;
        int r = 0;

        if (!gmtime_r(&seconds, &utc) ||
            strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
                return problem_set(problem, -EINVAL, "the clock has no time that can be written");
        for (size_t i = 0; r == 0 && (setting = option_value_at(invocation, ATTEST_SET, i)); i++)
                r = set_field(type, predicate, setting, now, problem);
        if (r == 0)
                r = predicate_complete(type, predicate, now, problem);
        return r == -EBADMSG ? -EINVAL : r;
}

int attest_read_predicate(const struct invocation *invocation, json_t **ret, const char **ret_type,
                          struct problem *problem)
{
        const char *word = option_value(invocation, ATTEST_TYPE);
        const struct predicate_type *type = word ? predicate_type_find(word) : NULL;
        _cleanup_(json_decrefp) json_t *predicate = NULL;
        int r = check_usage(invocation, problem);

        if (r == 0)
                r = read_file(option_value(invocation, ATTEST_PREDICATE), &predicate, problem);
        if (r == 0 && type)
                r = fill(invocation, type, predicate, problem);
        if (r < 0)
                return r;
        *ret_type = type ? type->uri : option_value(invocation, ATTEST_PREDICATE_TYPE);
        *ret = TAKE_PTR(predicate);
        return 0;
}
