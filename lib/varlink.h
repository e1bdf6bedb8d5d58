/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Varlink messages (varlink.org, "Protocol"): one JSON object and a NUL byte each, and the client
 * side.
 *
 * Encoding and decoding are pure; the client blocks, with a deadline. The server is the agent's.
 */

#include "lib/json.h"

#define VARLINK_MESSAGE_MAX  ((size_t)131072) /* bytes of one request, without the NUL */
#define VARLINK_REPLY_MAX    ((size_t)16 << 20)
#define VARLINK_TIMEOUT_USEC ((uint64_t)180 * 1000000) /* the agent's own deadlines are shorter */

struct varlink_call {
        json_t *message; /* owns what the others borrow */
        const char *method;
        json_t *parameters; /* an object, never NULL */
        int oneway;
        int more;
        int upgrade;
};

struct varlink_reply {
        json_t *message;
        const char *error;  /* full name; NULL for a result */
        json_t *parameters; /* an object, never NULL */
        int continues;
};

void varlink_call_done(struct varlink_call *call);
void varlink_reply_done(struct varlink_reply *reply);

/* Decodes the bytes before the NUL. -EBADMSG with the reason; -ENOMEM. */
int varlink_call_decode(struct view message, struct varlink_call *ret,
                        struct problem *problem) _must_use_;
int varlink_reply_decode(struct view message, struct varlink_reply *ret,
                         struct problem *problem) _must_use_;

/* Append a whole message with its NUL. @parameters may be NULL for an empty object. */
void varlink_put_call(struct buf *buf, const char *method, json_t *parameters);
void varlink_put_result(struct buf *buf, json_t *parameters);
void varlink_put_result_text(struct buf *buf, struct view parameters); /* their canonical JSON */
void varlink_put_error(struct buf *buf, const char *error, json_t *parameters);

struct varlink_client;

/* Connects to the Unix socket at @path. -ENAMETOOLONG, or the errno of connect(), with the path in
 * @problem. */
int varlink_connect(const char *path, struct varlink_client **ret,
                    struct problem *problem) _must_use_;
struct varlink_client *varlink_client_free(struct varlink_client *client);
DEFINE_CLEANUP(struct varlink_client *, varlink_client_free)

/* How long each of the calls below may wait, in microseconds, instead of VARLINK_TIMEOUT_USEC. */
void varlink_client_set_timeout(struct varlink_client *client, uint64_t usec);

/* Sends a call; several may be sent before the first reply is awaited. -ETIME, -EPIPE, … */
int varlink_send(struct varlink_client *client, const char *method, json_t *parameters,
                 struct problem *problem) _must_use_;

/* Waits for the next reply, in the order of the calls. -ETIME when the time is up, -ECONNRESET when
 * the server closed, -EBADMSG: no reply, or one over VARLINK_REPLY_MAX. */
int varlink_receive(struct varlink_client *client, struct varlink_reply *ret,
                    struct problem *problem) _must_use_;

/* Send and receive. 0 means that a reply came; whether it is an error is in @ret. */
int varlink_request(struct varlink_client *client, const char *method, json_t *parameters,
                    struct varlink_reply *ret, struct problem *problem) _must_use_;
