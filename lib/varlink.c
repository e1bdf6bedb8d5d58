/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/varlink.h"

#include <errno.h>

static int is_letter(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int is_alphanumeric(char c)
{
        return is_letter(c) || (c >= '0' && c <= '9');
}

/* "interface.name.Member": at least two parts before the last one, all of letters and digits with
 * single hyphens inside, the last beginning with a capital (varlink.org, "Interface Definition").
 */
static int is_full_name(const char *name)
{
        const char *last = strrchr(name, '.');
        size_t dots = 0;

        if (!last || !is_letter(name[0]) || last[1] < 'A' || last[1] > 'Z')
                return 0;
        for (const char *c = name; *c; c++) {
                if (*c == '.')
                        dots++;
                if (is_alphanumeric(*c))
                        continue;
                if ((*c != '.' && (*c != '-' || c > last)) || !is_alphanumeric(c[1]))
                        return 0;
        }
        return dots >= 2;
}

static int read_parameters(json_t *message, json_t **ret)
{
        json_t *parameters = json_object_get(message, "parameters");

        if (!json_is_object(parameters)) {
                parameters = json_object();
                if (json_object_set_new(message, "parameters", parameters) < 0)
                        return -ENOMEM;
        }
        *ret = parameters;
        return 0;
}

static int read_call(json_t *message, struct varlink_call *ret, struct problem *problem)
{
        static const struct json_member members[] = {
                {"method", JSON_STRING, 1}, {"parameters", JSON_OBJECT, 0},
                {"oneway", JSON_TRUE, 0},   {"more", JSON_TRUE, 0},
                {"upgrade", JSON_TRUE, 0},
        };
        int r = json_check_members(message, "call", members, ARRAY_SIZE(members), problem);

        if (r < 0)
                return r;
        ret->method = json_member_string(message, "method");
        if (!is_full_name(ret->method))
                return problem_set(problem, -EBADMSG,
                                   "call: method: expected \"interface.name.Method\", found "
                                   "\"%.80s\"",
                                   ret->method);
        ret->oneway = json_is_true(json_object_get(message, "oneway"));
        ret->more = json_is_true(json_object_get(message, "more"));
        ret->upgrade = json_is_true(json_object_get(message, "upgrade"));
        if (ret->oneway + ret->more + ret->upgrade > 1)
                return problem_set(problem, -EBADMSG,
                                   "call: only one of oneway, more and upgrade can be true");
        return read_parameters(message, &ret->parameters);
}

static int read_reply(json_t *message, struct varlink_reply *ret, struct problem *problem)
{
        static const struct json_member members[] = {
                {"parameters", JSON_OBJECT, 0},
                {"error", JSON_STRING, 0},
                {"continues", JSON_TRUE, 0},
        };
        int r = json_check_members(message, "reply", members, ARRAY_SIZE(members), problem);

        if (r < 0)
                return r;
        ret->error = json_member_string(message, "error");
        if (ret->error && !is_full_name(ret->error))
                return problem_set(problem, -EBADMSG,
                                   "reply: error: expected \"interface.name.Error\", found "
                                   "\"%.80s\"",
                                   ret->error);
        ret->continues = json_is_true(json_object_get(message, "continues"));
        if (ret->error && ret->continues)
                return problem_set(problem, -EBADMSG, "reply: an error cannot continue");
        return read_parameters(message, &ret->parameters);
}

void varlink_call_done(struct varlink_call *call)
{
        if (!call)
                return;
        json_decref(call->message);
        *call = (struct varlink_call){};
}

void varlink_reply_done(struct varlink_reply *reply)
{
        if (!reply)
                return;
        json_decref(reply->message);
        *reply = (struct varlink_reply){};
}

int varlink_call_decode(struct view message, struct varlink_call *ret, struct problem *problem)
{
        _cleanup_(varlink_call_done) struct varlink_call call = {};
        int r = json_parse_object(message, &call.message, problem);

        if (r == 0)
                r = read_call(call.message, &call, problem);
        if (r < 0)
                return r;
        *ret = call;
        call.message = NULL;
        return 0;
}

int varlink_reply_decode(struct view message, struct varlink_reply *ret, struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        int r = json_parse_object(message, &reply.message, problem);

        if (r == 0)
                r = read_reply(reply.message, &reply, problem);
        if (r < 0)
                return r;
        *ret = reply;
        reply.message = NULL;
        return 0;
}

/* `{"HEAD":"NAME","parameters":…}` and the NUL; without @head only the parameters. @head and @name
 * need no escapes. */
static void put_message(struct buf *buf, const char *head, const char *name, json_t *parameters)
{
        if (head)
                buf_put_format(buf, "{\"%s\":\"%s\",\"parameters\":", head, name);
        else
                buf_put_string(buf, "{\"parameters\":");
        if (parameters)
                json_put(buf, parameters);
        else
                buf_put_string(buf, "{}");
        buf_put_string(buf, "}");
        buf_put_u8(buf, '\0');
}

void varlink_put_call(struct buf *buf, const char *method, json_t *parameters)
{
        assert(is_full_name(method));
        put_message(buf, "method", method, parameters);
}

void varlink_put_result(struct buf *buf, json_t *parameters)
{
        put_message(buf, NULL, NULL, parameters);
}

void varlink_put_result_text(struct buf *buf, struct view parameters)
{
        buf_put_string(buf, "{\"parameters\":");
        buf_put_view(buf, parameters);
        buf_put_u8(buf, '}');
        buf_put_u8(buf, '\0');
}

void varlink_put_error(struct buf *buf, const char *error, json_t *parameters)
{
        assert(is_full_name(error));
        put_message(buf, "error", error, parameters);
}
