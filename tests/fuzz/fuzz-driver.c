/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/driver.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/*
 * A driver's whole loop on one socket. The input is a list of frames, each a u16 length and that
 * many bytes; all of them are in the socket before the loop begins. Each is answered once, in
 * order, with its operation and id.
 */

#define FRAME_HEAD_SIZE 11
#define REQUESTS_MAX    ((size_t)32)
#define ANSWERS_MAX     (2 * FRAME_SIZE_MAX)
#define ROOM_ABOVE      10 /* descriptors up to here may be in use by others */

static const char *const settings_known[] = {"Setting", NULL};
static int device;  /* its address stands for one */
static size_t room; /* for answers in the socket: nobody reads before the loop has ended */

/* The text as often as it has bytes: as long as there is room for it, or too long for a frame. */
static void put_answer(struct view text, struct buf *answer)
{
        size_t size = text.size * text.size;

        if (size <= FRAME_SIZE_MAX && size > room)
                return;
        room -= size <= FRAME_SIZE_MAX ? size : 0;
        for (size_t i = 0; i < text.size; i++)
                buf_put_view(answer, text);
}

/* Requests choose what happens: any error, listed or not, and answers of any size. */
static int answer_with(struct view text, struct buf *answer, struct problem *problem)
{
        static const int errors[] = {0,       -EBADMSG, -EOPNOTSUPP, -ENOKEY, -EKEYREJECTED,
                                     -ENODEV, -EACCES,  -EBUSY,      -EIO,    -EEXIST,
                                     -ENOMEM, -EINVAL};
        int r = errors[text.data[0] % ARRAY_SIZE(errors)];

        if (answer)
                put_answer(text, answer);
        return r < 0 ? problem_set(problem, r, "asked for by %.*s", (int)text.size,
                                   (const char *)text.data)
                     : 0;
}

static int open_device(const char *token, const struct facts *settings, void **ret_device,
                       struct facts *ret_facts, struct problem *problem)
{
        const char *setting = facts_get(settings, "Setting");
        int r = setting && *setting ? answer_with(view_string(setting), NULL, problem) : 0;

        if (facts_add(ret_facts, "token", token) < 0)
                return -ENOMEM;
        if (r == 0)
                *ret_device = &device;
        return r;
}

static void close_device(void *pointer)
{
        assert(!pointer || pointer == &device);
}

static int generate(void *pointer, const struct driver_wish *wish, struct driver_pair *ret,
                    struct problem *problem)
{
        int r = 0;

        assert(pointer == &device && wish->algorithm && *wish->label);
        assert(wish->outside.size <= SHA256_SIZE);
        buf_put_string(&ret->spki, wish->algorithm->name);
        buf_put_view(&ret->creation, wish->outside);
        for (size_t i = 0; r == 0 && i < wish->options.count; i++)
                r = facts_add(&ret->facts, wish->options.pair[i].name, wish->options.pair[i].value);
        return r < 0 ? r : answer_with(view_string(wish->label), &ret->handle, problem);
}

static int load(void *pointer, const struct algorithm *algorithm, struct view handle,
                uint32_t *ret_slot, struct buf *ret_spki, struct problem *problem)
{
        assert(pointer == &device && algorithm && handle.size > 0);
        *ret_slot = (uint32_t)handle.size;
        return answer_with(handle, ret_spki, problem);
}

static int sign(void *pointer, uint32_t slot, struct view digest, struct view authorization,
                struct buf *ret_signature, struct problem *problem)
{
        assert(pointer == &device);
        if (authorization.size > 0)
                return answer_with(authorization, ret_signature, problem);
        return digest.size > 0 ? answer_with(digest, ret_signature, problem) : -EBADMSG;
}

static int destroy(void *pointer, const struct algorithm *algorithm, struct view handle,
                   struct problem *problem)
{
        assert(pointer == &device && algorithm);
        return answer_with(handle, NULL, problem);
}

static int probe(void *pointer, struct facts *ret_facts, struct problem *problem)
{
        assert(pointer == &device);
        return facts_add(ret_facts, "state", "fine");
}

static int count(void *pointer, uint32_t slot, struct view qualifying, struct driver_count *ret,
                 struct problem *problem)
{
        assert(pointer == &device && qualifying.size <= SHA256_SIZE);
        ret->uses = slot;
        buf_put_u32(&ret->attest, slot);
        return slot % 2 ? problem_set(problem, -EOPNOTSUPP, "odd") : 0;
}

static int anchor(void *pointer, const struct driver_anchor_wish *wish, struct driver_anchor *ret,
                  struct problem *problem)
{
        assert(pointer == &device && *wish->origin && wish->step <= ANCHOR_STEP_LAST);
        assert(wish->qualifying.size == (wish->step == ANCHOR_ADVANCE ? SHA256_SIZE : 0));
        ret->index = wish->index;
        ret->counter = wish->index + 1;
        buf_put_string(&ret->spki, wish->origin);
        return answer_with(view_string(wish->origin), &ret->attest, problem);
}

static const struct driver driver = {
        .name = "hallmark-fuzzed",
        .settings = settings_known,
        .open = open_device,
        .close = close_device,
        .generate = generate,
        .load = load,
        .sign = sign,
        .destroy = destroy,
        .probe = probe,
        .count = count,
        .anchor = anchor,
};

/* Returns how many were sent: what does not fit into the socket, and an empty frame, which would be
 * its end, is left out. */
static size_t send_frames(int fd, struct view input, struct view sent[REQUESTS_MAX])
{
        struct reader reader = reader_init(input);
        size_t count = 0;

        while (count < REQUESTS_MAX) {
                struct view frame = reader_bytes(&reader, reader_u16(&reader));

                if (reader.bad || frame.size == 0 ||
                    send(fd, frame.data, frame.size, MSG_DONTWAIT) < 0)
                        break;
                sent[count++] = frame;
        }
        return count;
}

static int has_id(struct view frame)
{
        return frame.size >= FRAME_HEAD_SIZE && frame.data[0] == FRAME_VERSION;
}

/* Version, operation and id are the request's; the status is one of the list, and a reason follows
 * if there is something to be said, and after a refusal how the token is. */
static void check_answer(struct view answer, struct view request)
{
        const size_t same = FRAME_HEAD_SIZE - 1;
        struct reader reader = reader_init(answer);
        _cleanup_(facts_done) struct facts facts = {};
        uint8_t status;

        assert(answer.size >= FRAME_HEAD_SIZE);
        assert(view_equal(view_of(answer.data, same), view_of(request.data, same)));
        (void)reader_bytes(&reader, same);
        status = reader_u8(&reader);
        assert(status <= FRAME_STATUS_LAST);
        if (status == FRAME_OK)
                return;
        assert(reader_sized(&reader).size > 0);
        if (status == FRAME_WRONG_PIN || status == FRAME_LOCKED_OUT) {
                assert(frame_read_facts(&reader, &facts) == 0);
                assert(facts.count == 0 || string_equal(facts.pair[0].name, "token") ||
                       string_equal(facts.pair[0].name, "state"));
        }
        assert(reader_end(&reader) == 0);
}

/* A driver that ends with requests unread resets the connection, which is told before what it sent.
 */
static ssize_t receive(int fd, uint8_t *bytes, size_t room_for)
{
        ssize_t size = recv(fd, bytes, room_for, MSG_DONTWAIT);

        return size < 0 && errno == ECONNRESET ? recv(fd, bytes, room_for, MSG_DONTWAIT) : size;
}

/* Up to the first request without an id, which ends the driver. Returns whether there was one. */
static int check_answers(int fd, const struct view *sent, size_t count)
{
        static uint8_t bytes[FRAME_SIZE_MAX + 1];
        ssize_t size;
        size_t i;

        for (i = 0; i < count && has_id(sent[i]); i++) {
                size = receive(fd, bytes, sizeof(bytes));
                assert(size > 0 && (size_t)size <= FRAME_SIZE_MAX);
                check_answer(view_of(bytes, (size_t)size), sent[i]);
        }
        size = receive(fd, bytes, sizeof(bytes));
        assert(size <= 0);
        return i < count;
}

/* The socket is descriptor 3, which here may be somebody's, and the process is to be looked into by
 * sanitizers again. */
static int run_driver(int fd)
{
        char name[] = "fuzz-driver", *arguments[] = {name, NULL};
        int others = fcntl(DRIVER_SOCKET_FD, F_DUPFD_CLOEXEC, ROOM_ABOVE), status;

        if (fd != DRIVER_SOCKET_FD) {
                status = dup2(fd, DRIVER_SOCKET_FD);
                assert(status == DRIVER_SOCKET_FD);
                (void)close(fd);
        }
        status = driver_main(&driver, 1, arguments);
        (void)close(DRIVER_SOCKET_FD);
        if (others >= 0 && fd != DRIVER_SOCKET_FD)
                (void)dup3(others, DRIVER_SOCKET_FD, O_CLOEXEC);
        if (others >= 0)
                (void)close(others);
        (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
        return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct view sent[REQUESTS_MAX];
        size_t count;
        int fds[2], r, status;

        r = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds);
        assert(r == 0);
        /* fds[0] stays; it must not be the descriptor that the driver takes. */
        r = fcntl(fds[0], F_DUPFD_CLOEXEC, ROOM_ABOVE);
        assert(r >= ROOM_ABOVE);
        (void)close(fds[0]);
        fds[0] = r;
        count = send_frames(fds[0], view_of(data, size), sent);
        r = shutdown(fds[0], SHUT_WR);
        assert(r == 0);
        room = ANSWERS_MAX;
        status = run_driver(fds[1]);
        r = check_answers(fds[0], sent, count);
        assert(status == (r ? EXIT_FAILURE : EXIT_SUCCESS));
        (void)close(fds[0]);
        return 0;
}
