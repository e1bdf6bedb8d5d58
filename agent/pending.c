/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pending.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>

#include "lib/file.h"
#include "lib/record.h"
#include "lib/tile.h"

#define PENDING_SIZE_MAX ((size_t)1 << 22)

/* {"0123456789abcdef":{…},…} */
struct pending {
        char *path;
        json_t *records;
};

static int take(struct pending *pending, json_t *object, struct problem *problem)
{
        const char *id;
        json_t *record;

        json_object_foreach (object, id, record) {
                const char *found = json_member_string(record, "approval");
                int r = record_check(record, problem);

                if (r < 0)
                        return r;
                if (!string_equal(json_member_string(record, "type"), "pending") || !found ||
                    !string_equal(found, id))
                        return problem_set(problem, -EBADMSG, "\"%.64s\": expected its record", id);
        }
        json_decref(pending->records);
        pending->records = json_incref(object);
        return 0;
}

static int read_file(struct pending *pending, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(PENDING_SIZE_MAX);
        _cleanup_(json_decrefp) json_t *object = NULL;
        struct problem reason = {};
        int r = file_read(AT_FDCWD, pending->path, &text, &reason);

        if (r == -ENOENT)
                return 0;
        if (r == 0)
                r = json_parse_object(buf_view(&text), &object, &reason);
        if (r == 0)
                r = take(pending, object, &reason);
        return r < 0 ? problem_set(problem, r, "%s: %s", pending->path, problem_text(&reason, r))
                     : 0;
}

int pending_open(const char *path, struct pending **ret, struct problem *problem)
{
        _cleanup_(pending_freep) struct pending *pending = calloc(1, sizeof(*pending));
        int r;

        if (!pending)
                return -ENOMEM;
        pending->path = strdup(path);
        pending->records = json_object();
        if (!pending->path || !pending->records)
                return -ENOMEM;
        r = read_file(pending, problem);
        if (r == 0)
                *ret = TAKE_PTR(pending);
        return r;
}

struct pending *pending_free(struct pending *pending)
{
        if (!pending)
                return NULL;
        json_decref(pending->records);
        free(pending->path);
        free(pending);
        return NULL;
}

int pending_new_id(char ret[PENDING_ID_SIZE])
{
        uint8_t bytes[(PENDING_ID_SIZE - 1) / 2];

        if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
                return -EIO;
        (void)hex_encode(view_of(bytes, sizeof(bytes)), ret);
        return 0;
}

const json_t *pending_get(const struct pending *pending, const char *id)
{
        return json_object_get(pending->records, id);
}

int pending_each(const struct pending *pending,
                 int (*function)(const json_t *record, void *context), void *context)
{
        const char *id;
        json_t *record;

        json_object_foreach (pending->records, id, record) {
                int r = function(record, context);

                if (r != 0)
                        return r;
        }
        return 0;
}

void pending_make_room(struct pending *pending, int (*is_over)(const json_t *record, void *context),
                       void *context)
{
        const char *id;
        json_t *record;
        void *next;

        if (json_object_size(pending->records) < PENDING_MAX)
                return;
        json_object_foreach_safe(pending->records, next, id, record)
        {
                if (is_over(record, context))
                        (void)json_object_del(pending->records, id);
        }
}

int pending_add(struct pending *pending, const json_t *record)
{
        return json_object_set(pending->records, json_member_string(record, "approval"),
                               (json_t *)(uintptr_t)record) < 0
                       ? -ENOMEM
                       : 0;
}

void pending_remove(struct pending *pending, const char *id)
{
        (void)json_object_del(pending->records, id); /* may be gone already */
}

int pending_save(const struct pending *pending, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(PENDING_SIZE_MAX);

        json_put(&text, pending->records);
        buf_put_u8(&text, '\n');
        return buf_error(&text)
                       ? buf_error(&text)
                       : file_replace(AT_FDCWD, pending->path, buf_view(&text), 0600, problem);
}

int pending_digest(const json_t *record, char ret[HEX_SIZE(SHA256_SIZE)])
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(ENTRY_SIZE_MAX);
        struct sha256 hash;

        json_put(&text, record);
        if (buf_error(&text))
                return -ENOMEM;
        hash = sha256_of(buf_view(&text));
        (void)hex_encode(sha256_view(&hash), ret);
        return 0;
}
