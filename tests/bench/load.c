/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signs through the agent as fast as it lets: load SOCKET KEY CONNECTIONS DEPTH SECONDS [DIGESTS]
 *
 * Each connection keeps DEPTH calls unanswered: of Sign, or with DIGESTS of SignLogged, with so
 * many each. Prints one line: calls per second, and the latency in microseconds at the 50th and
 * 99th percentile.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/digest.h"
#include "tests/bench/sample.h"

#define CONNECTIONS_MAX 256
#define DEPTH_MAX       64
#define READ_SIZE       65536

#define DIGESTS_MAX 256

struct connection {
        int fd;
        struct buf out;         /* calls that are not sent yet */
        double sent[DEPTH_MAX]; /* a ring: when each unanswered call was sent */
        unsigned first, count;
};

/* A call but for its first digest, which is another one each time. */
static struct buf template;
static size_t template_digest;
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

static void make_template(const char *key, unsigned digests)
{
        const char *others = ",\"sha256:"
                             "abababababababababababababababababababababababababababababababab\"";

        buf_put_format(&template, "{\"method\":\"io.hallmark.Signer.%s\",\"parameters\":{",
                       digests > 0 ? "SignLogged" : "Sign");
        buf_put_format(&template, "\"key\":\"%s\",\"%s", key,
                       digests > 0 ? "digests\":[\"sha256:" : "digest\":\"sha256:");
        template_digest = template.size;
        buf_put_format(&template, "%064d\"", 0);
        for (unsigned i = 1; i < digests; i++)
                buf_put_string(&template, others);
        buf_put_string(&template, digests > 0 ? "]}}" : "}}");
        buf_put_u8(&template, '\0');
        if (buf_error(&template))
                die("template");
}

/* As much as goes without waiting. */
static void flush(struct connection *connection)
{
        ssize_t sent = send(connection->fd, connection->out.data, connection->out.size,
                            MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && errno != EAGAIN)
                die("send");
        if (sent > 0)
                buf_consume(&connection->out, (size_t)sent);
}

static void add_call(struct connection *connection, unsigned depth)
{
        struct sha256 hash = sha256_of(view_of(&calls, sizeof(calls)));
        char digest[HEX_SIZE(SHA256_SIZE)];

        calls++;
        (void)hex_encode(sha256_view(&hash), digest);
        memcpy(template.data + template_digest, digest, sizeof(digest) - 1);
        connection->sent[(connection->first + connection->count++) % depth] = now();
        buf_put_view(&connection->out, buf_view(&template));
        if (buf_error(&connection->out))
                die("call");
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

static void measure(struct connection *connections, unsigned count, unsigned depth, double seconds)
{
        struct pollfd polled[CONNECTIONS_MAX];
        double start = now(), end = start + seconds;
        unsigned unanswered = 0;

        do {
                for (unsigned i = 0; i < count; i++) {
                        while (connections[i].count < depth && now() < end)
                                add_call(&connections[i], depth);
                        if (connections[i].out.size > 0)
                                flush(&connections[i]);
                        polled[i] = (struct pollfd){
                                .fd = connections[i].fd,
                                .events = connections[i].out.size > 0 ? POLLIN | POLLOUT : POLLIN,
                        };
                }
                if (poll(polled, count, -1) < 0)
                        die("poll");
                unanswered = 0;
                for (unsigned i = 0; i < count; i++) {
                        if (polled[i].revents & POLLIN)
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
        unsigned count = argc >= 6 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
        unsigned depth = argc >= 6 ? (unsigned)strtoul(argv[4], NULL, 10) : 0;
        unsigned digests = argc == 7 ? (unsigned)strtoul(argv[6], NULL, 10) : 0;

        if (count == 0 || count > CONNECTIONS_MAX || depth == 0 || depth > DEPTH_MAX ||
            digests > DIGESTS_MAX) {
                (void)fprintf(stderr,
                              "usage: load SOCKET KEY CONNECTIONS DEPTH SECONDS [DIGESTS]\n");
                return 2;
        }
        make_template(argv[2], digests);
        for (unsigned i = 0; i < count; i++)
                connections[i].fd = connect_to(argv[1]);
        measure(connections, count, depth, strtod(argv[5], NULL));
        return EXIT_SUCCESS;
}
