/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/frozen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "agent/recorder.h"
#include "lib/file.h"

#define FROZEN_SIZE_MAX ((size_t)1 << 24)

/* {"frozen":{"release":{"record":{…},"recorded":1}},"requests":{"ID":{"method":"Freeze",
 * "reply":{…},"target":"release","time":"…"}}} */
struct frozen {
        char *path;
        json_t *entries, *requests;
};

static int check_entry(const char *target, const json_t *entry, struct problem *problem)
{
        static const struct json_member members[] = {
                {"record", JSON_OBJECT, 1},
                {"recorded", JSON_INTEGER, 1},
        };
        const json_t *record = json_object_get(entry, "record");
        int r = json_check_members(entry, "frozen", members, ARRAY_SIZE(members), problem);

        if (r == 0)
                r = record_check(record, problem);
        if (r == 0 && (!string_equal(json_member_string(record, "type"), "freeze") ||
                       !string_equal(frozen_target(record), target)))
                r = problem_set(problem, -EBADMSG, "\"%.64s\": expected the record of its freeze",
                                target);
        return r;
}

static int check_request(const json_t *request, struct problem *problem)
{
        static const struct json_member members[] = {
                {"method", JSON_STRING, 1},
                {"reply", JSON_OBJECT, 1},
                {"target", JSON_STRING, 1},
                {"time", JSON_STRING, 1},
        };

        return json_check_members(request, "request", members, ARRAY_SIZE(members), problem);
}

static int take(struct frozen *frozen, const json_t *object, struct problem *problem)
{
        static const struct json_member members[] = {
                {"frozen", JSON_OBJECT, 1},
                {"requests", JSON_OBJECT, 1},
        };
        int r = json_check_members(object, "state", members, ARRAY_SIZE(members), problem);
        const char *name;
        json_t *value;

        if (r < 0)
                return r;
        json_object_foreach (json_object_get(object, "frozen"), name, value) {
                r = check_entry(name, value, problem);
                if (r < 0)
                        return r;
        }
        json_object_foreach (json_object_get(object, "requests"), name, value) {
                r = check_request(value, problem);
                if (r < 0)
                        return r;
        }
        json_decref(frozen->entries);
        json_decref(frozen->requests);
        frozen->entries = json_incref(json_object_get(object, "frozen"));
        frozen->requests = json_incref(json_object_get(object, "requests"));
        return 0;
}

static int read_file(struct frozen *frozen, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(FROZEN_SIZE_MAX);
        _cleanup_(json_decrefp) json_t *object = NULL;
        struct problem reason = {};
        int r = file_read(AT_FDCWD, frozen->path, &text, &reason);

        if (r == -ENOENT)
                return 0;
        if (r == 0)
                r = json_parse_object(buf_view(&text), &object, &reason);
        if (r == 0)
                r = take(frozen, object, &reason);
        return r < 0 ? problem_set(problem, r, "%s: %s", frozen->path, problem_text(&reason, r))
                     : 0;
}

int frozen_open(const char *path, struct frozen **ret, struct problem *problem)
{
        _cleanup_(frozen_freep) struct frozen *frozen = calloc(1, sizeof(*frozen));
        int r;

        if (!frozen)
                return -ENOMEM;
        frozen->path = strdup(path);
        frozen->entries = json_object();
        frozen->requests = json_object();
        if (!frozen->path || !frozen->entries || !frozen->requests)
                return -ENOMEM;
        r = read_file(frozen, problem);
        if (r == 0)
                *ret = TAKE_PTR(frozen);
        return r;
}

struct frozen *frozen_free(struct frozen *frozen)
{
        if (!frozen)
                return NULL;
        json_decref(frozen->entries);
        json_decref(frozen->requests);
        free(frozen->path);
        free(frozen);
        return NULL;
}

const char *frozen_target(const json_t *record)
{
        const char *key = json_member_string(record, "key");

        return key ? key : FROZEN_ALL;
}

const json_t *frozen_get(const struct frozen *frozen, const char *target)
{
        return json_object_get(json_object_get(frozen->entries, target), "record");
}

const json_t *frozen_find(const struct frozen *frozen, const char *key)
{
        const json_t *record = frozen_get(frozen, FROZEN_ALL);

        return record ? record : frozen_get(frozen, key);
}

int frozen_is_recorded(const struct frozen *frozen, const char *target)
{
        return json_member_integer(json_object_get(frozen->entries, target), "recorded", 0) != 0;
}

int frozen_set(struct frozen *frozen, const json_t *record, int is_recorded)
{
        json_t *entry = json_pack("{s:O, s:i}", "record", record, "recorded", is_recorded);

        return json_object_set_new(frozen->entries, frozen_target(record), entry) < 0 ? -ENOMEM : 0;
}

void frozen_unset(struct frozen *frozen, const char *target)
{
        (void)json_object_del(frozen->entries, target); /* may be gone already */
}

void frozen_each(const struct frozen *frozen,
                 void (*function)(const json_t *record, int is_recorded, void *context),
                 void *context)
{
        _cleanup_(json_decrefp) json_t *entries = json_copy(frozen->entries);
        const char *target;
        json_t *entry;
        void *next;

        /* What is called may change the set: this is a copy. */
        json_object_foreach_safe(entries, next, target, entry)
        {
                _cleanup_(json_decrefp) json_t *record =
                        json_incref(json_object_get(entry, "record"));

                function(record, (int)json_member_integer(entry, "recorded", 0), context);
        }
}

static void forget_oldest(json_t *requests)
{
        const char *oldest = NULL, *least = NULL, *id;
        json_t *request;

        json_object_foreach (requests, id, request) {
                const char *time = json_member_string(request, "time");

                if (!least || strcmp(time, least) < 0) {
                        oldest = id;
                        least = time;
                }
        }
        if (oldest)
                (void)json_object_del(requests, oldest);
}

int frozen_note(struct frozen *frozen, const char *id, const char *method, const char *target,
                const json_t *reply)
{
        char time[RECORD_TIME_SIZE];
        json_t *request = json_pack("{s:s, s:O, s:s, s:s}", "method", method, "reply", reply,
                                    "target", target, "time", record_time(recorder_now(), time));

        if (!request)
                return -ENOMEM;
        while (json_object_size(frozen->requests) >= FROZEN_REQUESTS_MAX)
                forget_oldest(frozen->requests);
        return json_object_set_new(frozen->requests, id, request) < 0 ? -ENOMEM : 0;
}

int frozen_find_request(const struct frozen *frozen, const char *id, const char *method,
                        const char *target, const json_t **ret, struct problem *problem)
{
        const json_t *request = json_object_get(frozen->requests, id);

        if (!request)
                return -ENOENT;
        if (!string_equal(json_member_string(request, "method"), method) ||
            !string_equal(json_member_string(request, "target"), target))
                return problem_set(problem, -EEXIST, "request \"%s\" was one for %s of %s", id,
                                   json_member_string(request, "method"),
                                   json_member_string(request, "target"));
        *ret = json_object_get(request, "reply");
        return 0;
}

int frozen_save(const struct frozen *frozen, struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *object =
                json_pack("{s:O, s:O}", "frozen", frozen->entries, "requests", frozen->requests);
        _cleanup_(buf_done) struct buf text = BUF_INIT(FROZEN_SIZE_MAX);

        if (!object)
                return -ENOMEM;
        json_put(&text, object);
        buf_put_u8(&text, '\n');
        return buf_error(&text)
                       ? buf_error(&text)
                       : file_replace(AT_FDCWD, frozen->path, buf_view(&text), 0600, problem);
}

json_t *frozen_describe(const json_t *record)
{
        return json_pack("{s:s*, s:s, s:s, s:I}", "key", json_member_string(record, "key"),
                         "reason", json_member_string(record, "reason"), "since",
                         json_member_string(record, "time"), "uid",
                         json_member_integer(json_object_get(record, "caller"), "uid", 0));
}
