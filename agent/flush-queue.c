/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server-state.h"

/* One source for all connections: a commit answers many at once, and the loop would come round for
 * each of them. */
void connection_flush_soon(struct connection *connection)
{
        struct server *server = connection->server;

        if (connection->queued)
                return;
        connection->queued = 1;
        connection->flush_next = NULL;
        connection->flush_previous = server->flush_last;
        if (server->flush_last)
                server->flush_last->flush_next = connection;
        else
                server->flush_first = connection;
        server->flush_last = connection;
        server->flush_count++;
        /* Failing is not in it: the source exists and only changes its state. */
        (void)sd_event_source_set_enabled(server->flush, SD_EVENT_ONESHOT);
}

void flush_queue_remove(struct connection *connection)
{
        struct server *server = connection->server;

        if (!connection->queued)
                return;
        connection->queued = 0;
        if (connection->flush_previous)
                connection->flush_previous->flush_next = connection->flush_next;
        else
                server->flush_first = connection->flush_next;
        if (connection->flush_next)
                connection->flush_next->flush_previous = connection->flush_previous;
        else
                server->flush_last = connection->flush_previous;
        server->flush_count--;
}

/* Who is queued meanwhile, having been answered at once, comes after everybody else has had a
 * turn. */
void server_flush(struct server *server)
{
        for (size_t turns = server->flush_count; turns > 0 && server->flush_first; turns--) {
                struct connection *connection = server->flush_first;

                flush_queue_remove(connection);
                connection_flush(connection);
        }
        if (server->flush_count == 0)
                (void)sd_event_source_set_enabled(server->flush, SD_EVENT_OFF);
}

static int on_flush(sd_event_source *source, void *context)
{
        struct server *server = context;

        server_flush(server);
        if (server->flush_count > 0)
                (void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT); /* as above */
        return 0;
}

int flush_queue_watch(struct server *server)
{
        int r = sd_event_add_defer(server->event, &server->flush, on_flush, server);

        return r < 0 ? r : sd_event_source_set_enabled(server->flush, SD_EVENT_OFF);
}
