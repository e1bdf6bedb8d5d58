/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "agent/server-state.h"

#define DESCRIPTORS_OTHER                                                                          \
        ((rlim_t)(256 + 2 * SERVER_CONNECTIONS_ADMIN)) /* journal, drivers, OPA, … */
#define ACCEPT_MAX 16 /* connections taken before others get a turn */

int server_new(sd_event *event, const struct server_events *events, struct server **ret)
{
        _cleanup_(server_freep) struct server *server = calloc(1, sizeof(*server));
        struct rlimit limit = {};
        int r;

        if (!server)
                return -ENOMEM;
        server->event = event;
        server->events = *events;
        server->connection_limit = SERVER_CONNECTIONS_SIGN;
        /* Each connection takes a socket and a pidfd. */
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
                limit.rlim_cur = limit.rlim_max;
                (void)setrlimit(RLIMIT_NOFILE, &limit); /* as many as allowed; counted below */
                (void)getrlimit(RLIMIT_NOFILE, &limit);
                if (limit.rlim_cur < 2 * SERVER_CONNECTIONS_SIGN + DESCRIPTORS_OTHER)
                        server->connection_limit =
                                limit.rlim_cur > 2 * DESCRIPTORS_OTHER
                                        ? (limit.rlim_cur - DESCRIPTORS_OTHER) / 2
                                        : DESCRIPTORS_OTHER / 2;
        }
        r = flush_queue_watch(server);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(server);
        return 0;
}

static void listeners_watch(struct server *server, int enabled)
{
        for (struct listener *listener = server->listeners; listener; listener = listener->next)
                (void)sd_event_source_set_enabled(listener->io, enabled); /* exists: cannot fail */
}

struct server *server_free(struct server *server)
{
        if (!server)
                return NULL;
        server->events.drained = NULL;
        while (server->connections)
                connection_abandon(server->connections);
        while (server->listeners) {
                struct listener *listener = server->listeners;

                server->listeners = listener->next;
                sd_event_source_disable_unref(listener->io);
                fd_closep(&listener->fd);
                free(listener);
        }
        sd_event_source_disable_unref(server->flush);
        free(server);
        return NULL;
}

static int on_accept(sd_event_source *source, int fd, uint32_t revents, void *context)
{
        struct listener *listener = context;

        for (int i = 0; i < ACCEPT_MAX; i++) {
                int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

                if (accepted >= 0)
                        connection_open(listener, accepted);
                else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
                        /* Not to be asked again until one is closed: the queue of the socket waits.
                         */
                        return sd_event_source_set_enabled(source, SD_EVENT_OFF);
                else if (errno != EINTR && errno != ECONNABORTED)
                        return 0;
        }
        return 0;
}

void server_connection_gone(struct server *server)
{
        if (!server->draining)
                listeners_watch(server, SD_EVENT_ON);
        else if (server->connection_count == 0 && server->events.drained)
                server->events.drained(server->events.agent);
}

int server_listen(struct server *server, int fd, const struct interface *const *interfaces,
                  size_t connections)
{
        struct listener *listener;
        int r, flags = fcntl(fd, F_GETFL);

        /* Service managers pass sockets that block; on_accept() asks until there is no more. */
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
                return -errno;
        listener = calloc(1, sizeof(*listener));
        if (!listener)
                return -ENOMEM;
        listener->server = server;
        listener->interfaces = interfaces;
        listener->connection_limit =
                connections < server->connection_limit ? connections : server->connection_limit;
        /* What is accepted inherits this, and so tells of what was sent before. */
        r = caller_watch_senders(fd);
        if (r == 0)
                r = sd_event_add_io(server->event, &listener->io, fd, EPOLLIN, on_accept, listener);
        if (r < 0) {
                free(listener);
                return r;
        }
        listener->fd = fd;
        listener->next = server->listeners;
        server->listeners = listener;
        return 0;
}

/* A socket that nobody serves any more may be replaced; one that somebody serves, or another kind
 * of file, not. */
static int remove_stale(const char *path, const struct sockaddr_un *address,
                        struct problem *problem)
{
        _cleanup_(fd_closep) int fd =
                socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct stat status;

        if (fd < 0)
                return -errno;
        if (lstat(path, &status) < 0)
                return errno == ENOENT ? 0 : problem_set(problem, -errno, "%s: %m", path);
        if (!S_ISSOCK(status.st_mode))
                return problem_set(problem, -EEXIST, "%s: is there and is no socket", path);
        if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
                return problem_set(problem, -EADDRINUSE, "%s: another agent listens there", path);
        return unlink(path) < 0 ? problem_set(problem, -errno, "%s: %m", path) : 0;
}

int server_bind(const char *path, mode_t mode, int *ret_fd, struct problem *problem)
{
        _cleanup_(fd_closep) int fd = -1;
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int r;

        if (strlen(path) >= sizeof(address.sun_path))
                return problem_set(problem, -ENAMETOOLONG, "%s: longer than a socket path may be",
                                   path);
        memcpy(address.sun_path, path, strlen(path));
        r = remove_stale(path, &address, problem);
        if (r < 0)
                return r;
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        /* The mode must be right from the start: bind() applies it with the umask. */
        if (fchmod(fd, mode) < 0 ||
            bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
            chmod(path, mode) < 0 || listen(fd, SOMAXCONN) < 0)
                return problem_set(problem, -errno, "%s: %m", path);
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static void close_those_through(struct server *server)
{
        struct connection *next;

        for (struct connection *connection = server->connections; connection; connection = next) {
                next = connection->next;
                if (connection_is_through(connection))
                        connection_close(connection);
        }
}

void server_drain(struct server *server)
{
        server->draining = 1;
        listeners_watch(server, SD_EVENT_OFF);
        for (struct connection *connection = server->connections; connection;
             connection = connection->next) {
                connection_refuse_rest(connection);
                connection->closing = 1;
        }
        if (server->connection_count == 0 && server->events.drained)
                server->events.drained(server->events.agent);
        else
                close_those_through(server);
}

void server_hurry(struct server *server)
{
        server->hurrying = 1;
        close_those_through(server);
}

size_t server_connections(const struct server *server)
{
        return server->connection_count;
}
