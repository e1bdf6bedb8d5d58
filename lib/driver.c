/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>

#include "lib/harden.h"

#define EXIT_USAGE      2
#define FRAME_HEAD_SIZE 11
#define FRAME_ROOM      ((size_t)1024) /* for the head and the lengths around what a token gives */

struct service {
        const struct driver *driver;
        void *device;
        int opened;            /* OPEN came; whether it succeeded or not, there is no second one */
        struct facts unopened; /* of a token that refused to be opened */
};

static int view_is_text(struct view view, size_t max)
{
        return view.size > 0 && view.size <= max && !memchr(view.data, '\0', view.size);
}

static int malformed(struct problem *problem)
{
        return problem_set(problem, -EBADMSG, "the fields of the request make no sense");
}

static int read_text(struct reader *fields, size_t max, char **ret, struct problem *problem)
{
        struct view text = reader_sized(fields);

        if (fields->bad || !view_is_text(text, max))
                return malformed(problem);
        *ret = view_dup(text);
        return *ret ? 0 : -ENOMEM;
}

static int read_algorithm(struct reader *fields, const struct algorithm **ret,
                          struct problem *problem)
{
        _cleanup_(freep) char *name = NULL;
        int r = read_text(fields, DRIVER_LABEL_MAX, &name, problem);

        if (r < 0)
                return r;
        *ret = algorithm_find(name);
        if (!*ret)
                return problem_set(problem, -EOPNOTSUPP, "no such algorithm: %s", name);
        return 0;
}

static int read_algorithm_and_handle(struct reader *fields, const struct algorithm **ret_algorithm,
                                     struct view *ret_handle, struct problem *problem)
{
        int r = read_algorithm(fields, ret_algorithm, problem);

        if (r < 0)
                return r;
        *ret_handle = reader_sized(fields);
        if (reader_end(fields) < 0 || !view_is_text(*ret_handle, DRIVER_HANDLE_MAX))
                return malformed(problem);
        return 0;
}

static int check_settings(const struct driver *driver, const struct facts *settings,
                          struct problem *problem)
{
        for (size_t i = 0; i < settings->count; i++) {
                const char *const *known = driver->settings;

                if (string_equal(settings->pair[i].name, DRIVER_FINAL_TRY) ||
                    string_equal(settings->pair[i].name, DRIVER_PIN_TURN))
                        continue;
                while (*known && !string_equal(*known, settings->pair[i].name))
                        known++;
                if (!*known)
                        return problem_set(problem, -EBADMSG, "%s has no setting %s=", driver->name,
                                           settings->pair[i].name);
        }
        return 0;
}

static int serve_open(struct service *service, struct reader *fields, struct buf *answer,
                      struct problem *problem)
{
        _cleanup_(freep) char *token = NULL;
        _cleanup_(facts_done) struct facts settings = {0}, facts = {0};
        int r;

        service->opened = 1;
        r = read_text(fields, DRIVER_LABEL_MAX, &token, problem);
        if (r < 0)
                return r;
        r = frame_read_facts(fields, &settings);
        if (r < 0)
                return r == -EBADMSG ? malformed(problem) : r;
        r = check_settings(service->driver, &settings, problem);
        if (r < 0)
                return r;
        r = service->driver->open(token, &settings, &service->device, &facts, problem);
        if (r < 0) {
                service->unopened = facts;
                facts.count = 0; /* the service's now */
                return r;
        }
        frame_put_facts(answer, &facts);
        return 0;
}

static void pair_done(struct driver_pair *pair)
{
        buf_done(&pair->handle);
        buf_done(&pair->spki);
        buf_done(&pair->creation);
        facts_done(&pair->facts);
}

static int serve_generate(struct service *service, struct reader *fields, struct buf *answer,
                          struct problem *problem)
{
        _cleanup_(pair_done) struct driver_pair pair = {.handle = BUF_INIT(DRIVER_HANDLE_MAX),
                                                        .spki = BUF_INIT(FRAME_SIZE_MAX),
                                                        .creation = BUF_INIT(DRIVER_CREATION_MAX)};
        _cleanup_(facts_done) struct facts options = {0};
        _cleanup_(freep) char *label = NULL;
        struct driver_wish wish = {0};
        int r = read_algorithm(fields, &wish.algorithm, problem);

        if (r < 0)
                return r;
        r = read_text(fields, DRIVER_LABEL_MAX, &label, problem);
        if (r < 0)
                return r;
        wish.outside = reader_sized(fields);
        if (fields->bad || wish.outside.size > SHA256_SIZE)
                return malformed(problem);
        r = frame_read_facts(fields, &options);
        if (r < 0)
                return r == -EBADMSG ? malformed(problem) : r;
        wish.label = label;
        wish.options = options;
        r = service->driver->generate(service->device, &wish, &pair, problem);
        if (r == 0)
                r = buf_error(&pair.handle);
        if (r == 0)
                r = buf_error(&pair.spki);
        if (r == 0)
                r = buf_error(&pair.creation);
        if (r < 0)
                return r;
        buf_put_sized(answer, buf_view(&pair.handle));
        buf_put_sized(answer, buf_view(&pair.spki));
        buf_put_sized(answer, buf_view(&pair.creation));
        frame_put_facts(answer, &pair.facts);
        return 0;
}

static int serve_load(struct service *service, struct reader *fields, struct buf *answer,
                      struct problem *problem)
{
        _cleanup_(buf_done) struct buf spki = BUF_INIT(FRAME_SIZE_MAX);
        const struct algorithm *algorithm;
        struct view handle;
        uint32_t slot;
        int r = read_algorithm_and_handle(fields, &algorithm, &handle, problem);

        if (r < 0)
                return r;
        r = service->driver->load(service->device, algorithm, handle, &slot, &spki, problem);
        if (r < 0)
                return r;
        buf_put_u32(answer, slot);
        buf_put_sized(answer, buf_view(&spki));
        return buf_error(&spki);
}

int driver_check_signed(const struct algorithm *algorithm, struct view what,
                        struct problem *problem)
{
        if (algorithm_signs_messages(algorithm))
                return what.size <= ALGORITHM_MESSAGE_MAX
                               ? 0
                               : problem_set(problem, -EBADMSG,
                                             "the message has %zu bytes, %s signs %zu at most",
                                             what.size, algorithm->name, ALGORITHM_MESSAGE_MAX);
        if (what.size != algorithm->digest_size)
                return problem_set(problem, -EBADMSG, "the digest has %zu bytes, %s signs %zu",
                                   what.size, algorithm->name, algorithm->digest_size);
        return 0;
}

static int serve_sign(struct service *service, struct reader *fields, struct buf *answer,
                      struct problem *problem)
{
        _cleanup_(buf_done) struct buf signature = BUF_INIT(FRAME_SIZE_MAX);
        uint32_t slot = reader_u32(fields);
        struct view digest = reader_sized(fields), authorization = reader_sized(fields);
        int r;

        if (reader_end(fields) < 0)
                return malformed(problem);
        r = service->driver->sign(service->device, slot, digest, authorization, &signature,
                                  problem);
        if (r < 0)
                return r;
        buf_put_sized(answer, buf_view(&signature));
        if (service->driver->put_evidence)
                r = service->driver->put_evidence(service->device, answer, problem);
        return r < 0 ? r : buf_error(&signature);
}

static int serve_destroy(struct service *service, struct reader *fields, struct buf *answer,
                         struct problem *problem)
{
        const struct algorithm *algorithm;
        struct view handle;
        int r = read_algorithm_and_handle(fields, &algorithm, &handle, problem);

        return r < 0 ? r : service->driver->destroy(service->device, algorithm, handle, problem);
}

static int serve_probe(struct service *service, struct reader *fields, struct buf *answer,
                       struct problem *problem)
{
        _cleanup_(facts_done) struct facts facts = {0};
        int r;

        if (reader_end(fields) < 0)
                return malformed(problem);
        r = service->driver->probe(service->device, &facts, problem);
        if (r < 0)
                return r;
        frame_put_facts(answer, &facts);
        return 0;
}

static void count_done(struct driver_count *count)
{
        buf_done(&count->attest);
        buf_done(&count->signature);
}

static int serve_count(struct service *service, struct reader *fields, struct buf *answer,
                       struct problem *problem)
{
        _cleanup_(count_done) struct driver_count count = {.attest = BUF_INIT(FRAME_ROOM),
                                                           .signature = BUF_INIT(FRAME_ROOM)};
        uint32_t slot = reader_u32(fields);
        struct view qualifying = reader_sized(fields);
        int r;

        if (reader_end(fields) < 0 || qualifying.size > SHA256_SIZE)
                return malformed(problem);
        if (!service->driver->count)
                return problem_set(problem, -EOPNOTSUPP, "this token counts no uses");
        r = service->driver->count(service->device, slot, qualifying, &count, problem);
        if (r < 0)
                return r;
        buf_put_u32(answer, count.uses);
        buf_put_sized(answer, buf_view(&count.attest));
        buf_put_sized(answer, buf_view(&count.signature));
        r = buf_error(&count.attest);
        return r < 0 ? r : buf_error(&count.signature);
}

static int serve_audit(struct service *service, struct reader *fields, struct buf *answer,
                       struct problem *problem)
{
        _cleanup_(buf_done) struct buf response = BUF_INIT(FRAME_SIZE_MAX);
        uint8_t sign = reader_u8(fields);
        struct view qualifying = reader_sized(fields);
        int r;

        if (reader_end(fields) < 0 || sign > 1)
                return malformed(problem);
        if (!service->driver->look)
                return problem_set(problem, -EOPNOTSUPP, "this token audits no commands");
        r = service->driver->look(service->device, sign, qualifying, &response, problem);
        if (r < 0)
                return r;
        buf_put_sized(answer, buf_view(&response));
        return buf_error(&response);
}

static int serve_attest(struct service *service, struct reader *fields, struct buf *answer,
                        struct problem *problem)
{
        return driver_attest(service->driver, service->device, fields, answer, problem);
}

static int serve_anchor(struct service *service, struct reader *fields, struct buf *answer,
                        struct problem *problem)
{
        return driver_step_anchor(service->driver, service->device, fields, answer, problem);
}

static int serve_measure(struct service *service, struct reader *fields, struct buf *answer,
                         struct problem *problem)
{
        _cleanup_(buf_done) struct buf digests = BUF_INIT(FRAME_ROOM);
        int r;

        if (reader_end(fields) < 0)
                return malformed(problem);
        if (!service->driver->measure)
                return problem_set(problem, -EOPNOTSUPP, "this token measures nothing");
        r = service->driver->measure(service->device, &digests, problem);
        buf_put_view(answer, buf_view(&digests));
        return r < 0 ? r : buf_error(&digests);
}

static int (*const operations[])(struct service *service, struct reader *fields, struct buf *answer,
                                 struct problem *problem) = {
        [FRAME_OPEN] = serve_open,       [FRAME_GENERATE] = serve_generate,
        [FRAME_LOAD] = serve_load,       [FRAME_SIGN] = serve_sign,
        [FRAME_DESTROY] = serve_destroy, [FRAME_PROBE] = serve_probe,
        [FRAME_COUNT] = serve_count,     [FRAME_AUDIT] = serve_audit,
        [FRAME_ATTEST] = serve_attest,   [FRAME_ANCHOR] = serve_anchor,
        [FRAME_MEASURE] = serve_measure,
};

static int dispatch(struct service *service, const struct frame *request, struct buf *answer,
                    struct problem *problem)
{
        struct reader fields = reader_init(request->fields);

        if (request->status != FRAME_OK)
                return problem_set(problem, -EBADMSG, "a request has no status");
        if (request->operation == FRAME_OPEN && service->opened)
                return problem_set(problem, -EBADMSG, "the token was opened before");
        if (request->operation != FRAME_OPEN && !service->device)
                return problem_set(problem, -EBADMSG, "the token is not open");
        return operations[request->operation](service, &fields, answer, problem);
}

/* The operation goes back as the number it came as: an agent newer than this driver may know it. */
static void put_answer(struct buf *frame, struct view request, int error, struct view answer)
{
        struct reader head = reader_init(request);

        (void)reader_u8(&head);
        buf_clear(frame);
        frame->limit = FRAME_SIZE_MAX;
        buf_put_u8(frame, FRAME_VERSION);
        buf_put_u8(frame, reader_u8(&head));
        buf_put_u64(frame, reader_u64(&head));
        buf_put_u8(frame, (uint8_t)frame_status_of(error));
        if (error < 0)
                buf_put_sized(frame, answer);
        else
                buf_put_view(frame, answer);
}

static int frame_has_id(struct view request)
{
        return request.size >= FRAME_HEAD_SIZE && request.data[0] == FRAME_VERSION;
}

/* After a refusal everybody wants to know how many tries are left. */
static void put_health(const struct service *service, int error, struct buf *frame)
{
        _cleanup_(facts_done) struct facts facts = {0};

        if (error != -EACCES && error != -EBUSY)
                return;
        if (!service->device)
                frame_put_facts(frame, &service->unopened);
        else if (service->driver->probe(service->device, &facts, NULL) == 0)
                frame_put_facts(frame, &facts);
}

/* Fills @frame with the one answer to @request. -EBADMSG: there is no id to answer to. */
static int answer_request(struct service *service, struct view request, int truncated,
                          struct buf *frame)
{
        _cleanup_(buf_done) struct buf answer = BUF_INIT(FRAME_SIZE_MAX - FRAME_ROOM);
        struct problem problem = {0};
        struct frame decoded;
        int r;

        if (!frame_has_id(request))
                return -EBADMSG;
        r = truncated ? -EBADMSG : frame_decode(request, &decoded);
        if (r < 0)
                (void)malformed(&problem);
        else
                r = dispatch(service, &decoded, &answer, &problem);
        if (r == 0)
                r = buf_error(&answer);
        put_answer(frame, request, r,
                   r < 0 ? view_string(problem_text(&problem, r)) : buf_view(&answer));
        put_health(service, r, frame);
        return buf_error(frame);
}

static int agent_left(int error)
{
        return error == EPIPE || error == ECONNRESET;
}

static int send_frame(const struct buf *frame)
{
        ssize_t size;

        do
                size = send(DRIVER_SOCKET_FD, frame->data, frame->size, MSG_NOSIGNAL);
        while (size < 0 && errno == EINTR);
        return size < 0 ? -errno : 0;
}

/* Returns the exit status. */
static int serve(struct service *service, uint8_t *bytes)
{
        _cleanup_(buf_done) struct buf frame = BUF_INIT(FRAME_SIZE_MAX);

        for (;;) {
                ssize_t size = recv(DRIVER_SOCKET_FD, bytes, FRAME_SIZE_MAX, MSG_TRUNC);
                int truncated = size > (ssize_t)FRAME_SIZE_MAX, r;

                if (size < 0 && errno == EINTR)
                        continue;
                if (size == 0 || (size < 0 && agent_left(errno)))
                        return EXIT_SUCCESS;
                if (size < 0)
                        return EXIT_FAILURE;
                r = answer_request(service,
                                   view_of(bytes, truncated ? FRAME_SIZE_MAX : (size_t)size),
                                   truncated, &frame);
                if (r < 0)
                        return EXIT_FAILURE;
                r = send_frame(&frame);
                if (r < 0)
                        return agent_left(-r) ? EXIT_SUCCESS : EXIT_FAILURE;
        }
}

static int started_by_agent(void)
{
        int type;
        socklen_t size = sizeof(type);

        return getsockopt(DRIVER_SOCKET_FD, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
               type == SOCK_SEQPACKET;
}

int driver_main(const struct driver *driver, int argc, char **argv)
{
        _cleanup_(freep) uint8_t *bytes = NULL;
        struct service service = {.driver = driver};
        int status;

        if (argc == 2 && string_equal(argv[1], "--version"))
                return printf("%s %s\n", driver->name, HALLMARK_VERSION) < 0 ? EXIT_FAILURE
                                                                             : EXIT_SUCCESS;
        if (argc != 1 || !started_by_agent()) {
                (void)fprintf(stderr, "%s: this program is started by hallmarkd\n", driver->name);
                return EXIT_USAGE;
        }
        if (harden_driver(DRIVER_SOCKET_FD) < 0)
                return EXIT_FAILURE;
        (void)fcntl(DRIVER_PIN_FD, F_SETFD, FD_CLOEXEC); /* it may not be there */
        bytes = malloc(FRAME_SIZE_MAX);
        if (!bytes)
                return EXIT_FAILURE;
        status = serve(&service, bytes);
        driver->close(service.device);
        facts_done(&service.unopened);
        return status;
}
