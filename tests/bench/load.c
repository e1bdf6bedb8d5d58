/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signs through the agent as fast as it lets: load SOCKET KEY CONNECTIONS DEPTH SECONDS
 *
 * Each connection keeps DEPTH calls unanswered. Prints one line: signatures per second, and the
 * latency in microseconds at the 50th and 99th percentile.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/digest.h"
#include "lib/varlink.h"
#include "tests/bench/sample.h"

#define CONNECTIONS_MAX 256
#define DEPTH_MAX       64
#define READ_SIZE       65536

struct connection {
        int fd;
        double sent[DEPTH_MAX]; /* a ring: when each unanswered call was sent */
        unsigned first, count;
};

static uint64_t calls;

static void die(const char *what)
{
        (void)fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
        exit(EXIT_FAILURE);
}

static int connect_to(const char *path)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (strlen(path) >= sizeof(address.sun_path))
                die(path);
        memcpy(address.sun_path, path, strlen(path));
        if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                die(path);
        return fd;
}

static void send_call(struct connection *connection, const char *key, unsigned depth)
{
        _cleanup_(buf_done) struct buf digest = {}, message = {};
        _cleanup_(json_decrefp) json_t *parameters = NULL;
        struct sha256 hash = sha256_of(view_of(&calls, sizeof(calls)));

        calls++;
        digest_put(&digest, "sha256", sha256_view(&hash));
        parameters = json_pack("{s:s, s:s%}", "key", key, "digest", (const char *)digest.data,
                               digest.size);
        varlink_put_call(&message, "io.hallmark.Signer.Sign", parameters);
        connection->sent[(connection->first + connection->count++) % depth] = now();
        if (send(connection->fd, message.data, message.size, MSG_NOSIGNAL) != (ssize_t)message.size)
                die("send");
}

/* Counts the replies in what has arrived; a reply with an error is the end of the measurement. */
static void take_replies(struct connection *connection, unsigned depth)
{
        static char bytes[READ_SIZE];
        ssize_t got = recv(connection->fd, bytes, sizeof(bytes), 0);
        double time = now();

        if (got <= 0)
                die("recv");
        if (memmem(bytes, (size_t)got, "\"error\"", 7)) {
                (void)fprintf(stderr, "load: %.*s\n", (int)got, bytes);
                exit(EXIT_FAILURE);
        }
        for (ssize_t i = 0; i < got; i++) {
                if (bytes[i] != '\0')
                        continue;
                sample_add(time - connection->sent[connection->first]);
                connection->first = (connection->first + 1) % depth;
                connection->count--;
        }
}

static void measure(struct connection *connections, unsigned count, unsigned depth, const char *key,
                    double seconds)
{
        struct pollfd polled[CONNECTIONS_MAX];
        double start = now(), end = start + seconds;
        unsigned unanswered = 0;

        do {
                for (unsigned i = 0; i < count; i++) {
                        while (connections[i].count < depth && now() < end)
                                send_call(&connections[i], key, depth);
                        polled[i] = (struct pollfd){.fd = connections[i].fd, .events = POLLIN};
                }
                if (poll(polled, count, -1) < 0)
                        die("poll");
                unanswered = 0;
                for (unsigned i = 0; i < count; i++) {
                        if (polled[i].revents)
                                take_replies(&connections[i], depth);
                        unanswered += connections[i].count;
                }
        } while (now() < end || unanswered > 0);
        (void)printf("%.0f %.0f %.0f\n", (double)sample_count / (now() - start),
                     sample_percentile(50), sample_percentile(99));
}

int main(int argc, char **argv)
{
        static struct connection connections[CONNECTIONS_MAX];
        unsigned count = argc == 6 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
        unsigned depth = argc == 6 ? (unsigned)strtoul(argv[4], NULL, 10) : 0;

        if (count == 0 || count > CONNECTIONS_MAX || depth == 0 || depth > DEPTH_MAX) {
                (void)fprintf(stderr, "usage: load SOCKET KEY CONNECTIONS DEPTH SECONDS\n");
                return 2;
        }
        for (unsigned i = 0; i < count; i++)
                connections[i].fd = connect_to(argv[1]);
        measure(connections, count, depth, argv[2], strtod(argv[5], NULL));
        return EXIT_SUCCESS;
}
