/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "agent/server-state.h"

void connection_tell_refusal(const struct connection *connection, const char *reason)
{
        const struct server_events *events = &connection->server->events;

        if (events->refused)
                events->refused(events->agent, &connection->caller, reason);
}

static void refuse(int fd, const struct interface *interface, const char *error, const char *reason)
{
        _cleanup_(buf_done) struct buf reply = BUF_INIT(VARLINK_MESSAGE_MAX);
        _cleanup_(json_decrefp) json_t *parameters = json_pack("{s:s}", "reason", reason);
        char name[128];

        (void)snprintf(name, sizeof(name), "%s.%s", interface->name, error);
        varlink_put_error(&reply, name, parameters);
        if (!buf_error(&reply))
                (void)send(fd, reply.data, reply.size,
                           MSG_DONTWAIT | MSG_NOSIGNAL); /* a courtesy */
}

/* Negative, with the reason, when this peer may have no connection (any more). */
static int admit(const struct listener *listener, const struct caller *caller,
                 struct problem *problem)
{
        const struct server *server = listener->server;
        size_t here = 0, same = 0;

        if (server->draining)
                return problem_set(problem, -EBUSY, "the agent is stopping");
        for (const struct connection *other = server->connections; other; other = other->next)
                if (other->listener == listener) {
                        here++;
                        same += other->caller.uid == caller->uid;
                }
        if (here >= listener->connection_limit)
                return problem_set(problem, -EBUSY, "%zu connections are open, and no more allowed",
                                   here);
        if (same >= SERVER_CONNECTIONS_PER_UID)
                return problem_set(problem, -EBUSY,
                                   "user %u has %zu connections, and may have no more",
                                   (unsigned)caller->uid, same);
        return 0;
}

/* Who sends is told of what comes after this. A service manager that does not ask for it leaves us
 * with connections that had no such thing; what they sent until now is the opener's. */
static int watch_sender(struct connection *connection)
{
        int r = caller_watch_senders(connection->fd), early = 0;

        if (r < 0)
                return r;
        if (ioctl(connection->fd, FIONREAD, &early) == 0 && early > 0)
                connection->early = (size_t)early;
        return 0;
}

/* The uid decides; the name only explains. */
static void name_caller(const struct server *server, struct caller *caller)
{
        const struct server_events *events = &server->events;
        const char *name = events->user_name ? events->user_name(events->agent, caller->uid) : NULL;

        if (name)
                (void)snprintf(caller->user, sizeof(caller->user), "%s", name);
}

void connection_open(struct listener *listener, int fd)
{
        struct server *server = listener->server;
        struct connection *connection = calloc(1, sizeof(*connection));
        struct problem problem = {};
        int r;

        if (!connection) {
                (void)close(fd); /* nothing was promised to it */
                return;
        }
        connection->server = server;
        connection->listener = listener;
        connection->interfaces = listener->interfaces;
        connection->fd = fd;
        connection->caller.pidfd = -1;
        connection->calls_end = &connection->calls;
        connection->number = ++server->connection_number;
        connection->input.limit = VARLINK_MESSAGE_MAX + 2 * CONNECTION_READ_SIZE;
        connection->output.limit = SERVER_OUTPUT_MAX + SERVER_CALLS_MAX * VARLINK_REPLY_MAX;
        connection->next = server->connections;
        if (connection->next)
                connection->next->previous = connection;
        r = watch_sender(connection);
        if (r == 0)
                r = caller_identify(fd, &connection->caller, &problem);
        if (r < 0) {
                connection_tell_refusal(connection, problem_text(&problem, r));
                refuse(fd, listener->interfaces[0], "NotGranted", problem_text(&problem, r));
        }
        if (r == 0) {
                name_caller(server, &connection->caller);
                r = admit(listener, &connection->caller, &problem);
                if (r < 0)
                        refuse(fd, listener->interfaces[0], "Busy", problem_text(&problem, r));
        }
        server->connections = connection;
        server->connection_count++;
        if (r < 0 || connection_watch(connection) < 0)
                connection_close(connection);
}
