/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/resource.h"

#include <errno.h>

/* The names of in-toto's DigestSet whose values have a form. */
static const struct form {
        const char *name;
        size_t digits, other_digits;
        int proves; /* as far as collisions are concerned */
} forms[] = {
        {"sha256", 64, 0, 1},     {"sha384", 96, 0, 1},   {"sha512", 128, 0, 1},
        {"sha512_256", 64, 0, 1}, {"sha3_256", 64, 0, 1}, {"sha3_384", 96, 0, 1},
        {"sha3_512", 128, 0, 1},  {"sha224", 56, 0, 0},   {"sha512_224", 56, 0, 0},
        {"sha3_224", 56, 0, 0},   {"sha1", 40, 0, 0},     {"md5", 32, 0, 0},
        {"gitCommit", 40, 64, 0}, {"gitTree", 40, 64, 0}, {"gitBlob", 40, 64, 0},
        {"gitTag", 40, 64, 0},
};

static const struct form *find_form(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
                if (string_equal(forms[i].name, name))
                        return &forms[i];
        return NULL;
}

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

static int is_lower_hex(const char *text, size_t size)
{
        for (size_t i = 0; i < size; i++)
                if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
                        return 0;
        return 1;
}

static int check_digest(const char *name, const json_t *value, const char *what,
                        struct problem *problem)
{
        const struct form *form = find_form(name);
        size_t size = json_string_length(value);

        if (!json_is_string(value) || name[0] == '\0' || size == 0 || size > RESOURCE_TEXT_MAX)
                return problem_set(problem, -EBADMSG,
                                   "%s: digest \"%.32s\": expected a string that is not empty",
                                   what, name);
        if (!form)
                return 0;
        if ((size != form->digits && size != form->other_digits) ||
            !is_lower_hex(json_string_value(value), size))
                return problem_set(problem, -EBADMSG,
                                   "%s: digest \"%s\": expected %zu hexadecimal digits in lower "
                                   "case, found \"%.40s\"",
                                   what, name, form->digits, json_string_value(value));
        return 0;
}

static int check_digests(const json_t *digests, const char *what, struct problem *problem)
{
        const char *name;
        json_t *value;
        int r;

        if (!json_is_object(digests))
                return problem_set(problem, -EBADMSG, "%s: member \"digest\": expected an object",
                                   what);
        if (json_object_size(digests) > RESOURCE_DIGESTS_MAX)
                return problem_set(problem, -EBADMSG, "%s: more than %d digests", what,
                                   RESOURCE_DIGESTS_MAX);
        /* jansson's iterator takes a mutable object and does not change it. */
        json_object_foreach ((json_t *)(uintptr_t)digests, name, value) {
                r = check_digest(name, value, what, problem);
                if (r < 0)
                        return r;
        }
        return 0;
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
                r = check_digests(digests, what, problem);
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

enum resource_match resource_compare(const json_t *a, const json_t *b)
{
        enum resource_match match = RESOURCE_UNKNOWN;

        for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
                const char *one = resource_digest(a, forms[i].name);
                const char *other = resource_digest(b, forms[i].name);

                if (!forms[i].proves || !one || !other)
                        continue;
                if (!string_equal(one, other))
                        return RESOURCE_DIFFERS;
                match = RESOURCE_MATCHES;
        }
        return match;
}
