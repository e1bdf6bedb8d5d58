/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/http.h"

#include <errno.h>

/* In the place of agent/http.c in a build without libcurl. */

int http_new(sd_event *event, struct http **ret, struct problem *problem)
{
        return problem_set(problem, -EOPNOTSUPP, "this hallmarkd was built without libcurl");
}

struct http *http_free(struct http *http)
{
        return NULL;
}

int http_post(struct http *http, const struct http_post *post, struct http_request **ret)
{
        return -EOPNOTSUPP;
}

struct http_request *http_cancel(struct http_request *request)
{
        return NULL;
}
