/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/call.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "agent/server-state.h"

#define SERVICE "org.varlink.service"

const struct caller *call_caller(const struct call *call)
{
        return &call->connection->caller;
}

uint64_t call_connection(const struct call *call)
{
        return call->connection->number;
}

struct view call_caller_text(const struct call *call)
{
        struct buf *text = &call->connection->caller_text;

        if (text->size == 0) {
                _cleanup_(json_decrefp) json_t *caller = caller_to_json(call_caller(call));

                if (caller)
                        json_put(text, caller);
                if (buf_error(text))
                        buf_clear(text);
        }
        return buf_view(text);
}

const struct interface *const *call_interfaces(const struct call *call)
{
        return call->connection->interfaces;
}

char *call_request(const struct call *call, char ret[CALL_REQUEST_SIZE])
{
        (void)snprintf(ret, CALL_REQUEST_SIZE, "%llu.%llu",
                       call->connection ? (unsigned long long)call->connection->number : 0,
                       (unsigned long long)call->number);
        return ret;
}

static void call_free(struct call *call)
{
        varlink_call_done(&call->message);
        buf_done(&call->reply);
        free(call);
}

static void call_finish(struct call *call)
{
        struct connection *connection = call->connection;

        call->answered = 1;
        asked_free(call->asked);
        charges_free(call->charges);
        call->asked = NULL;
        call->charges = NULL;
        varlink_call_done(&call->message); /* may be large, and the reply may wait for others */
        if (!connection) {
                call_free(call);
                return;
        }
        connection->answered_size += call->reply.size;
        connection_flush_soon(connection);
}

void call_reply(struct call *call, json_t *parameters)
{
        if (!call->message.oneway)
                varlink_put_result(&call->reply, parameters);
        json_decref(parameters);
        call_finish(call);
}

void call_reply_text(struct call *call, struct view parameters)
{
        if (!call->message.oneway)
                varlink_put_result_text(&call->reply, parameters);
        call_finish(call);
}

void call_error(struct call *call, const char *error, json_t *parameters)
{
        if (!call->message.oneway)
                varlink_put_error(&call->reply, error, parameters);
        json_decref(parameters);
        call_finish(call);
}

void call_fail(struct call *call, const char *error, const char *format, ...)
{
        struct problem reason = {};
        char name[128], text[PROBLEM_TEXT_MAX];
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        (void)problem_set(&reason, 0, "%s", text);
        (void)snprintf(name, sizeof(name), "%s.%s", call->interface->name, error);
        call_error(call, name, json_pack("{s:s}", "reason", reason.text));
}

/* The name of the first parameter that is unknown, missing or of another type; NULL if all is well.
 */
static const char *wrong_parameter(const struct method *method, const json_t *parameters)
{
        const char *name;
        json_t *value;

        if (json_check_members(parameters, "", method->parameters, method->parameter_count, NULL) ==
            0)
                return NULL;
        for (size_t i = 0; i < method->parameter_count; i++) {
                json_t *one = json_object_get(parameters, method->parameters[i].name);
                _cleanup_(json_decrefp) json_t *alone =
                        one ? json_pack("{s:O}", method->parameters[i].name, one) : json_object();

                if (json_check_members(alone, "", &method->parameters[i], 1, NULL) < 0)
                        return method->parameters[i].name;
        }
        json_object_foreach ((json_t *)(uintptr_t)parameters, name, value) {
                size_t i = 0;

                while (i < method->parameter_count &&
                       !string_equal(method->parameters[i].name, name))
                        i++;
                if (i == method->parameter_count)
                        return name;
        }
        return NULL;
}

static const struct method *find_method(const struct interface *interface, const char *name)
{
        for (size_t i = 0; i < interface->method_count; i++)
                if (string_equal(interface->methods[i].name, name))
                        return &interface->methods[i];
        return NULL;
}

void call_dispatch(struct call *call)
{
        const struct interface *const *interface = call->connection->interfaces;
        const char *full = call->message.method, *dot = strrchr(full, '.');
        size_t length = (size_t)(dot - full);
        const char *wrong;

        while (*interface && !view_is(view_of(full, length), (*interface)->name))
                interface++;
        if (!*interface) {
                call_error(call, SERVICE ".InterfaceNotFound",
                           json_pack("{s:s%}", "interface", full, length));
                return;
        }
        call->interface = *interface;
        call->method = find_method(call->interface, dot + 1);
        if (!call->method) {
                call_error(call, SERVICE ".MethodNotFound", json_pack("{s:s}", "method", dot + 1));
                return;
        }
        wrong = wrong_parameter(call->method, call->message.parameters);
        if (wrong) {
                call_error(call, SERVICE ".InvalidParameter",
                           json_pack("{s:s}", "parameter", wrong));
                return;
        }
        call->method->handle(call->connection->server->events.agent, call);
}
