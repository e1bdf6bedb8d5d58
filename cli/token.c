/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/token.h"

static const struct json_member members[] = {
        {"name", JSON_STRING, 1},    {"driver", JSON_STRING, 1},    {"state", JSON_STRING, 1},
        {"reason", JSON_STRING, 1},  {"workers", JSON_INTEGER, 1},  {"ready", JSON_INTEGER, 1},
        {"queued", JSON_INTEGER, 1}, {"inFlight", JSON_INTEGER, 1}, {"restarts", JSON_INTEGER, 1},
        {"facts", JSON_OBJECT, 1},
};

int token_check(const json_t *token, struct problem *problem)
{
        return json_check_members(token, "agent: token", members, ARRAY_SIZE(members), problem);
}

int token_check_list(const json_t *tokens, struct problem *problem)
{
        const json_t *token;
        size_t i;
        int r = 0;

        json_array_foreach (tokens, i, token) {
                r = token_check(token, problem);
                if (r < 0)
                        return r;
        }
        return r;
}

static const char *fact(const json_t *token, const char *name)
{
        const char *value = json_member_string(json_object_get(token, "facts"), name);

        return value ? value : "";
}

void token_put_health(struct buf *buf, const json_t *token)
{
        const char *pin = fact(token, "pin"), *counter = fact(token, "lockout-counter");

        if (pin[0]) {
                buf_put_string(buf, "pin ");
                output_put_text(buf, view_string(pin));
        }
        if (!counter[0])
                return;
        buf_put_string(buf, pin[0] ? ", lockout " : "lockout ");
        output_put_text(buf, view_string(counter));
        buf_put_string(buf, " of ");
        output_put_text(buf, view_string(fact(token, "lockout-max")));
        if (string_equal(fact(token, "in-lockout"), "yes"))
                buf_put_string(buf, ", locked out");
}

static void put_row(struct table *table, const json_t *token)
{
        _cleanup_(buf_done) struct buf health = {};

        token_put_health(&health, token);
        buf_put_u8(&health, '\0');
        table_put(table, json_member_string(token, "name"));
        table_put(table, json_member_string(token, "driver"));
        table_put(table, json_member_string(token, "state"));
        table_put_integer(table, json_member_integer(token, "ready", 0));
        table_put_integer(table, json_member_integer(token, "queued", 0));
        table_put_integer(table, json_member_integer(token, "inFlight", 0));
        table_put_integer(table, json_member_integer(token, "restarts", 0));
        table_put(table, buf_error(&health) ? "" : (const char *)health.data);
        table_put(table, json_member_string(token, "reason"));
}

void token_put_rows(struct table *table, const json_t *tokens)
{
        static const char *const titles[] = {"TOKEN",     "DRIVER",   "STATE",  "WORKERS", "QUEUED",
                                             "IN FLIGHT", "RESTARTS", "HEALTH", "REASON"};
        const json_t *token;
        size_t i;

        table_init(table, ARRAY_SIZE(titles));
        for (i = 0; i < ARRAY_SIZE(titles); i++)
                table_put(table, titles[i]);
        json_array_foreach (tokens, i, token)
                put_row(table, token);
}
