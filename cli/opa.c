/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/opa.h"

#include <errno.h>
#include <stdio.h>

#include "lib/curl.h"
#include "lib/opa-answer.h"

#define PREFIX          "unix:"
#define SOCKET_PATH_MAX 107
#define RULE_SIZE_MAX   256

struct opa {
        const struct curl *curl;
        CURL *easy;
        struct curl_slist *headers;
        struct buf request, answer;
        char socket[SOCKET_PATH_MAX + 1];
        char url[RULE_SIZE_MAX + 64];
        char reason[CURL_ERROR_SIZE];
};

static void opa_done(struct opa *opa)
{
        if (opa->easy)
                opa->curl->easy_cleanup(opa->easy);
        if (opa->headers)
                opa->curl->slist_free_all(opa->headers);
        buf_done(&opa->request);
        buf_done(&opa->answer);
}

/* `unix:PATH:RULE`: the rule is the path of a document, `hallmark/deploy/allow`. */
static int read_address(const char *address, struct opa *ret, struct problem *problem)
{
        const char *path = address + strlen(PREFIX);
        const char *rule =
                strncmp(address, PREFIX, strlen(PREFIX)) == 0 ? strrchr(path, ':') : NULL;
        size_t size = rule ? (size_t)(rule - path) : 0;

        if (size == 0 || size > SOCKET_PATH_MAX || strlen(rule) < 2 ||
            strlen(rule) > RULE_SIZE_MAX ||
            rule[1 + strspn(rule + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789_/")] != '\0')
                return problem_set(problem, -EINVAL,
                                   "--opa: expected unix:PATH:RULE, found \"%.200s\"", address);
        memcpy(ret->socket, path, size);
        (void)snprintf(ret->url, sizeof(ret->url), "http://localhost/v1/data/%s", rule + 1);
        return 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
        struct buf *body = context;

        buf_put(body, data, size * count);
        return buf_error(body) ? 0 : size * count;
}

static int put_request(struct opa *opa, json_t *input)
{
        json_t *object = json_pack("{s:O}", "input", input);

        if (!object)
                return -ENOMEM;
        json_put(&opa->request, object);
        json_decref(object);
        return buf_error(&opa->request);
}

static int set_up(struct opa *opa, struct problem *problem)
{
        typeof(&curl_easy_setopt) set = opa->curl->easy_setopt;
        CURL *easy = opa->easy;

        opa->headers = opa->curl->slist_append(NULL, "Content-Type: application/json");
        opa->answer.limit = OPA_ANSWER_MAX;
        if (opa->headers && set(easy, CURLOPT_URL, opa->url) == CURLE_OK &&
            set(easy, CURLOPT_UNIX_SOCKET_PATH, opa->socket) == CURLE_OK &&
            set(easy, CURLOPT_PROXY, "") == CURLE_OK &&
            set(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
            set(easy, CURLOPT_TIMEOUT, OPA_SECONDS) == CURLE_OK &&
            set(easy, CURLOPT_HTTPHEADER, opa->headers) == CURLE_OK &&
            set(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)opa->request.size) == CURLE_OK &&
            set(easy, CURLOPT_POSTFIELDS, (const char *)opa->request.data) == CURLE_OK &&
            set(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
            set(easy, CURLOPT_WRITEDATA, &opa->answer) == CURLE_OK &&
            set(easy, CURLOPT_ERRORBUFFER, opa->reason) == CURLE_OK)
                return 0;
        return problem_set(problem, -EOPNOTSUPP, "%s: libcurl cannot be set up for it",
                           opa->socket);
}

static int ask(struct opa *opa, long *ret_status, struct problem *problem)
{
        CURLcode code = opa->curl->easy_perform(opa->easy);

        if (code != CURLE_OK)
                return problem_set(problem, code == CURLE_OPERATION_TIMEDOUT ? -ETIME : -EIO,
                                   "OPA at %s: %s", opa->socket,
                                   opa->reason[0] ? opa->reason : opa->curl->easy_strerror(code));
        return opa->curl->easy_getinfo(opa->easy, CURLINFO_RESPONSE_CODE, ret_status) == CURLE_OK
                       ? 0
                       : -EIO;
}

/* False and undefined are a no; what is neither true nor that is no answer. */
static int read_answer(const struct opa *opa, long status, struct problem *problem)
{
        char id[OPA_ID_SIZE];
        struct problem reason = {};
        int r = opa_answer_parse(status, buf_view(&opa->answer), id, &reason);

        if (r == -EPERM)
                return problem_set(problem, -EKEYREJECTED, "the policy %s: %s",
                                   strstr(opa->url, "/v1/data/") + strlen("/v1/data/"),
                                   problem_text(&reason, r));
        return r < 0 ? problem_set(problem, r, "OPA at %s: %s", opa->socket,
                                   problem_text(&reason, r))
                     : 0;
}

int opa_decide(const char *address, json_t *input, struct problem *problem)
{
        _cleanup_(opa_done) struct opa opa = {};
        int r = read_address(address, &opa, problem);
        long status = 0;

        if (r == 0)
                r = curl_load(&opa.curl, problem);
        if (r == 0)
                r = put_request(&opa, input);
        if (r < 0)
                return r;
        opa.easy = opa.curl->easy_init();
        if (!opa.easy)
                return -ENOMEM;
        r = set_up(&opa, problem);
        if (r == 0)
                r = ask(&opa, &status, problem);
        return r < 0 ? r : read_answer(&opa, status, problem);
}
