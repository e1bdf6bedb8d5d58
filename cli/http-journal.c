/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/http-journal.h"

#include <errno.h>
#include <stdio.h>

#include "lib/curl.h"

#define URL_SIZE_MAX      ((size_t)2048)
#define REDIRECTIONS_MAX  3L
#define CONNECT_SECONDS   10L
#define FILE_SECONDS      120L /* for one file of at most ENTRY_BUNDLE_MAX bytes */
#define SLOW_BYTES_SECOND 100L /* slower than this for SLOW_SECONDS is no answer */
#define SLOW_SECONDS      20L
#define STATUS_OK         200L
#define STATUS_NOT_FOUND  404L
#define STATUS_GONE       410L

struct http {
        const struct curl *curl;
        CURL *easy;
        char *url; /* without slash at the end */
        char reason[CURL_ERROR_SIZE];
};

static void http_free(void *context)
{
        struct http *http = context;

        if (!http)
                return;
        if (http->easy)
                http->curl->easy_cleanup(http->easy);
        free(http->url);
        free(http);
}

static void http_freep(struct http **http)
{
        http_free(*http);
}

int http_is_url(const char *text)
{
        return strstr(text, "://") != NULL;
}

/* More than the limit of the buf, or than memory: zero bytes taken end the transfer. */
static size_t on_body(char *data, size_t size, size_t count, void *context)
{
        struct buf *body = context;

        buf_put(body, data, size * count);
        return buf_error(body) ? 0 : size * count;
}

static int set_protocols(const struct http *http, int secure)
{
        typeof(&curl_easy_setopt) set = http->curl->easy_setopt;
#if LIBCURL_VERSION_NUM >= 0x075500
        const char *protocols = secure ? "https" : "http,https";

        return set(http->easy, CURLOPT_PROTOCOLS_STR, protocols) == CURLE_OK &&
               set(http->easy, CURLOPT_REDIR_PROTOCOLS_STR, protocols) == CURLE_OK;
#else
        long protocols = secure ? CURLPROTO_HTTPS : CURLPROTO_HTTP | CURLPROTO_HTTPS;

        return set(http->easy, CURLOPT_PROTOCOLS, protocols) == CURLE_OK &&
               set(http->easy, CURLOPT_REDIR_PROTOCOLS, protocols) == CURLE_OK;
#endif
}

static int set_up(struct http *http, struct problem *problem)
{
        typeof(&curl_easy_setopt) set = http->curl->easy_setopt;
        CURL *easy = http->easy;

        if (set_protocols(http, strncmp(http->url, "https:", 6) == 0) &&
            set(easy, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK &&
            set(easy, CURLOPT_MAXREDIRS, REDIRECTIONS_MAX) == CURLE_OK &&
            set(easy, CURLOPT_USERAGENT, "hallmark/" HALLMARK_VERSION) == CURLE_OK &&
            set(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
            set(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS) == CURLE_OK &&
            set(easy, CURLOPT_TIMEOUT, FILE_SECONDS) == CURLE_OK &&
            set(easy, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_SECOND) == CURLE_OK &&
            set(easy, CURLOPT_LOW_SPEED_TIME, SLOW_SECONDS) == CURLE_OK &&
            set(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
            set(easy, CURLOPT_ERRORBUFFER, http->reason) == CURLE_OK)
                return 0;
        return problem_set(problem, -EOPNOTSUPP, "%s: libcurl cannot be set up for it", http->url);
}

static int check_answer(struct http *http, const char *url, struct problem *problem)
{
        long status = 0;

        if (http->curl->easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK)
                return problem_set(problem, -EIO, "%s: no status", url);
        if (status == STATUS_NOT_FOUND || status == STATUS_GONE)
                return problem_set(problem, -ENOENT, "%s: HTTP status %ld", url, status);
        if (status != STATUS_OK)
                return problem_set(problem, -EIO, "%s: expected HTTP status 200, found %ld", url,
                                   status);
        return 0;
}

static int http_read(void *context, const char *path, struct buf *ret, struct problem *problem)
{
        struct http *http = context;
        char url[URL_SIZE_MAX + 128];
        CURLcode code;

        (void)snprintf(url, sizeof(url), "%s/%s", http->url, path);
        http->reason[0] = '\0';
        if (http->curl->easy_setopt(http->easy, CURLOPT_URL, url) != CURLE_OK ||
            http->curl->easy_setopt(http->easy, CURLOPT_WRITEDATA, ret) != CURLE_OK)
                return -ENOMEM;
        code = http->curl->easy_perform(http->easy);
        if (buf_error(ret) == -ENOMEM || code == CURLE_OUT_OF_MEMORY)
                return -ENOMEM;
        if (code == CURLE_OK || buf_error(ret)) {
                int r = check_answer(http, url, problem);

                if (r == 0 && buf_error(ret))
                        return problem_set(problem, -EMSGSIZE, "%s: longer than %zu bytes", url,
                                           ret->limit);
                return r;
        }
        return problem_set(problem, code == CURLE_OPERATION_TIMEDOUT ? -ETIME : -EIO, "%s: %s", url,
                           http->reason[0] ? http->reason : http->curl->easy_strerror(code));
}

static int check_url(const char *url, struct problem *problem)
{
        int good = (strncmp(url, "https://", 8) == 0 && url[8]) ||
                   (strncmp(url, "http://", 7) == 0 && url[7]);

        if (good && strlen(url) <= URL_SIZE_MAX && !strpbrk(url, "?#"))
                return 0;
        return problem_set(problem, -EINVAL, "%.200s: expected the http or https URL of a folder",
                           url);
}

int http_journal_open(const char *url, struct journal **ret, struct problem *problem)
{
        _cleanup_(http_freep) struct http *http = NULL;
        struct journal_source source = {http_read, http_free, NULL};
        int r = check_url(url, problem);

        if (r < 0)
                return r;
        http = calloc(1, sizeof(*http));
        if (!http)
                return -ENOMEM;
        r = curl_load(&http->curl, problem);
        if (r < 0)
                return problem_prefix(problem, r, "%.200s", url);
        http->url = strdup(url);
        http->easy = http->curl->easy_init();
        if (!http->url || !http->easy)
                return -ENOMEM;
        while (http->url[strlen(http->url) - 1] == '/')
                http->url[strlen(http->url) - 1] = '\0';
        r = set_up(http, problem);
        if (r < 0)
                return r;
        source.context = http;
        r = journal_open_source(url, &source, ret);
        if (r == 0)
                http = NULL; /* the journal's now */
        return r;
}
