/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/http.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "lib/curl.h"

#define CONNECTIONS_MAX 64L             /* that are kept open for the next request */
#define HEADERS_MAX     ((size_t)65536) /* bytes of one answer */
#define USEC_PER_MSEC   ((uint64_t)1000)

struct http {
        const struct curl *curl;
        sd_event *event;
        CURLM *multi;
        sd_event_source *timer;
};

struct http_request {
        struct http *http;
        CURL *easy;
        struct curl_slist *headers;
        struct buf answer;
        size_t header_size;
        http_function done;
        void *context;
        char reason[CURL_ERROR_SIZE];
};

struct http_request *http_cancel(struct http_request *request)
{
        const struct curl *curl;

        if (!request)
                return NULL;
        curl = request->http->curl;
        if (request->easy) {
                (void)curl->multi_remove_handle(request->http->multi, request->easy);
                curl->easy_cleanup(request->easy);
        }
        curl->slist_free_all(request->headers);
        buf_done(&request->answer);
        free(request);
        return NULL;
}
DEFINE_CLEANUP(struct http_request *, http_cancel)

static int error_of(CURLcode code)
{
        switch (code) {
        case CURLE_OK:
                return 0;
        case CURLE_OPERATION_TIMEDOUT:
                return -ETIME;
        case CURLE_WRITE_ERROR:
                return -EMSGSIZE;
        default:
                return -EIO;
        }
}

/* The request is gone before its function is called, which may begin another. */
static void finish(struct http_request *request, CURLcode code)
{
        _cleanup_(buf_done) struct buf answer = request->answer;
        const struct curl *curl = request->http->curl;
        http_function done = request->done;
        void *context = request->context;
        struct problem problem = {};
        int error = error_of(code);
        long status = 0;

        (void)curl->easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
        if (buf_error(&answer) == -ENOMEM)
                error = -ENOMEM;
        else if (error == -EMSGSIZE && request->header_size > HEADERS_MAX)
                (void)problem_set(&problem, error, "more than %zu bytes of headers", HEADERS_MAX);
        else if (error == -EMSGSIZE)
                (void)problem_set(&problem, error, "an answer of more than %zu bytes",
                                  answer.limit);
        else if (error < 0)
                (void)problem_set(&problem, error, "%s",
                                  request->reason[0] ? request->reason : curl->easy_strerror(code));
        request->answer = (struct buf){};
        (void)http_cancel(request);
        done(context, error, status, buf_view(&answer), &problem);
}

static void take_finished(struct http *http)
{
        const struct curl *curl = http->curl;
        CURLMsg *message;
        int left;

        while ((message = curl->multi_info_read(http->multi, &left))) {
                struct http_request *request = NULL;

                if (message->msg != CURLMSG_DONE)
                        continue;
                (void)curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&request);
                finish(request, message->data.result);
        }
}

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *context)
{
        struct http *http = context;
        int flags = 0, running;

        if (events & EPOLLIN)
                flags |= CURL_CSELECT_IN;
        if (events & EPOLLOUT)
                flags |= CURL_CSELECT_OUT;
        if (events & (EPOLLERR | EPOLLHUP))
                flags |= CURL_CSELECT_ERR;
        (void)http->curl->multi_socket_action(http->multi, fd, flags, &running);
        take_finished(http);
        return 0;
}

static int on_time(sd_event_source *source, uint64_t usec, void *context)
{
        struct http *http = context;
        int running;

        (void)http->curl->multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        take_finished(http);
        return 0;
}

static int on_timer_wanted(CURLM *multi, long milliseconds, void *context)
{
        struct http *http = context;

        if (milliseconds < 0)
                return sd_event_source_set_enabled(http->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
        if (sd_event_source_set_time_relative(http->timer, (uint64_t)milliseconds * USEC_PER_MSEC) <
                    0 ||
            sd_event_source_set_enabled(http->timer, SD_EVENT_ONESHOT) < 0)
                return -1;
        return 0;
}

static uint32_t events_of(int what)
{
        return (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
               (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
}

/* @known is the event source of the socket, once it has one. */
static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
        struct http *http = context;
        sd_event_source *source = known;

        if (what == CURL_POLL_REMOVE) {
                sd_event_source_disable_unref(source);
                return 0;
        }
        if (source)
                return sd_event_source_set_io_events(source, events_of(what)) < 0 ? -1 : 0;
        /* Drivers are started by this process, and a connection is none of theirs. */
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
            sd_event_add_io(http->event, &source, fd, events_of(what), on_ready, http) < 0)
                return -1;
        return http->curl->multi_assign(http->multi, fd, source) == CURLM_OK ? 0 : -1;
}

static curl_socket_t on_open_socket(void *context, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
        return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
        struct http_request *request = context;

        buf_put(&request->answer, data, size * count);
        return buf_error(&request->answer) ? 0 : size * count;
}

/* libcurl keeps them, and would for as long as they come. */
static size_t on_header(char *data, size_t size, size_t count, void *context)
{
        struct http_request *request = context;

        request->header_size += size * count;
        return request->header_size > HEADERS_MAX ? 0 : size * count;
}

static int set_up_multi(struct http *http)
{
        const struct curl *curl = http->curl;

        http->multi = curl->multi_init();
        if (!http->multi)
                return -ENOMEM;
        if (curl->multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted) !=
                    CURLM_OK ||
            curl->multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http) != CURLM_OK ||
            curl->multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted) != CURLM_OK ||
            curl->multi_setopt(http->multi, CURLMOPT_TIMERDATA, http) != CURLM_OK ||
            curl->multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX) != CURLM_OK)
                return -EIO;
        return 0;
}

int http_new(sd_event *event, struct http **ret, struct problem *problem)
{
        _cleanup_(http_freep) struct http *http = calloc(1, sizeof(*http));
        int r;

        if (!http)
                return -ENOMEM;
        r = curl_load(&http->curl, problem);
        if (r < 0)
                return r;
        http->event = sd_event_ref(event);
        if (!(http->curl->version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS))
                return problem_set(problem, -EOPNOTSUPP,
                                   "this libcurl waits for names to be resolved");
        r = sd_event_add_time(event, &http->timer, CLOCK_MONOTONIC, 0, USEC_PER_MSEC, on_time,
                              http);
        if (r >= 0)
                r = sd_event_source_set_enabled(http->timer, SD_EVENT_OFF);
        if (r >= 0)
                r = set_up_multi(http);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(http);
        return 0;
}

struct http *http_free(struct http *http)
{
        if (!http)
                return NULL;
        if (http->multi)
                (void)http->curl->multi_cleanup(http->multi);
        sd_event_source_disable_unref(http->timer);
        sd_event_unref(http->event);
        free(http);
        return NULL;
}

static int set_protocols(const struct curl *curl, CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
        return curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
#else
        return curl->easy_setopt(easy, CURLOPT_PROTOCOLS,
                                 (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS)) == CURLE_OK;
#endif
}

/* A name that is still being resolved is not waited for when its request ends. */
static int set_quick_exit(const struct curl *curl, CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075700
        return curl->easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK;
#else
        return 1;
#endif
}

static int set_headers(struct http_request *request, const struct http_post *post)
{
        const struct curl *curl = request->http->curl;
        const char *type = post->content_type ? post->content_type : "text/plain; charset=utf-8";
        _cleanup_(freep) char *line = NULL;
        struct curl_slist *more;

        if (asprintf(&line, "Content-Type: %s", type) < 0) {
                line = NULL; /* asprintf() leaves it undefined */
                return -ENOMEM;
        }
        request->headers = curl->slist_append(NULL, line);
        if (!request->headers)
                return -ENOMEM;
        more = curl->slist_append(request->headers, "Expect:"); /* no leave is asked for a body */
        if (!more)
                return -ENOMEM;
        request->headers = more;
        return curl->easy_setopt(request->easy, CURLOPT_HTTPHEADER, request->headers) == CURLE_OK
                       ? 0
                       : -EIO;
}

static int set_up_request(struct http_request *request, const struct http_post *post)
{
        const struct curl *curl = request->http->curl;
        CURL *easy = request->easy;
        long timeout = (long)((post->timeout_usec + USEC_PER_MSEC - 1) / USEC_PER_MSEC);

        int r = set_headers(request, post);

        if (r < 0)
                return r;
        if (post->socket &&
            curl->easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, post->socket) != CURLE_OK)
                return -EIO;
        if (!set_protocols(curl, easy) || !set_quick_exit(curl, easy) ||
            curl->easy_setopt(easy, CURLOPT_URL, post->url) != CURLE_OK ||
            curl->easy_setopt(easy, CURLOPT_USERAGENT, "hallmarkd/" HALLMARK_VERSION) != CURLE_OK ||
            curl->easy_setopt(easy, CURLOPT_PROXY, "") != CURLE_OK ||
            curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
            curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout) != CURLE_OK ||
            curl->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket) != CURLE_OK ||
            curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) != CURLE_OK ||
            curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) != CURLE_OK ||
            curl->easy_setopt(easy, CURLOPT_HEADERDATA, request) != CURLE_OK ||
            curl->easy_setopt(easy, CURLOPT_WRITEDATA, request) != CURLE_OK ||
            curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, request->reason) != CURLE_OK ||
            curl->easy_setopt(easy, CURLOPT_PRIVATE, request) != CURLE_OK ||
            curl->easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)post->body.size) != CURLE_OK ||
            curl->easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, post->body.data) != CURLE_OK)
                return -EIO;
        return 0;
}

int http_post(struct http *http, const struct http_post *post, struct http_request **ret)
{
        _cleanup_(http_cancelp) struct http_request *request = calloc(1, sizeof(*request));
        int r;

        if (!request)
                return -ENOMEM;
        *request = (struct http_request){
                .http = http,
                .easy = http->curl->easy_init(),
                .answer = BUF_INIT(post->answer_max),
                .done = post->done,
                .context = post->context,
        };
        if (!request->easy)
                return -ENOMEM;
        r = set_up_request(request, post);
        if (r < 0)
                return r;
        if (http->curl->multi_add_handle(http->multi, request->easy) != CURLM_OK)
                return -EIO;
        *ret = TAKE_PTR(request);
        return 0;
}
