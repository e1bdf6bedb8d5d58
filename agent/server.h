/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The sockets and the connections: framing, limits, order of replies. What a method does is not
 * known here.
 *
 * A connection is not read while it may not add more work, a message has to be complete and a reply
 * to be taken within bounded time, and nobody can hold more connections or calls than the limits
 * say.
 */

#include <systemd/sd-event.h>

#include "agent/call.h"

#define SERVER_CONNECTIONS_SIGN    4096 /* by the sign socket */
#define SERVER_CONNECTIONS_ADMIN   64   /* by the admin socket, which has its own places */
#define SERVER_CONNECTIONS_PER_UID 1024 /* by one socket */
#define SERVER_CALLS_MAX           64   /* unanswered, per connection */
#define SERVER_OUTPUT_MAX          ((size_t)1 << 16) /* bytes of unsent replies before reading stops */
#define SERVER_STALL_USEC                                                                          \
        ((uint64_t)30 * 1000000) /* for half a message, or a reply that is not taken */

struct server;

struct server_events {
        /* A call of a known method whose parameters are of the right types. */
        struct agent *agent;
        /* The name of a user, for records, or NULL. NULL: nobody knows any. */
        const char *(*user_name)(struct agent *agent, uid_t uid);
        /* A connection was refused, or ended, because of who is at its other end. NULL: nobody
         * wants to know. */
        void (*refused)(struct agent *agent, const struct caller *caller, const char *reason);
        /* All calls are answered and all replies are sent, after server_drain(). */
        void (*drained)(struct agent *agent);
        /* A connection has been closed: by its number, as call_connection(). */
        void (*closed)(struct agent *agent, uint64_t connection);
};

int server_new(sd_event *event, const struct server_events *events, struct server **ret) _must_use_;

/* Closes all connections. Calls that are not answered yet live on; their clients are told so. */
struct server *server_free(struct server *server);
DEFINE_CLEANUP(struct server *, server_free)

/* Serves the interfaces of the NULL-terminated list on a listening socket, which becomes the
 * server's, for at most @connections at once (fewer when the agent may have too few files open). */
int server_listen(struct server *server, int fd, const struct interface *const *interfaces,
                  size_t connections) _must_use_;

/* Binds a socket with that mode (replacing a stale one) and listens. */
int server_bind(const char *path, mode_t mode, int *ret_fd, struct problem *problem) _must_use_;

/* Sends the replies that were made since, without waiting for the loop to come round. Not from
 * within a call: connections may be closed. */
void server_flush(struct server *server);

/* Takes no more connections and calls: those that are there and not begun are answered with Busy.
 */
void server_drain(struct server *server);

/* After server_drain(): waits no longer for clients to take their replies. Calls that are not
 * answered yet are. */
void server_hurry(struct server *server);

size_t server_connections(const struct server *server);
