/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "agent/server-state.h"

#define REST_MAX ((size_t)1 << 18) /* bytes of calls that are answered at a stop */

static void refuse(struct connection *connection, struct view message)
{
        struct call *call = connection_add_call(connection);
        struct problem problem = {};
        int r;

        if (!call)
                return;
        r = varlink_call_decode(message, &call->message, &problem);
        if (r < 0)
                call_fail(call, "BadMessage", "%s", problem_text(&problem, r));
        else
                call_fail(call, "Busy", "the agent is stopping, and has not begun with this");
}

void connection_refuse_rest(struct connection *connection)
{
        size_t done = 0;
        int r = 1;

        if (connection->closing)
                return;
        while (r > 0 && connection->input.size < REST_MAX)
                r = connection_read(connection);
        while (r != -EPERM && done < connection->input.size) { /* that has been answered */
                const uint8_t *start = connection->input.data + done;
                const uint8_t *end = memchr(start, '\0', connection->input.size - done);

                if (!end)
                        break;
                refuse(connection, view_of(start, (size_t)(end - start)));
                done += (size_t)(end - start) + 1;
        }
        buf_consume(&connection->input, done);
        connection->scanned = 0;
}

/* What came of it nobody knows here: its operation goes on without the call. */
static void put_unfinished(struct buf *output, const struct call *call)
{
        static const char reason[] =
                "the agent ends before this has: the journal says what came of it";
        _cleanup_(json_decrefp) json_t *parameters = json_pack("{s:s}", "reason", reason);
        char name[128];

        (void)snprintf(name, sizeof(name), "%s.Busy", call->interface->name);
        if (!call->message.oneway)
                varlink_put_error(output, name, parameters);
}

void connection_abandon(struct connection *connection)
{
        connection_collect(connection);
        for (const struct call *call = connection->calls; call; call = call->next)
                if (call->answered)
                        buf_put_view(&connection->output, buf_view(&call->reply));
                else
                        put_unfinished(&connection->output, call);
        if (!buf_error(&connection->output))
                (void)connection_send(connection); /* it is closed in any case */
        connection_close(connection);
}
