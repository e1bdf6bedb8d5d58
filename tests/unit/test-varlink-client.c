/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/file.h"
#include "lib/varlink.h"
#include "tests/test.h"
#include "tests/unit/edit.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#define RESULT(x) "{\"parameters\":{\"x\":" #x "}}"
#define SHORT     ((uint64_t)100000) /* microseconds; long enough for nothing to happen in */

/* A server for one connection: reads @calls calls, then writes @reply, then hangs up unless it is
 * to stay until the client does. */
struct server {
        int listener;
        size_t calls;
        struct view reply;
        int stays;
        pthread_t thread;
        struct sockaddr_un address;
        char folder[32];
};

/* Reads until @count NUL bytes have come. */
static void read_calls(int fd, size_t count)
{
        char c;

        while (count > 0 && read(fd, &c, 1) == 1)
                count -= c == '\0';
}

static void *serve(void *argument)
{
        struct server *server = argument;
        _cleanup_(fd_closep) int fd = accept(server->listener, NULL, NULL);
        char c;
        int r;

        assert(fd >= 0);
        read_calls(fd, server->calls);
        r = file_write_all(fd, server->reply);
        assert(r == 0 || r == -EPIPE);
        while (server->stays && read(fd, &c, 1) > 0)
                ;
        return NULL;
}

static void server_start(struct server *server)
{
        int r;

        memcpy(server->folder, "/tmp/test-varlink.XXXXXX", sizeof("/tmp/test-varlink.XXXXXX"));
        assert(mkdtemp(server->folder));
        server->address.sun_family = AF_UNIX;
        (void)snprintf(server->address.sun_path, sizeof(server->address.sun_path), "%s/socket",
                       server->folder);
        server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        r = bind(server->listener, (struct sockaddr *)&server->address, sizeof(server->address));
        assert(r == 0);
        r = listen(server->listener, 1);
        assert(r == 0);
        r = pthread_create(&server->thread, NULL, serve, server);
        assert(r == 0);
}

static void server_stop(struct server *server)
{
        int r = pthread_join(server->thread, NULL);

        assert(r == 0);
        fd_closep(&server->listener);
        (void)unlink(server->address.sun_path);
        (void)rmdir(server->folder);
}

static long long reply_x(const struct varlink_reply *reply)
{
        return json_member_integer(reply->parameters, "x", -1);
}

static void test_pipelined(void)
{
        static const char replies[] = RESULT(1) "\0" RESULT(2) "\0" RESULT(3);
        struct server server = {.calls = 3, .reply = view_of(replies, sizeof(replies))};
        struct varlink_client *client = NULL;

        server_start(&server);
        expect_integer(varlink_connect(server.address.sun_path, &client, NULL), 0);
        for (int i = 0; i < 3; i++)
                expect_integer(varlink_send(client, "a.b.C", NULL, NULL), 0);
        for (int i = 1; i <= 3; i++) {
                _cleanup_(varlink_reply_done) struct varlink_reply reply = {};

                expect_integer(varlink_receive(client, &reply, NULL), 0);
                expect_integer(reply_x(&reply), i);
        }
        client = varlink_client_free(client);
        server_stop(&server);
}

/* What one request gets from a server that says @reply, and the reason. */
static int request_once(struct server *server, uint64_t timeout, struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        struct varlink_client *client = NULL;
        int r;

        server_start(server);
        r = varlink_connect(server->address.sun_path, &client, problem);
        assert(r == 0);
        if (timeout > 0)
                varlink_client_set_timeout(client, timeout);
        r = varlink_request(client, "a.b.C", NULL, &reply, problem);
        (void)varlink_client_free(client);
        server_stop(server);
        return r;
}

static void test_bad_servers(void)
{
        static const struct {
                const char *label;
                struct server server;
                uint64_t timeout;
                int error;
                const char *reason;
        } rows[] = {
                {"hangs up", {.calls = 1}, 0, -ECONNRESET, "closed the connection"},
                {"hangs up inside a reply",
                 {.calls = 1, .reply = {(const uint8_t *)"{\"para", 6}},
                 0,
                 -ECONNRESET,
                 "closed the connection"},
                {"garbage",
                 {.calls = 1, .reply = {(const uint8_t *)"garbage", 8}},
                 0,
                 -EBADMSG,
                 "JSON line 1"},
                {"an empty message",
                 {.calls = 1, .reply = {(const uint8_t *)"", 1}},
                 0,
                 -EBADMSG,
                 "JSON"},
                {"silence", {.calls = 1, .stays = 1}, SHORT, -ETIME, "no reply within"},
                {"half a reply",
                 {.calls = 1, .stays = 1, .reply = {(const uint8_t *)"{\"para", 6}},
                 SHORT,
                 -ETIME,
                 "no reply within"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct server server = rows[i].server;
                struct problem problem = {};

                test_label = rows[i].label;
                expect_integer(request_once(&server, rows[i].timeout, &problem), rows[i].error);
                expect_contains(problem.text, rows[i].reason);
                expect_contains(problem.text, server.address.sun_path);
        }
        test_label = "";
}

/* One byte over the limit ends it, before any NUL has come. */
static void test_endless_reply(void)
{
        struct server server = {.calls = 1, .stays = 1};
        uint8_t *endless = malloc(VARLINK_REPLY_MAX + 1);
        struct problem problem = {};

        assert(endless);
        memset(endless, ' ', VARLINK_REPLY_MAX + 1);
        server.reply = view_of(endless, VARLINK_REPLY_MAX + 1);
        expect_integer(request_once(&server, 0, &problem), -EBADMSG);
        expect_contains(problem.text, "longer than 16777216 bytes");
        free(endless);
}

/* The server says why it will not talk and hangs up, before it has read anything. */
static void test_turned_away(void)
{
        static const char reply[] = "{\"error\":\"io.hallmark.Signer.Busy\"}";
        struct server server = {.reply = view_of(reply, sizeof(reply))};
        _cleanup_(varlink_reply_done) struct varlink_reply ret = {};
        struct varlink_client *client = NULL;

        server_start(&server);
        expect_integer(varlink_connect(server.address.sun_path, &client, NULL), 0);
        expect_integer(pthread_join(server.thread, NULL), 0); /* it has hung up */
        expect_integer(varlink_request(client, "a.b.C", NULL, &ret, NULL), 0);
        expect(ret.error && string_equal(ret.error, "io.hallmark.Signer.Busy"));
        (void)varlink_client_free(client);
        fd_closep(&server.listener);
        (void)unlink(server.address.sun_path);
        (void)rmdir(server.folder);
}

static void test_connect(void)
{
        struct varlink_client *client = NULL;
        struct problem problem = {};
        char path[200];

        expect_integer(varlink_connect("/nonexistent/socket", &client, &problem), -ENOENT);
        expect_contains(problem.text, "/nonexistent/socket: cannot connect");
        memset(path, 'a', sizeof(path));
        path[sizeof(path) - 1] = '\0';
        expect_integer(varlink_connect(path, &client, NULL), -ENAMETOOLONG);
        expect(client == NULL);
        expect(varlink_client_free(NULL) == NULL);
}

/* A call over the limit is not sent, so that the connection stays in step. */
static void test_long_call(void)
{
        static const char reply[] = RESULT(1);
        struct server server = {.calls = 1, .reply = view_of(reply, sizeof(reply))};
        _cleanup_(varlink_reply_done) struct varlink_reply ret = {};
        struct varlink_client *client = NULL;
        char *text = calloc(1, VARLINK_MESSAGE_MAX + 1);
        json_t *parameters;

        assert(text);
        memset(text, 'a', VARLINK_MESSAGE_MAX);
        parameters = json_pack("{s:s}", "x", text);
        server_start(&server);
        expect_integer(varlink_connect(server.address.sun_path, &client, NULL), 0);
        expect_integer(varlink_send(client, "a.b.C", parameters, NULL), -EMSGSIZE);
        expect_integer(varlink_request(client, "a.b.C", NULL, &ret, NULL), 0);
        expect_integer(reply_x(&ret), 1);
        (void)varlink_client_free(client);
        json_decref(parameters);
        free(text);
        server_stop(&server);
}

int main(void)
{
        (void)signal(SIGPIPE, SIG_IGN);
        test_pipelined();
        test_bad_servers();
        test_endless_reply();
        test_turned_away();
        test_connect();
        test_long_call();
        return test_result();
}
