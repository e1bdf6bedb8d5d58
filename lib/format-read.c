/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/format.h"

#include <errno.h>
#include <fcntl.h>

#include "lib/base64.h"
#include "lib/file-pass.h"
#include "lib/file.h"
#include "lib/json-hollow.h"
#include "lib/spool.h"

static int take(void *context, struct view part, struct problem *problem)
{
        struct base64_stream *stream = context;
        int r = base64_stream_put(stream, part);

        if (r == -EBADMSG)
                return problem_set(problem, r, "envelope: member \"payload\": no base64");
        if (r == -EMSGSIZE)
                return problem_set(problem, r,
                                   "envelope: member \"payload\": longer than %zu bytes",
                                   stream->ret->limit);
        return spool_problem(problem, r);
}

/* Whatever the file is, JSON or not: of other things than such an envelope all remains. */
static int read_pieces(int fd, struct json_hollow *hollow, struct problem *problem)
{
        _cleanup_(freep) uint8_t *piece = file_pass_block();
        size_t size = 0;

        if (!piece)
                return -ENOMEM;
        for (;;) {
                ssize_t got = read(fd, piece, FILE_PASS_BLOCK);
                int r;

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return got < 0 ? problem_set(problem, -errno, "%s", strerror(errno)) : 0;
                size += (size_t)got;
                if (size > BUNDLE_ENVELOPE_SIZE_MAX)
                        return problem_set(problem, -EMSGSIZE, "longer than %zu bytes",
                                           BUNDLE_ENVELOPE_SIZE_MAX);
                r = json_hollow_put(hollow, view_of(piece, (size_t)got), problem);
                if (r < 0)
                        return r;
        }
}

static int read_all(int fd, struct json_hollow *hollow, struct problem *problem)
{
        struct base64_stream *stream = hollow->context;
        int r = read_pieces(fd, hollow, problem);

        if (r == 0)
                r = base64_stream_end(stream);
        return r == -EBADMSG ? problem_set(problem, r, "envelope: member \"payload\": no base64")
                             : r;
}

int format_read(const char *path, size_t limit, struct buf *ret_file, struct signature *ret,
                struct problem *problem)
{
        struct buf payload = BUF_SPOOLED(DSSE_PAYLOAD_SIZE_MAX);
        _cleanup_(base64_stream_done) struct base64_stream stream = {.ret = &payload};
        struct json_hollow hollow = {.outer = "dsseEnvelope",
                                     .inner = "payload",
                                     .kind = JSON_HOLLOW_STRING,
                                     .take = take,
                                     .context = &stream,
                                     .rest = BUF_INIT(limit)};
        _cleanup_(fd_closep) int fd = -1;
        int r = file_open(AT_FDCWD, path, &fd, problem);

        if (r < 0)
                return r;
        r = read_all(fd, &hollow, problem);
        if (r < 0) {
                json_hollow_done(&hollow);
                buf_done(&payload);
                return problem_prefix(problem, r, "%s", path);
        }
        ret->payload = payload;
        *ret_file = hollow.rest;
        buf_done(&hollow.object);
        return 0;
}
