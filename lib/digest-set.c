/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/digest-set.h"

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

        if (!json_is_string(value) || name[0] == '\0' || size == 0 || size > DIGEST_SET_TEXT_MAX)
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

int digest_set_check(const json_t *set, const char *what, struct problem *problem)
{
        const char *name;
        json_t *value;

        if (!json_is_object(set))
                return problem_set(problem, -EBADMSG, "%s: member \"digest\": expected an object",
                                   what);
        if (json_object_size(set) > DIGEST_SET_MAX)
                return problem_set(problem, -EBADMSG, "%s: more than %d digests", what,
                                   DIGEST_SET_MAX);
        /* jansson's iterator takes a mutable object and does not change it. */
        json_object_foreach ((json_t *)(uintptr_t)set, name, value) {
                int r = check_digest(name, value, what, problem);

                if (r < 0)
                        return r;
        }
        return 0;
}

enum digest_match digest_set_compare(const json_t *a, const json_t *b)
{
        enum digest_match match = DIGEST_UNKNOWN;

        for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
                const char *one = json_member_string(a, forms[i].name);
                const char *other = json_member_string(b, forms[i].name);

                if (!forms[i].proves || !one || !other)
                        continue;
                if (!string_equal(one, other))
                        return DIGEST_DIFFERS;
                match = DIGEST_MATCHES;
        }
        return match;
}

const char *digest_set_hash_at(size_t index)
{
        static const char *const hashes[] = {"sha256", "sha384", "sha512"};

        return index < ARRAY_SIZE(hashes) ? hashes[index] : NULL;
}
