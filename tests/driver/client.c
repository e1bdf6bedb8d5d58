/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/driver/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

static void give_up(const char *what)
{
        (void)fprintf(stderr, "%s: %s\n", what, strerror(errno));
        exit(EXIT_FAILURE);
}

static void run_driver(const char *program, int fd)
{
        if (fd == DRIVER_SOCKET_FD ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, DRIVER_SOCKET_FD) < 0)
                give_up("descriptor 3");
        (void)execl(program, program, (char *)NULL);
        give_up(program);
}

void client_start(struct client *client, const char *program)
{
        const struct timeval wait = {.tv_sec = CLIENT_WAIT_MAX};
        int fds[2];

        *client = (struct client){.next_id = 1};
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0 ||
            setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0)
                give_up("socketpair");
        client->fd = fds[0];
        client->pid = fork();
        if (client->pid < 0)
                give_up("fork");
        if (client->pid == 0)
                run_driver(program, fds[1]);
        (void)close(fds[1]);
}

int client_stop(struct client *client)
{
        int status;

        (void)close(client->fd);
        if (waitpid(client->pid, &status, 0) != client->pid)
                give_up("waitpid");
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void client_send(struct client *client, struct view bytes)
{
        /* A driver that ended is noticed when its answer is missing. */
        (void)!send(client->fd, bytes.data, bytes.size, MSG_NOSIGNAL);
}

int client_receive(struct client *client, struct buf *ret, struct frame *ret_frame)
{
        uint8_t *room;
        ssize_t size;

        buf_clear(ret);
        room = buf_reserve(ret, FRAME_SIZE_MAX);
        if (!room)
                give_up("memory");
        size = recv(client->fd, room, FRAME_SIZE_MAX, 0);
        if (size <= 0)
                return CLIENT_LOST;
        buf_grown(ret, (size_t)size);
        return frame_decode(buf_view(ret), ret_frame) < 0 ? CLIENT_LOST : 0;
}

void client_request(struct client *client, enum frame_operation operation, struct view fields)
{
        _cleanup_(buf_done) struct buf frame = BUF_INIT(0);

        frame_put_head(&frame, operation, client->next_id++, FRAME_OK);
        buf_put_view(&frame, fields);
        client_send(client, buf_view(&frame));
}

static void note_reason(struct client *client, struct view fields)
{
        struct reader reader = reader_init(fields);
        struct view reason = reader_sized(&reader);

        (void)snprintf(client->reason, sizeof(client->reason), "%.*s", (int)reason.size,
                       (const char *)reason.data);
}

int client_call(struct client *client, enum frame_operation operation, struct view fields,
                struct buf *ret_fields)
{
        _cleanup_(buf_done) struct buf bytes = BUF_INIT(0);
        uint64_t id = client->next_id;
        struct frame answer;

        client->reason[0] = '\0';
        client_request(client, operation, fields);
        if (client_receive(client, &bytes, &answer) < 0 || answer.id != id ||
            answer.operation != operation)
                return CLIENT_LOST;
        if (answer.status != FRAME_OK)
                note_reason(client, answer.fields);
        else if (ret_fields)
                buf_put_view(ret_fields, answer.fields);
        return (int)answer.status;
}

static void take_field(struct reader *reader, struct buf *ret)
{
        struct view field = reader_sized(reader);

        if (ret)
                buf_put_view(ret, field);
}

/* An answer that makes no sense is none. */
static int end_of_answer(const struct reader *reader)
{
        return reader_end(reader) < 0 ? CLIENT_LOST : FRAME_OK;
}

static int read_facts(struct view fields, struct facts *ret)
{
        _cleanup_(facts_done) struct facts facts = {0};
        struct reader reader = reader_init(fields);

        if (frame_read_facts(&reader, &facts) < 0)
                return CLIENT_LOST;
        if (ret) {
                *ret = facts;
                facts = (struct facts){0};
        }
        return FRAME_OK;
}

int client_open(struct client *client, const char *token, const char *const *settings,
                struct facts *ret_facts)
{
        _cleanup_(buf_done) struct buf fields = BUF_INIT(0), answer = BUF_INIT(0);
        int status;

        buf_put_sized(&fields, view_string(token));
        for (; settings && *settings; settings++)
                buf_put_sized(&fields, view_string(*settings));
        status = client_call(client, FRAME_OPEN, buf_view(&fields), &answer);
        return status == FRAME_OK ? read_facts(buf_view(&answer), ret_facts) : status;
}

void client_key_done(struct client_key *key)
{
        buf_done(&key->handle);
        buf_done(&key->spki);
        buf_done(&key->creation);
        facts_done(&key->facts);
}

int client_generate_with(struct client *client, const char *algorithm, const char *const *options,
                         struct client_key *ret)
{
        _cleanup_(buf_done) struct buf fields = BUF_INIT(0), answer = BUF_INIT(0);
        struct reader reader;
        int status;

        buf_put_sized(&fields, view_string(algorithm));
        buf_put_sized(&fields, view_string("key"));
        buf_put_sized(&fields, view_of(ret->outside, sizeof(ret->outside)));
        for (; *options; options++)
                buf_put_sized(&fields, view_string(*options));
        status = client_call(client, FRAME_GENERATE, buf_view(&fields), &answer);
        if (status != FRAME_OK)
                return status;
        reader = reader_init(buf_view(&answer));
        take_field(&reader, &ret->handle);
        take_field(&reader, &ret->spki);
        take_field(&reader, &ret->creation);
        return frame_read_facts(&reader, &ret->facts) < 0 ? CLIENT_LOST : FRAME_OK;
}

int client_generate(struct client *client, const char *algorithm, const char *label,
                    struct buf *ret_handle, struct buf *ret_spki)
{
        _cleanup_(buf_done) struct buf fields = BUF_INIT(0), answer = BUF_INIT(0);
        struct reader reader;
        int status;

        buf_put_sized(&fields, view_string(algorithm));
        buf_put_sized(&fields, view_string(label));
        buf_put_sized(&fields, view_of(NULL, 0));
        status = client_call(client, FRAME_GENERATE, buf_view(&fields), &answer);
        if (status != FRAME_OK)
                return status;
        reader = reader_init(buf_view(&answer));
        take_field(&reader, ret_handle);
        take_field(&reader, ret_spki);
        (void)reader_sized(&reader); /* creation */
        return end_of_answer(&reader);
}

static void put_handle(struct buf *fields, const char *algorithm, struct view handle)
{
        buf_put_sized(fields, view_string(algorithm));
        buf_put_sized(fields, handle);
}

int client_load(struct client *client, const char *algorithm, struct view handle,
                uint32_t *ret_slot, struct buf *ret_spki)
{
        _cleanup_(buf_done) struct buf fields = BUF_INIT(0), answer = BUF_INIT(0);
        struct reader reader;
        int status;

        put_handle(&fields, algorithm, handle);
        status = client_call(client, FRAME_LOAD, buf_view(&fields), &answer);
        if (status != FRAME_OK)
                return status;
        reader = reader_init(buf_view(&answer));
        *ret_slot = reader_u32(&reader);
        take_field(&reader, ret_spki);
        return end_of_answer(&reader);
}

void client_put_sign(struct buf *fields, uint32_t slot, struct view digest)
{
        buf_put_u32(fields, slot);
        buf_put_sized(fields, digest);
        buf_put_sized(fields, view_of(NULL, 0));
}

int client_sign(struct client *client, uint32_t slot, struct view digest, struct buf *ret_signature)
{
        return client_sign_with(client, slot, digest, view_of(NULL, 0), ret_signature);
}

int client_sign_with(struct client *client, uint32_t slot, struct view digest,
                     struct view authorization, struct buf *ret_signature)
{
        _cleanup_(buf_done) struct buf fields = BUF_INIT(0), answer = BUF_INIT(0);
        struct reader reader;
        int status;

        buf_put_u32(&fields, slot);
        buf_put_sized(&fields, digest);
        buf_put_sized(&fields, authorization);
        status = client_call(client, FRAME_SIGN, buf_view(&fields), &answer);
        if (status != FRAME_OK)
                return status;
        reader = reader_init(buf_view(&answer));
        take_field(&reader, ret_signature);
        return end_of_answer(&reader);
}

int client_count(struct client *client, uint32_t slot, struct view qualifying, uint32_t *ret,
                 struct buf *ret_attest, struct buf *ret_signature)
{
        _cleanup_(buf_done) struct buf fields = BUF_INIT(0), answer = BUF_INIT(0);
        struct reader reader;
        int status;

        buf_put_u32(&fields, slot);
        buf_put_sized(&fields, qualifying);
        status = client_call(client, FRAME_COUNT, buf_view(&fields), &answer);
        if (status != FRAME_OK)
                return status;
        reader = reader_init(buf_view(&answer));
        *ret = reader_u32(&reader);
        take_field(&reader, ret_attest);
        take_field(&reader, ret_signature);
        return end_of_answer(&reader);
}

int client_attest(struct client *client, uint32_t slot, const struct evidence_question *question,
                  struct buf *ret_text)
{
        _cleanup_(buf_done) struct buf fields = BUF_INIT(0), answer = BUF_INIT(0);
        struct reader reader;
        int status;

        buf_put_u32(&fields, slot);
        buf_put_sized(&fields, question->nonce);
        buf_put_sized(&fields, view_string(question->endorsement ? question->endorsement : ""));
        buf_put_sized(&fields, question->blob);
        buf_put_sized(&fields, question->encrypted);
        buf_put_sized(&fields, question->creation);
        status = client_call(client, FRAME_ATTEST, buf_view(&fields), &answer);
        if (status != FRAME_OK)
                return status;
        reader = reader_init(buf_view(&answer));
        take_field(&reader, ret_text);
        return end_of_answer(&reader);
}

int client_destroy(struct client *client, const char *algorithm, struct view handle)
{
        _cleanup_(buf_done) struct buf fields = BUF_INIT(0);

        put_handle(&fields, algorithm, handle);
        return client_call(client, FRAME_DESTROY, buf_view(&fields), NULL);
}

int client_probe(struct client *client, struct facts *ret_facts)
{
        _cleanup_(buf_done) struct buf answer = BUF_INIT(0);
        int status = client_call(client, FRAME_PROBE, view_of(NULL, 0), &answer);

        return status == FRAME_OK ? read_facts(buf_view(&answer), ret_facts) : status;
}
