/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/agent.h"
#include "cli/claim.h"
#include "cli/option.h"
#include "cli/output.h"

#define GROUPS_MAX 256

enum {
        OPTION_USER,
        OPTION_GROUP,
        OPTION_UNIT,
        OPTION_SLICE,
        OPTION_JOB,
        OPTION_KEY,
        OPTION_METHOD,
        OPTION_CLAIM,
};

static int add_group(json_t *question, gid_t gid)
{
        json_t *groups = json_object_get(question, "groups");

        return json_array_append_new(groups, json_integer(gid)) < 0 ? -ENOMEM : 0;
}

/* A user without an entry has the groups that are given. */
static int set_user(json_t *question, const char *name, struct problem *problem)
{
        uint64_t number = getuid();
        int is_number = !name || view_parse_decimal(view_string(name), &number) == 0;
        const struct passwd *entry = is_number ? getpwuid((uid_t)number) : getpwnam(name);
        gid_t groups[GROUPS_MAX];
        int count = GROUPS_MAX, r = 0;

        if (!entry && !is_number)
                return problem_set(problem, -ENOENT, "grant explain: there is no user \"%s\"",
                                   name);
        if (json_object_set_new(question, "uid",
                                json_integer(entry ? entry->pw_uid : (json_int_t)number)) < 0)
                return -ENOMEM;
        if (!entry)
                return 0;
        if (getgrouplist(entry->pw_name, entry->pw_gid, groups, &count) < 0)
                return problem_set(problem, -E2BIG,
                                   "grant explain: user %s is in more than %d groups",
                                   entry->pw_name, GROUPS_MAX);
        for (int i = 0; r == 0 && i < count; i++)
                r = add_group(question, groups[i]);
        if (r == 0 && json_object_set_new(question, "gid", json_integer(entry->pw_gid)) < 0)
                r = -ENOMEM;
        return r;
}

/* In place of those that the user has. */
static int set_groups(json_t *question, const struct invocation *invocation,
                      struct problem *problem)
{
        const char *name;
        int r = 0;

        if (!option_value(invocation, OPTION_GROUP))
                return 0;
        (void)json_object_del(question, "gid"); /* may not be there */
        (void)json_array_clear(json_object_get(question, "groups"));
        for (size_t i = 0; r == 0 && (name = option_value_at(invocation, OPTION_GROUP, i)); i++) {
                const struct group *entry = getgrnam(name);
                uint64_t gid = 0;

                if (!entry && view_parse_decimal(view_string(name), &gid) < 0)
                        return problem_set(problem, -ENOENT,
                                           "grant explain: there is no group \"%s\"", name);
                r = add_group(question, entry ? entry->gr_gid : (gid_t)gid);
        }
        return r;
}

static int set_texts(json_t *question, const struct invocation *invocation)
{
        static const struct {
                const char *name;
                size_t option;
        } texts[] = {
                {"job", OPTION_JOB},     {"key", OPTION_KEY},   {"method", OPTION_METHOD},
                {"slice", OPTION_SLICE}, {"unit", OPTION_UNIT},
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                const char *value = option_value(invocation, texts[i].option);

                if (value && json_object_set_new(question, texts[i].name, json_string(value)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int make_question(const struct invocation *invocation, json_t **ret, struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *question = json_pack("{s:[]}", "groups");
        json_t *claims = NULL;
        int r;

        if (!question)
                return -ENOMEM;
        if (!option_value(invocation, OPTION_METHOD))
                return problem_set(problem, -EINVAL, "grant explain: expected --method");
        r = set_user(question, option_value(invocation, OPTION_USER), problem);
        if (r == 0)
                r = set_groups(question, invocation, problem);
        if (r == 0)
                r = set_texts(question, invocation);
        if (r == 0)
                r = claims_read(invocation, OPTION_CLAIM, &claims, problem);
        if (r == 0 && claims && json_object_set_new(question, "claims", claims) < 0)
                r = -ENOMEM;
        if (r == 0)
                *ret = json_incref(question);
        return r;
}

static void print(const json_t *reply, struct buf *text)
{
        const json_t *rules = json_object_get(reply, "rules"), *rule;
        struct table table;
        size_t i;

        buf_put_string(text,
                       json_is_true(json_object_get(reply, "allowed")) ? "allowed: " : "refused: ");
        output_put_text(text, view_string(json_member_string(reply, "reason")));
        buf_put_u8(text, '\n');
        table_init(&table, 3);
        json_array_foreach (rules, i, rule) {
                table_put(&table, json_member_string(rule, "grant"));
                table_put(&table, json_member_string(rule, "reason"));
                table_put(&table, json_member_string(rule, "place"));
        }
        table_print(&table, 2, text);
        table_done(&table);
}

static int check_reply(const json_t *reply, struct problem *problem)
{
        static const struct json_member members[] = {
                {"allowed", JSON_TRUE, 1},       {"decision", JSON_STRING, 0},
                {"grant", JSON_STRING, 0},       {"place", JSON_STRING, 0},
                {"reason", JSON_STRING, 1},      {"rules", JSON_ARRAY, 1},
                {"retryAfter", JSON_INTEGER, 0},
        };
        static const struct json_member of_rule[] = {
                {"applies", JSON_TRUE, 1},     {"burst", JSON_INTEGER, 0},
                {"decision", JSON_STRING, 0},  {"grant", JSON_STRING, 1},
                {"perDay", JSON_INTEGER, 0},   {"place", JSON_STRING, 1},
                {"rate", JSON_INTEGER, 0},     {"reason", JSON_STRING, 1},
                {"rateTime", JSON_INTEGER, 0},
        };
        const json_t *rule;
        size_t i;
        int r = json_check_members(reply, "agent: reply", members, ARRAY_SIZE(members), problem);

        if (r < 0)
                return r;
        json_array_foreach (json_object_get(reply, "rules"), i, rule) {
                r = json_check_members(rule, "agent: rule", of_rule, ARRAY_SIZE(of_rule), problem);
                if (r < 0)
                        return r;
        }
        return 0;
}

static enum answer show(const json_t *reply, int json, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};
        int r = check_reply(reply, problem);

        if (r == 0 && json)
                r = output_write_json(json_incref((json_t *)(uintptr_t)reply), problem);
        if (r == 0 && !json) {
                print(reply, &text);
                r = output_write(&text, problem);
        }
        if (r < 0)
                return answer_of(r, problem);
        if (json_is_true(json_object_get(reply, "allowed")))
                return ANSWER_YES;
        (void)problem_set(problem, 0, "%s", json_member_string(reply, "reason"));
        return ANSWER_NO;
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        json_t *question = NULL;
        enum answer answer;
        int r = make_question(invocation, &question, problem);

        if (r < 0)
                return answer_of(r, problem);
        answer = agent_call(invocation->admin_socket, ADMIN ".ExplainGrant", question, &reply,
                            problem);
        return answer == ANSWER_YES ? show(reply.parameters, invocation->json, problem) : answer;
}

const struct verb verb_grant_explain = {
        .group = "grant",
        .name = "explain",
        .operands = "",
        .help = "say which grant decides about a request, and why",
        .options =
                {
                        [OPTION_USER] = {"user", "u", "USER", "who asks; yourself without it"},
                        [OPTION_GROUP] = {"group", NULL, "GROUP", "in place of the user's groups",
                                          .repeats = 1},
                        [OPTION_UNIT] = {"unit", NULL, "UNIT", "the service or scope it runs in"},
                        [OPTION_SLICE] = {"slice", NULL, "SLICE", "the innermost slice"},
                        [OPTION_JOB] = {"job", NULL, "NUMBER", "the Slurm job"},
                        [OPTION_KEY] = {"key", "k", "KEY", "the key that is asked for"},
                        [OPTION_METHOD] = {"method", "m", "METHOD", "what is called"},
                        [OPTION_CLAIM] = {"claim", NULL, "NAME=VALUE", "what is claimed",
                                          .repeats = 1},
                },
        .run = run,
};
