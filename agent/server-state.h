/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What sockets and connections share. Private to agent/server.c, agent/admission.c,
 * agent/connection.c, agent/connection-end.c, agent/flush-queue.c and agent/call.c.
 */

#include "agent/server.h"

struct listener {
        struct listener *next;
        struct server *server;
        const struct interface *const *interfaces;
        size_t connection_limit;
        int fd;
        sd_event_source *io;
};

struct connection {
        struct connection *previous, *next;
        struct connection *flush_previous, *flush_next; /* in the queue, while queued */
        int queued;
        struct server *server;
        const struct listener *listener; /* by which it came */
        const struct interface *const *interfaces;
        uint64_t number;
        struct caller caller;
        struct buf caller_text; /* of it, as in records; empty before it is asked for */
        int fd;
        sd_event_source *io, *stall;
        uint32_t watched; /* epoll events asked for */
        struct buf input, output;
        size_t scanned; /* bytes of input known to hold no NUL */
        size_t early;   /* bytes sent before the kernel was asked to tell who sends */
        struct call *calls, **calls_end;
        size_t call_count;
        size_t answered_size; /* bytes of replies whose turn has not come */
        uint64_t call_number;
        int closing; /* no more input; goes when the replies are out */
};

struct server {
        sd_event *event;
        struct server_events events;
        struct listener *listeners;
        struct connection *connections;
        size_t connection_count, connection_limit;
        uint64_t connection_number;
        struct connection *flush_first, *flush_last; /* those with replies to collect */
        size_t flush_count;
        sd_event_source *flush; /* enabled while there are some */
        int draining;
        int hurrying; /* replies that a client does not take at once are dropped */
};

#define CONNECTION_READ_SIZE ((size_t)16384) /* bytes read at once */

/* Makes a connection out of an accepted socket, which becomes its own in any case. admission.c, as
 * the next one. */
void connection_open(struct listener *listener, int fd);

/* Reports that the connection was refused, or is ended, because of who is at its other end. */
void connection_tell_refusal(const struct connection *connection, const char *reason);

/* Has the event loop look after it from now on. */
int connection_watch(struct connection *connection) _must_use_;

/* Closes it at once. */
void connection_close(struct connection *connection);

/* Whether nothing is left to be done for it. */
int connection_is_through(const struct connection *connection);

/* Sends what can be sent, and works on what there is room for now. It may be closed by that. */
void connection_flush(struct connection *connection);

/* Its parts, for connection-end.c: reads what is there (1: something; 0: nothing now; negative: the
 * end), adds a call (NULL without memory), moves the replies whose turn it is to the output, and
 * sends of that what can be sent (0, or the error that ends the connection). */
int connection_read(struct connection *connection) _must_use_;
struct call *connection_add_call(struct connection *connection) _must_use_;
void connection_collect(struct connection *connection);
int connection_send(struct connection *connection);

/* The agent is told to stop: whatever has been sent to it by now, and is not begun, is answered.
 * connection-end.c, as the next one. */
void connection_refuse_rest(struct connection *connection);

/* The agent ends: calls without a reply have an error, as far as the client takes it at once. */
void connection_abandon(struct connection *connection);

/* Has what can be sent be sent, soon: when the loop comes to it, or at server_flush().
 * flush-queue.c, as the next two. */
void connection_flush_soon(struct connection *connection);

/* It is closed: it waits for nothing. */
void flush_queue_remove(struct connection *connection);

int flush_queue_watch(struct server *server) _must_use_;

/* Looks up the method, checks the parameters, and calls the handler or answers the error. */
void call_dispatch(struct call *call);

/* A connection has been closed: there may be room for another, or an end to the draining. */
void server_connection_gone(struct server *server);
