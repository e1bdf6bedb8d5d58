/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One method call of a connection, from its arrival to its reply.
 *
 * A call is answered exactly once, at any later time, by call_reply() or one of the others; it is
 * gone after that. The connection may be gone by then: the answer is dropped, what was done stays
 * done.
 */

#include "agent/caller.h"
#include "lib/varlink.h"

struct agent;
struct asked;
struct charge;
struct connection;
struct call;

struct method {
        const char *name; /* without interface */
        const struct json_member *parameters;
        size_t parameter_count;
        void (*handle)(struct agent *agent, struct call *call);
};

struct interface {
        const char *name;
        const char *description; /* the .varlink file */
        const struct method *methods;
        size_t method_count;
};

/* agent/ask.c, as the next one. Takes NULL. */
void asked_free(struct asked *asked);
void charges_free(struct charge *charges);

struct call {
        struct connection *connection; /* NULL once that is gone */
        struct varlink_call message;
        const struct interface *interface;
        const struct method *method;
        uint64_t number;  /* on its connection, from 1 */
        struct buf reply; /* once answered, until it is its turn */
        int answered;
        struct call *next;      /* on the connection, in order */
        struct call *parked;    /* the next one that waits for the same event */
        struct asked *asked;    /* what somebody else was asked about it (agent/ask.h); or NULL */
        struct charge *charges; /* grants whose rate it has been counted for; or NULL */
};

/* Who calls. Only while the connection is there: in the handler itself, or after a look at
 * call->connection. */
const struct caller *call_caller(const struct call *call);

/* Numbers its connection, from 1, in a run of the agent. Only while the connection is there. */
uint64_t call_connection(const struct call *call);

/* The canonical text of caller_to_json(), made once for each connection. Empty without memory. Only
 * while the connection is there. */
struct view call_caller_text(const struct call *call);

/* What the socket serves, NULL-terminated. Only while the connection is there. */
const struct interface *const *call_interfaces(const struct call *call);

/* Names the call in records: "<connection>.<number>", unique for a run of the agent. */
#define CALL_REQUEST_SIZE 48
char *call_request(const struct call *call, char ret[CALL_REQUEST_SIZE]);

/* Take the reference to @parameters; NULL stands for an empty object. */
void call_reply(struct call *call, json_t *parameters);

/* The same for parameters whose text has been written already. */
void call_reply_text(struct call *call, struct view parameters);

/* As call_reply(). */
void call_error(struct call *call, const char *error, json_t *parameters);

/* An error of the call's own interface with a reason. */
void call_fail(struct call *call, const char *error, const char *format, ...) _printf_(3, 4);
