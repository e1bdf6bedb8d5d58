/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/socket.h>

#include "agent/server-state.h"

static int may_read(const struct connection *connection)
{
        return !connection->closing && connection->call_count < SERVER_CALLS_MAX &&
               connection->output.size + connection->answered_size < SERVER_OUTPUT_MAX;
}

static int on_stall(sd_event_source *source, uint64_t usec, void *context)
{
        connection_close(context);
        return 0;
}

/* Somebody is slow: the clock runs from the last progress. @waiting: half a message is in, or a
 * reply is not out. */
static int watch_stall(struct connection *connection, int waiting)
{
        if (!waiting)
                return connection->stall
                               ? sd_event_source_set_enabled(connection->stall, SD_EVENT_OFF)
                               : 0;
        if (!connection->stall)
                return sd_event_add_time_relative(connection->server->event, &connection->stall,
                                                  CLOCK_MONOTONIC, SERVER_STALL_USEC, 0, on_stall,
                                                  connection);
        if (sd_event_source_get_enabled(connection->stall, NULL) > 0)
                return 0;
        if (sd_event_source_set_time_relative(connection->stall, SERVER_STALL_USEC) < 0)
                return -EINVAL;
        return sd_event_source_set_enabled(connection->stall, SD_EVENT_ONESHOT);
}

static void restart_stall(struct connection *connection)
{
        if (connection->stall)
                (void)sd_event_source_set_enabled(connection->stall, SD_EVENT_OFF);
}

int connection_is_through(const struct connection *connection)
{
        return connection->closing && connection->call_count == 0 &&
               (connection->output.size == 0 || connection->server->hurrying);
}

/* Asks the loop for what the connection can use now, and closes it when it is through. */
static void connection_settle(struct connection *connection)
{
        uint32_t watched = (may_read(connection) ? EPOLLIN : 0u) |
                           (connection->output.size > 0 ? EPOLLOUT : 0u);
        int waiting =
                connection->output.size > 0 || (connection->input.size > 0 && may_read(connection));

        if (connection_is_through(connection)) {
                connection_close(connection);
                return;
        }
        if (watch_stall(connection, waiting) < 0 ||
            (watched != connection->watched &&
             sd_event_source_set_io_events(connection->io, watched) < 0)) {
                connection_close(connection);
                return;
        }
        connection->watched = watched;
}

void connection_collect(struct connection *connection)
{
        while (connection->calls && connection->calls->answered) {
                struct call *call = connection->calls;

                connection->calls = call->next;
                if (!connection->calls)
                        connection->calls_end = &connection->calls;
                connection->call_count--;
                connection->answered_size -= call->reply.size;
                if (buf_error(&call->reply)) /* or a later reply would be taken for this one */
                        connection->output.error = buf_error(&call->reply);
                buf_put_view(&connection->output, buf_view(&call->reply));
                varlink_call_done(&call->message);
                buf_done(&call->reply);
                free(call);
        }
}

int connection_send(struct connection *connection)
{
        while (connection->output.size > 0) {
                ssize_t sent = send(connection->fd, connection->output.data,
                                    connection->output.size, MSG_DONTWAIT | MSG_NOSIGNAL);

                if (sent < 0 && errno == EINTR)
                        continue;
                if (sent < 0)
                        return errno == EAGAIN ? 0 : -errno;
                buf_consume(&connection->output, (size_t)sent);
                restart_stall(connection);
        }
        return 0;
}

static void take_messages(struct connection *connection);

void connection_flush(struct connection *connection)
{
        connection_collect(connection);
        if (buf_error(&connection->output) || connection_send(connection) < 0) {
                connection_close(connection);
                return;
        }
        take_messages(connection); /* what was read before, and may be worked on now */
        connection_settle(connection);
}

struct call *connection_add_call(struct connection *connection)
{
        struct call *call = calloc(1, sizeof(*call));

        if (!call)
                return NULL;
        call->connection = connection;
        call->interface = connection->interfaces[0];
        call->number = ++connection->call_number;
        call->reply.limit = VARLINK_REPLY_MAX;
        *connection->calls_end = call;
        connection->calls_end = &call->next;
        connection->call_count++;
        return call;
}

static void refuse_dead(struct connection *connection, struct call *call)
{
        struct problem problem = {};

        (void)problem_set(&problem, -EPERM,
                          "the process that opened this connection (pid %d) is gone",
                          (int)connection->caller.pid);
        connection_tell_refusal(connection, problem.text);
        call_fail(call, "NotGranted", "%s", problem.text);
}

static void take_message(struct connection *connection, struct view message)
{
        struct call *call = connection_add_call(connection);
        struct problem problem = {};
        int r;

        if (!call) {
                connection->closing = 1;
                return;
        }
        r = varlink_call_decode(message, &call->message, &problem);
        if (r < 0)
                call_fail(call, "BadMessage", "%s", problem_text(&problem, r));
        else if (!caller_is_alive(&connection->caller))
                refuse_dead(connection, call);
        else
                call_dispatch(call);
}

/* Works through the whole messages in the input, as far as the limits allow. */
static void take_messages(struct connection *connection)
{
        size_t done = 0;

        while (may_read(connection) && done < connection->input.size) {
                const uint8_t *start = connection->input.data + done;
                size_t left = connection->input.size - done;
                const uint8_t *end =
                        memchr(start + connection->scanned, '\0', left - connection->scanned);

                connection->scanned = end ? (size_t)(end - start) : left;
                if (!end || connection->scanned > VARLINK_MESSAGE_MAX)
                        break;
                connection->scanned = 0;
                take_message(connection, view_of(start, (size_t)(end - start)));
                done += (size_t)(end - start) + 1;
                restart_stall(connection);
        }
        buf_consume(&connection->input, done);
        if (connection->scanned > VARLINK_MESSAGE_MAX && !connection->closing) {
                struct call *call = connection_add_call(connection);

                if (call)
                        call_fail(call, "TooLarge", "message longer than %zu bytes",
                                  VARLINK_MESSAGE_MAX);
                connection->closing = 1;
        }
}

/* The connection was handed on. Whoever has it now is not the one that was identified. */
static int refuse_sender(struct connection *connection, pid_t sender)
{
        struct call *call = connection_add_call(connection);
        struct problem problem = {};

        (void)problem_set(&problem, -EPERM,
                          "process %d sends on a connection that process %d has opened: a "
                          "connection serves nobody else",
                          (int)sender, (int)connection->caller.pid);
        connection_tell_refusal(connection, problem.text);
        if (call)
                call_fail(call, "NotGranted", "%s", problem.text);
        return -EPERM;
}

int connection_read(struct connection *connection)
{
        uint8_t *room = buf_reserve(&connection->input, CONNECTION_READ_SIZE);
        pid_t sender = 0;
        ssize_t got;

        if (!room)
                return buf_error(&connection->input);
        got = caller_receive(connection->fd, room, CONNECTION_READ_SIZE, &sender);
        if (got < 0)
                return got == -EAGAIN || got == -EINTR ? 0 : (int)got;
        if (got == 0)
                return -ECONNRESET;
        if (sender != connection->caller.pid && !(sender == 0 && connection->early >= (size_t)got))
                return refuse_sender(connection, sender);
        connection->early -= connection->early < (size_t)got ? connection->early : (size_t)got;
        buf_grown(&connection->input, (size_t)got);
        return 1;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *context)
{
        struct connection *connection = context;
        int r = 0;

        if (revents & EPOLLIN)
                r = connection_read(connection);
        /* Gone for good, with nothing left to read: nobody would take the replies. */
        if ((revents & (EPOLLHUP | EPOLLERR)) && r <= 0) {
                connection_close(connection);
                return 0;
        }
        if (r < 0)
                connection->closing = 1; /* half closed: the replies owed still go out */
        if (r > 0)
                take_messages(connection);
        connection_flush(connection);
        return 0;
}

int connection_watch(struct connection *connection)
{
        sd_event *event = connection->server->event;
        int r;

        r = sd_event_add_io(event, &connection->io, connection->fd, EPOLLIN, on_io, connection);
        connection->watched = EPOLLIN;
        return r;
}

void connection_close(struct connection *connection)
{
        struct server *server = connection->server;
        uint64_t number = connection->number;

        for (struct call *call = connection->calls, *next; call; call = next) {
                next = call->next;
                call->connection = NULL;
                if (!call->answered)
                        continue; /* freed when it is */
                varlink_call_done(&call->message);
                buf_done(&call->reply);
                free(call);
        }
        sd_event_source_disable_unref(connection->io);
        flush_queue_remove(connection);
        sd_event_source_disable_unref(connection->stall);
        caller_done(&connection->caller);
        buf_done(&connection->caller_text);
        fd_closep(&connection->fd);
        buf_done(&connection->input);
        buf_done(&connection->output);
        if (connection->previous)
                connection->previous->next = connection->next;
        else
                server->connections = connection->next;
        if (connection->next)
                connection->next->previous = connection->previous;
        server->connection_count--;
        free(connection);
        if (server->events.closed)
                server->events.closed(server->events.agent, number);
        server_connection_gone(server);
}
