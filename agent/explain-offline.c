/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/account.h"
#include "agent/explain.h"

#define EXIT_COULD_NOT 2

static int set_user(json_t *question, const char *value, struct problem *problem)
{
        gid_t gid, groups[CALLER_GROUPS_MAX];
        size_t count = CALLER_GROUPS_MAX;
        json_t *list = json_array();
        uid_t uid = 0;
        int r = account_find_user(value, &uid);

        if (r == 0)
                r = account_user_groups(uid, &gid, groups, &count);
        for (size_t i = 0; r == 0 && i < count; i++)
                if (json_array_append_new(list, json_integer(groups[i])) < 0)
                        r = -ENOMEM;
        if (r == 0 && (json_object_set_new(question, "uid", json_integer(uid)) < 0 ||
                       json_object_set(question, "groups", list) < 0))
                r = -ENOMEM;
        if (r == 0 && gid != (gid_t)-1 &&
            json_object_set_new(question, "gid", json_integer(gid)) < 0)
                r = -ENOMEM;
        json_decref(list);
        return r == -ENOENT ? problem_set(problem, r, "there is no user \"%s\"", value) : r;
}

static int set_claim(json_t *question, const char *value, struct problem *problem)
{
        const char *equals = strchr(value, '=');
        json_t *claims = json_object_get(question, "claims");

        if (!equals)
                return problem_set(problem, -EINVAL, "expected claim=NAME=VALUE, found claim=%s",
                                   value);
        if (!claims) {
                claims = json_object();
                if (json_object_set_new(question, "claims", claims) < 0)
                        return -ENOMEM;
        }
        return json_object_setn_new(claims, value, (size_t)(equals - value),
                                    json_string(equals + 1)) < 0
                       ? -ENOMEM
                       : 0;
}

static int set_word(json_t *question, const char *word, struct problem *problem)
{
        static const char *const texts[] = {"job", "key", "method", "slice", "unit"};
        const char *equals = strchr(word, '=');
        struct view name = view_of(word, equals ? (size_t)(equals - word) : 0);

        if (view_is(name, "user"))
                return set_user(question, equals + 1, problem);
        if (view_is(name, "claim"))
                return set_claim(question, equals + 1, problem);
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                if (view_is(name, texts[i]))
                        return json_object_set_new(question, texts[i], json_string(equals + 1)) < 0
                                       ? -ENOMEM
                                       : 0;
        return problem_set(problem, -EINVAL,
                           "expected user=, unit=, slice=, job=, key=, method= or claim=, found "
                           "\"%s\"",
                           word);
}

static int read_question(char *const *words, json_t *question, struct problem *problem)
{
        int r = 0;

        for (; r == 0 && *words; words++)
                r = set_word(question, *words, problem);
        if (r == 0 && (!json_object_get(question, "uid") || !json_object_get(question, "method")))
                r = problem_set(problem, -EINVAL, "expected at least user= and method=");
        return r;
}

static void print(const json_t *reply)
{
        const json_t *rules = json_object_get(reply, "rules"), *rule;
        size_t i;

        (void)printf("%s: %s\n",
                     json_is_true(json_object_get(reply, "allowed")) ? "allowed" : "refused",
                     json_member_string(reply, "reason"));
        json_array_foreach (rules, i, rule)
                (void)printf("  %s: [Grant %s]: %s\n", json_member_string(rule, "place"),
                             json_member_string(rule, "grant"), json_member_string(rule, "reason"));
}

int explain_offline(const char *path, char *const *words)
{
        _cleanup_(config_freep) struct config *config = NULL;
        _cleanup_(json_decrefp) json_t *question = json_object();
        _cleanup_(json_decrefp) json_t *reply = NULL;
        struct problem problem = {};
        int r = question ? read_question(words, question, &problem) : -ENOMEM;

        if (r == 0)
                r = config_load(path, &config, &problem);
        if (r == 0)
                r = explain_answer(config, NULL, question, &reply, &problem);
        if (r < 0) {
                (void)fprintf(stderr, "hallmarkd: %s\n", problem_text(&problem, r));
                return EXIT_COULD_NOT;
        }
        print(reply);
        return json_is_true(json_object_get(reply, "allowed")) ? EXIT_SUCCESS : EXIT_FAILURE;
}
