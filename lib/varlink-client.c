/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/varlink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

#define READ_SIZE       ((size_t)65536)
#define USEC_PER_SECOND ((uint64_t)1000000)
#define BUFFERED_IN_MAX (VARLINK_REPLY_MAX + 1 + READ_SIZE)

struct varlink_client {
        int fd;
        char *path;
        uint64_t timeout; /* microseconds */
        struct buf in;
        size_t scanned; /* bytes at the front of @in that are known to hold no NUL */
};

static uint64_t now_usec(void)
{
        struct timespec now;
        int r = clock_gettime(CLOCK_MONOTONIC, &now);

        assert(r == 0);
        return (uint64_t)now.tv_sec * USEC_PER_SECOND + (uint64_t)now.tv_nsec / 1000;
}

/* A blocking connect() with a bound: with a full backlog a non-blocking one fails at once, and
 * poll() does not tell when to try again. */
static int connect_within(int fd, const struct sockaddr_un *address, uint64_t timeout)
{
        struct timeval bound = {.tv_sec = (time_t)(timeout / USEC_PER_SECOND)};

        if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof(bound)) < 0)
                return -errno;
        while (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
                if (errno != EINTR)
                        return errno == EAGAIN ? -ETIME : -errno;
        if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        return 0;
}

static int client_connect(struct varlink_client *client, const char *path)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, strlen(path) + 1);
        client->path = strdup(path);
        if (!client->path)
                return -ENOMEM;
        client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (client->fd < 0)
                return -errno;
        return connect_within(client->fd, &address, client->timeout);
}

int varlink_connect(const char *path, struct varlink_client **ret, struct problem *problem)
{
        _cleanup_(varlink_client_freep) struct varlink_client *client = NULL;
        int r;

        client = calloc(1, sizeof(*client));
        if (!client)
                return -ENOMEM;
        client->fd = -1;
        client->timeout = VARLINK_TIMEOUT_USEC;
        client->in = BUF_INIT(BUFFERED_IN_MAX);
        r = client_connect(client, path);
        if (r < 0)
                return problem_set(problem, r, "%s: cannot connect: %s", path, strerror(-r));
        *ret = TAKE_PTR(client);
        return 0;
}

struct varlink_client *varlink_client_free(struct varlink_client *client)
{
        if (!client)
                return NULL;
        fd_closep(&client->fd);
        buf_done(&client->in);
        free(client->path);
        free(client);
        return NULL;
}

void varlink_client_set_timeout(struct varlink_client *client, uint64_t usec)
{
        client->timeout = usec;
}

/* What poll() found ready out of @events; -ETIME at the deadline. */
static int wait_for(int fd, short events, uint64_t deadline)
{
        struct pollfd entry = {.fd = fd, .events = events};

        for (;;) {
                uint64_t now = now_usec();
                uint64_t left = now < deadline ? (deadline - now + 999) / 1000 : 0;
                int n = poll(&entry, 1, left < INT32_MAX ? (int)left : INT32_MAX);

                if (n > 0)
                        return entry.revents;
                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n == 0 && left == 0)
                        return -ETIME;
        }
}

/* Takes in what has come. 0 as well when nothing had; -ECONNRESET at the end of the stream. */
static int client_read(struct varlink_client *client)
{
        uint8_t *room = buf_reserve(&client->in, READ_SIZE);
        ssize_t got;

        if (!room)
                return buf_error(&client->in);
        got = recv(client->fd, room, READ_SIZE, 0);
        if (got < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (got == 0)
                return -ECONNRESET;
        buf_grown(&client->in, (size_t)got);
        return 0;
}

/* While the server does not read, it may be waiting for us to do so: replies are taken in, as long
 * as there is room. */
static int wait_to_send(struct varlink_client *client, uint64_t deadline)
{
        int room = client->in.size <= BUFFERED_IN_MAX - READ_SIZE;
        int ready = wait_for(client->fd, (short)(POLLOUT | (room ? POLLIN : 0)), deadline);

        if (ready < 0)
                return ready;
        return ready & POLLIN ? client_read(client) : 0;
}

static int send_all(struct varlink_client *client, struct view bytes)
{
        uint64_t deadline = now_usec() + client->timeout;
        int r;

        while (bytes.size > 0) {
                ssize_t sent = send(client->fd, bytes.data, bytes.size, MSG_NOSIGNAL);

                if (sent < 0 && errno != EAGAIN && errno != EINTR)
                        return -errno;
                if (sent < 0) {
                        r = wait_to_send(client, deadline);
                        if (r < 0)
                                return r;
                        continue;
                }
                bytes.data += sent;
                bytes.size -= (size_t)sent;
        }
        return 0;
}

int varlink_send(struct varlink_client *client, const char *method, json_t *parameters,
                 struct problem *problem)
{
        _cleanup_(buf_done) struct buf message = BUF_INIT(VARLINK_MESSAGE_MAX + 1);
        int r;

        varlink_put_call(&message, method, parameters);
        r = buf_error(&message);
        if (r == -EMSGSIZE)
                return problem_set(problem, r, "%s: call longer than %zu bytes", method,
                                   VARLINK_MESSAGE_MAX);
        if (r == 0)
                r = send_all(client, buf_view(&message));
        if (r < 0)
                return problem_set(problem, r, "%s: cannot send: %s", client->path, strerror(-r));
        return 0;
}

/* The bytes before the first NUL, or an empty view when none has come yet. A message is never
 * empty: an empty one is returned as its NUL, which is no JSON. */
static struct view next_message(struct varlink_client *client)
{
        const struct buf *in = &client->in;
        const uint8_t *found = NULL;

        if (client->scanned < in->size)
                found = memchr(in->data + client->scanned, '\0', in->size - client->scanned);
        if (!found) {
                client->scanned = in->size;
                return view_of(NULL, 0);
        }
        return view_of(in->data, found > in->data ? (size_t)(found - in->data) : 1);
}

static int receive_message(struct varlink_client *client, struct view *ret)
{
        uint64_t deadline = now_usec() + client->timeout;
        int r;

        for (;;) {
                *ret = next_message(client);
                if (ret->size > VARLINK_REPLY_MAX || client->scanned > VARLINK_REPLY_MAX)
                        return -EMSGSIZE;
                if (ret->size > 0)
                        return 0;
                r = wait_for(client->fd, POLLIN, deadline);
                if (r >= 0)
                        r = client_read(client);
                if (r < 0)
                        return r;
        }
}

static int receive_problem(const struct varlink_client *client, int error, struct problem *problem)
{
        switch (error) {
        case -ETIME:
                return problem_set(problem, error, "%s: no reply within %llu seconds", client->path,
                                   (unsigned long long)(client->timeout / USEC_PER_SECOND));
        case -ECONNRESET:
                return problem_set(problem, error,
                                   "%s: the agent closed the connection without a "
                                   "reply",
                                   client->path);
        case -EMSGSIZE:
                return problem_set(problem, -EBADMSG, "%s: reply longer than %zu bytes",
                                   client->path, VARLINK_REPLY_MAX);
        default:
                return problem_set(problem, error, "%s: cannot read: %s", client->path,
                                   strerror(-error));
        }
}

int varlink_receive(struct varlink_client *client, struct varlink_reply *ret,
                    struct problem *problem)
{
        struct view message;
        int r = receive_message(client, &message);

        if (r < 0)
                return receive_problem(client, r, problem);
        r = varlink_reply_decode(message, ret, problem);
        buf_consume(&client->in, message.data[0] == '\0' ? 1 : message.size + 1);
        client->scanned = 0;
        return r < 0 ? problem_prefix(problem, r, "%s", client->path) : 0;
}

int varlink_request(struct varlink_client *client, const char *method, json_t *parameters,
                    struct varlink_reply *ret, struct problem *problem)
{
        struct problem unsent = {};
        int r = varlink_send(client, method, parameters, &unsent);

        /* A server that turns a connection away may have said why before it hung up. */
        if (r == -EPIPE && varlink_receive(client, ret, NULL) == 0)
                return 0;
        if (r < 0)
                return problem_set(problem, r, "%s", problem_text(&unsent, r));
        return varlink_receive(client, ret, problem);
}
