/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * HTTP requests on the event loop, with libcurl: nothing here waits, whatever the other side does.
 *
 * Names are resolved by libcurl in a thread of its own or with c-ares; one that would block is
 * refused. Proxies, redirects and what the environment says are not followed: the configuration
 * names who is spoken to.
 */

#include <systemd/sd-event.h>

#include "lib/problem.h"
#include "lib/reader.h"

struct http;
struct http_request;

/* @error is 0 when there is an answer, with its status and body; -ETIME, -EMSGSIZE or -EIO when
 * there is none, with the reason. The request has ended and must not be cancelled any more. */
typedef void (*http_function)(void *context, int error, long status, struct view body,
                              const struct problem *problem);

struct http_post {
        const char *url;
        const char *socket; /* the path of a Unix socket to connect to; NULL: as the URL says */
        const char *content_type; /* NULL: UTF-8 text */
        struct view body;         /* copied */
        uint64_t timeout_usec;    /* for all of it */
        size_t answer_max;        /* bytes */
        http_function done;       /* called from the event loop, exactly once unless cancelled */
        void *context;
};

/* -EOPNOTSUPP: built without libcurl, or libcurl would block on names. */
int http_new(sd_event *event, struct http **ret, struct problem *problem) _must_use_;

/* All requests must have ended or been cancelled. */
struct http *http_free(struct http *http);
DEFINE_CLEANUP(struct http *, http_free)

/* -ENOMEM, -EIO. */
int http_post(struct http *http, const struct http_post *post,
              struct http_request **ret) _must_use_;

/* Takes NULL; returns NULL. */
struct http_request *http_cancel(struct http_request *request);
