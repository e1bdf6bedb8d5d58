/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/resource.h"

#include <errno.h>

json_t *resource_new(const char *name, const char *hash, struct view digest)
{
        char hex[HEX_SIZE(DIGEST_SIZE_MAX)];
        json_t *resource;

        assert(digest.size <= DIGEST_SIZE_MAX);
        resource = json_pack("{s:{s:s}}", "digest", hash, hex_encode(digest, hex));
        if (resource && name && json_object_set_new(resource, "name", json_string(name)) < 0) {
                json_decref(resource);
                return NULL;
        }
        return resource;
}

static int check_texts(const json_t *resource, const char *what, struct problem *problem)
{
        static const struct {
                const char *name;
                size_t max;
        } texts[] = {
                {"name", RESOURCE_TEXT_MAX},
                {"uri", RESOURCE_TEXT_MAX},
                {"content", SIZE_MAX},
                {"downloadLocation", RESOURCE_TEXT_MAX},
                {"mediaType", RESOURCE_TEXT_MAX},
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                const json_t *value = json_object_get(resource, texts[i].name);

                if (value && !json_is_string(value))
                        return problem_set(problem, -EBADMSG,
                                           "%s: member \"%s\": expected a string", what,
                                           texts[i].name);
                if (json_string_length(value) > texts[i].max)
                        return problem_set(problem, -EBADMSG, "%s: member \"%s\": over %zu bytes",
                                           what, texts[i].name, texts[i].max);
        }
        return 0;
}

int resource_check(const json_t *value, const char *what, int required, struct problem *problem)
{
        const json_t *digests = json_object_get(value, "digest");
        const json_t *annotations = json_object_get(value, "annotations");
        int r;

        if (!json_is_object(value))
                return problem_set(problem, -EBADMSG, "%s: expected an object", what);
        r = check_texts(value, what, problem);
        if (r == 0 && digests)
                r = digest_set_check(digests, what, problem);
        if (r == 0 && required && json_object_size(digests) == 0)
                r = problem_set(problem, -EBADMSG, "%s: no digest", what);
        if (r == 0 && annotations && !json_is_object(annotations))
                r = problem_set(problem, -EBADMSG, "%s: member \"annotations\": expected an object",
                                what);
        return r;
}

/* Notes @resource under its name. */
static int note_name(json_t *names, const json_t *resource, const char *what,
                     struct problem *problem)
{
        const char *name = resource_name(resource);

        if (name[0] == '\0')
                return 0;
        if (json_object_get(names, name))
                return problem_set(problem, -EBADMSG, "%s: name \"%.200s\" is there twice", what,
                                   name);
        return json_object_set_new(names, name, json_true()) < 0 ? -ENOMEM : 0;
}

int resources_check(const json_t *array, const char *what, int required, struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *names = json_object();
        const json_t *resource;
        size_t i;

        if (!names)
                return -ENOMEM;
        if (array && !json_is_array(array))
                return problem_set(problem, -EBADMSG, "%s: expected an array", what);
        json_array_foreach (array, i, resource) {
                int r = resource_check(resource, what, required, problem);

                if (r == 0)
                        r = note_name(names, resource, what, problem);
                if (r < 0)
                        return problem_prefix(problem, r, "number %zu", i + 1);
        }
        return 0;
}

const char *resource_name(const json_t *resource)
{
        const char *name = json_member_string(resource, "name");

        return name ? name : "";
}

const char *resource_digest(const json_t *resource, const char *hash)
{
        return json_member_string(json_object_get(resource, "digest"), hash);
}

enum digest_match resource_compare(const json_t *a, const json_t *b)
{
        return digest_set_compare(json_object_get(a, "digest"), json_object_get(b, "digest"));
}
