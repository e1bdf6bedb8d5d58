/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent.h"
#include "cli/output.h"
#include "cli/token.h"

static const struct json_member status_members[] = {
        {"version", JSON_STRING, 1},     {"origin", JSON_STRING, 1},
        {"pid", JSON_INTEGER, 1},        {"started", JSON_STRING, 1},
        {"digest", JSON_STRING, 1},      {"connections", JSON_INTEGER, 1},
        {"signatures", JSON_INTEGER, 1}, {"journal", JSON_OBJECT, 1},
        {"tokens", JSON_ARRAY, 1},       {"witnesses", JSON_ARRAY, 1},
        {"anchor", JSON_OBJECT, 0},      {"frozen", JSON_ARRAY, 0},
        {"rotations", JSON_ARRAY, 0},
};

static const struct json_member rotation_members[] = {
        {"due", JSON_STRING, 1},
        {"isDue", JSON_TRUE, 1},
        {"name", JSON_STRING, 1},
        {"version", JSON_INTEGER, 1},
};

static const struct json_member anchor_members[] = {
        {"token", JSON_STRING, 1}, {"state", JSON_STRING, 1},     {"reason", JSON_STRING, 1},
        {"index", JSON_STRING, 1}, {"expected", JSON_INTEGER, 1}, {"counter", JSON_INTEGER, 1},
        {"time", JSON_STRING, 1},
};

static const struct json_member frozen_members[] = {
        {"key", JSON_STRING, 0},
        {"reason", JSON_STRING, 1},
        {"since", JSON_STRING, 1},
        {"uid", JSON_INTEGER, 1},
};

static const struct json_member journal_members[] = {
        {"state", JSON_STRING, 1},          {"reason", JSON_STRING, 1},
        {"size", JSON_INTEGER, 1},          {"checkpointSize", JSON_INTEGER, 1},
        {"checkpointTime", JSON_STRING, 1}, {"checkpointProblem", JSON_STRING, 1},
};

static const struct json_member witness_members[] = {
        {"name", JSON_STRING, 1},  {"url", JSON_STRING, 1},  {"state", JSON_STRING, 1},
        {"size", JSON_INTEGER, 1}, {"time", JSON_STRING, 1}, {"problem", JSON_STRING, 1},
};

static int check_list(const json_t *list, const char *what, const struct json_member *members,
                      size_t count, struct problem *problem)
{
        const json_t *object;
        size_t i;
        int r = 0;

        json_array_foreach (list, i, object) {
                r = json_check_members(object, what, members, count, problem);
                if (r < 0)
                        return r;
        }
        return r;
}

static int check_anchor(const json_t *anchor, struct problem *problem)
{
        return anchor ? json_check_members(anchor, "agent: anchor", anchor_members,
                                           ARRAY_SIZE(anchor_members), problem)
                      : 0;
}

static int check(const json_t *status, struct problem *problem)
{
        int r = json_check_members(status, "agent: status", status_members,
                                   ARRAY_SIZE(status_members), problem);

        if (r == 0)
                r = json_check_members(json_object_get(status, "journal"), "agent: journal",
                                       journal_members, ARRAY_SIZE(journal_members), problem);
        if (r == 0)
                r = check_anchor(json_object_get(status, "anchor"), problem);
        if (r == 0)
                r = token_check_list(json_object_get(status, "tokens"), problem);
        if (r == 0)
                r = check_list(json_object_get(status, "rotations"), "agent: rotation",
                               rotation_members, ARRAY_SIZE(rotation_members), problem);
        if (r == 0)
                r = check_list(json_object_get(status, "witnesses"), "agent: witness",
                               witness_members, ARRAY_SIZE(witness_members), problem);
        if (r == 0)
                r = check_list(json_object_get(status, "frozen"), "agent: frozen", frozen_members,
                               ARRAY_SIZE(frozen_members), problem);
        return r;
}

/* One row "name  value" for each scalar member, in the order of the table. */
static void put_facts(struct table *table, const json_t *object, const struct json_member *members,
                      size_t count)
{
        for (size_t i = 0; i < count; i++) {
                const char *text = json_member_string(object, members[i].name);

                if (members[i].type == JSON_STRING && text[0]) {
                        table_put(table, members[i].name);
                        table_put(table, text);
                } else if (members[i].type == JSON_INTEGER) {
                        table_put(table, members[i].name);
                        table_put_integer(table, json_member_integer(object, members[i].name, 0));
                }
        }
}

static void put_section(struct buf *text, const char *title, const json_t *object,
                        const struct json_member *members, size_t count)
{
        _cleanup_(table_done) struct table table = {};

        table_init(&table, 2);
        put_facts(&table, object, members, count);
        buf_put_string(text, title);
        buf_put_u8(text, '\n');
        table_print(&table, 2, text);
}

static void put_witness_rows(struct table *table, const json_t *witnesses)
{
        static const char *const titles[] = {"WITNESS", "STATE", "COSIGNED", "TIME", "PROBLEM"};
        const json_t *witness;
        size_t i;

        table_init(table, ARRAY_SIZE(titles));
        for (i = 0; i < ARRAY_SIZE(titles); i++)
                table_put(table, titles[i]);
        json_array_foreach (witnesses, i, witness) {
                table_put(table, json_member_string(witness, "name"));
                table_put(table, json_member_string(witness, "state"));
                table_put_integer(table, json_member_integer(witness, "size", 0));
                table_put(table, json_member_string(witness, "time"));
                table_put(table, json_member_string(witness, "problem"));
        }
}

static void put_frozen_rows(struct table *table, const json_t *frozen)
{
        static const char *const titles[] = {"FROZEN", "SINCE", "BY UID", "REASON"};
        const json_t *one;
        size_t i;

        table_init(table, ARRAY_SIZE(titles));
        for (i = 0; i < ARRAY_SIZE(titles); i++)
                table_put(table, titles[i]);
        json_array_foreach (frozen, i, one) {
                const char *key = json_member_string(one, "key");

                table_put(table, key ? key : "everything");
                table_put(table, json_member_string(one, "since"));
                table_put_integer(table, json_member_integer(one, "uid", 0));
                table_put(table, json_member_string(one, "reason"));
        }
}

static void put_rotation_rows(struct table *table, const json_t *list)
{
        const json_t *rotation;
        size_t i;

        table_init(table, 4);
        table_put(table, "KEY");
        table_put(table, "VERSION");
        table_put(table, "ROTATE AFTER");
        table_put(table, "");
        json_array_foreach (list, i, rotation) {
                table_put(table, json_member_string(rotation, "name"));
                table_put_integer(table, json_member_integer(rotation, "version", 0));
                table_put(table, json_member_string(rotation, "due"));
                table_put(table, json_is_true(json_object_get(rotation, "isDue")) ? "due" : "");
        }
}

static int print(const json_t *status, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};
        _cleanup_(table_done) struct table tokens = {}, witnesses = {}, frozen = {}, rotations = {};

        put_section(&text, "agent", status, status_members, ARRAY_SIZE(status_members));
        put_section(&text, "journal", json_object_get(status, "journal"), journal_members,
                    ARRAY_SIZE(journal_members));
        if (json_object_get(status, "anchor"))
                put_section(&text, "anchor", json_object_get(status, "anchor"), anchor_members,
                            ARRAY_SIZE(anchor_members));
        token_put_rows(&tokens, json_object_get(status, "tokens"));
        table_print(&tokens, 0, &text);
        if (json_array_size(json_object_get(status, "witnesses")) > 0) {
                put_witness_rows(&witnesses, json_object_get(status, "witnesses"));
                table_print(&witnesses, 0, &text);
        }
        if (json_array_size(json_object_get(status, "frozen")) > 0) {
                put_frozen_rows(&frozen, json_object_get(status, "frozen"));
                table_print(&frozen, 0, &text);
        }
        if (json_array_size(json_object_get(status, "rotations")) > 0) {
                put_rotation_rows(&rotations, json_object_get(status, "rotations"));
                table_print(&rotations, 0, &text);
        }
        return output_write(&text, problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        enum answer answer = agent_call(invocation->admin_socket, ADMIN ".Status", json_object(),
                                        &reply, problem);
        int r;

        if (answer != ANSWER_YES)
                return answer;
        r = check(reply.parameters, problem);
        if (r == 0)
                r = invocation->json ? output_write_json(json_incref(reply.parameters), problem)
                                     : print(reply.parameters, problem);
        return answer_of(r, problem);
}

const struct verb verb_status = {
        .name = "status",
        .operands = "",
        .help = "show the agent, its journal and its tokens",
        .run = run,
};
