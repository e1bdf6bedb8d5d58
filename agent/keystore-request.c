/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "agent/keystore.h"
#include "agent/recorder.h"
#include "lib/file.h"

#define REQUESTS_SIZE_MAX ((size_t)65536)

static void requests_path(const char *name, char ret[KEY_NAME_MAX + 16])
{
        (void)snprintf(ret, KEY_NAME_MAX + 16, "%s/requests", name);
}

static int check_request(const char *id, const json_t *request, struct problem *problem)
{
        static const struct json_member members[] = {
                {"method", JSON_STRING, 1},
                {"parameters", JSON_STRING, 0},
                {"time", JSON_STRING, 1},
                {"version", JSON_INTEGER, 1},
        };
        json_int_t version = json_member_integer(request, "version", 0);
        int r = json_is_object(request) ? json_check_members(request, "request", members,
                                                             ARRAY_SIZE(members), problem)
                                        : problem_set(problem, -EBADMSG, "expected an object");

        if (r < 0)
                return problem_prefix(problem, r, "request \"%.80s\"", id);
        if (!key_name_is_valid(id) || !json_member_string(request, "method")[0] ||
            !record_time_is_valid(json_member_string(request, "time")) || version < 1 ||
            version > UINT32_MAX)
                return problem_set(problem, -EBADMSG,
                                   "request \"%.80s\": expected an id, a method, a time and a "
                                   "version",
                                   id);
        return 0;
}

/* {"ID":{"method":"RotateKey","parameters":"HEX","time":"…","version":2},…} */
int keystore_parse_requests(struct view text, json_t **ret, struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *requests = NULL;
        int r = json_parse_object(text, &requests, problem);
        json_t *request;
        const char *id;

        if (r == 0 && json_object_size(requests) > KEYSTORE_REQUESTS_MAX)
                r = problem_set(problem, -EBADMSG, "more than %d requests", KEYSTORE_REQUESTS_MAX);
        if (r < 0)
                return r;
        json_object_foreach (requests, id, request) {
                r = check_request(id, request, problem);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(requests);
        return 0;
}

static int read_requests(const struct keystore *store, const char *name, json_t **ret,
                         struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(REQUESTS_SIZE_MAX);
        char path[KEY_NAME_MAX + 16];
        struct problem reason = {};
        int r;

        requests_path(name, path);
        if (faccessat(keystore_folder(store), path, F_OK, 0) < 0) {
                *ret = json_object();
                return *ret ? 0 : -ENOMEM;
        }
        r = file_read(keystore_folder(store), path, &text, problem);
        if (r < 0)
                return r;
        r = keystore_parse_requests(buf_view(&text), ret, &reason);
        return r < 0 ? problem_set(problem, r, "keys/%s: %s", path, problem_text(&reason, r)) : 0;
}

static void forget_oldest(json_t *requests)
{
        const char *oldest = NULL, *least = NULL, *id, *time;
        json_t *request;

        json_object_foreach (requests, id, request) {
                time = json_member_string(request, "time");
                if (!time || !least || strcmp(time, least) < 0) {
                        oldest = id;
                        least = time ? time : "";
                }
        }
        if (oldest)
                (void)json_object_del(requests, oldest);
}

int keystore_note_request(const struct keystore *store, const char *name,
                          const struct key_request *request, struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *requests = NULL;
        _cleanup_(buf_done) struct buf text = BUF_INIT(REQUESTS_SIZE_MAX);
        char path[KEY_NAME_MAX + 16], time[RECORD_TIME_SIZE];
        int r = read_requests(store, name, &requests, problem);

        if (r < 0)
                return r;
        while (json_object_size(requests) >= KEYSTORE_REQUESTS_MAX)
                forget_oldest(requests);
        if (json_object_set_new(requests, request->id,
                                json_pack("{s:s, s:s*, s:s, s:I}", "method", request->method,
                                          "parameters", request->parameters, "time",
                                          record_time(recorder_now(), time), "version",
                                          (json_int_t)request->version)) < 0)
                return -ENOMEM;
        json_put(&text, requests);
        buf_put_u8(&text, '\n');
        requests_path(name, path);
        return buf_error(&text)
                       ? buf_error(&text)
                       : file_replace(keystore_folder(store), path, buf_view(&text), 0600, problem);
}

int keystore_find_request(const struct keystore *store, const char *name,
                          const struct key_request *request, uint32_t *ret, struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *requests = NULL;
        const json_t *noted;
        const char *parameters;
        int r = read_requests(store, name, &requests, problem);

        if (r < 0)
                return r;
        noted = json_object_get(requests, request->id);
        if (!noted)
                return -ENOENT;
        if (!string_equal(json_member_string(noted, "method"), request->method))
                return problem_set(problem, -EEXIST, "request \"%s\" was one for %s", request->id,
                                   json_member_string(noted, "method"));
        parameters = json_member_string(noted, "parameters");
        if (parameters && request->parameters && !string_equal(parameters, request->parameters))
                return problem_set(problem, -EEXIST, "request \"%s\" had other parameters",
                                   request->id);
        *ret = (uint32_t)json_member_integer(noted, "version", 0);
        return 0;
}
