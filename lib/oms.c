/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/oms.h"

#include <errno.h>

#include "lib/json-hollow.h"
#include "lib/json-text.h"
#include "lib/json.h"
#include "lib/statement.h"

#define PREDICATE_TYPE OMS_PREDICATE_TYPE

/* The resources come one by one, and their digests make the root in the order of the list. */
struct reading {
        struct oms *oms;
        struct digest_stream root;
};

void oms_done(struct oms *oms)
{
        if (!oms)
                return;
        free(oms->name);
        inventory_done(&oms->resources);
        for (size_t i = 0; oms->ignored && oms->ignored[i]; i++)
                free(oms->ignored[i]);
        free(oms->ignored);
        *oms = (struct oms){};
}

int oms_hint(const struct pubkey *key, char ret[HEX_SIZE(SHA256_SIZE)])
{
        _cleanup_(buf_done) struct buf pem = {};
        struct sha256 digest;

        pubkey_put_pem(key, &pem);
        if (buf_error(&pem))
                return buf_error(&pem);
        digest = sha256_of(buf_view(&pem));
        (void)hex_encode(sha256_view(&digest), ret);
        return 0;
}

static void put_digest(struct digest_stream *stream, const struct sha256 *digest)
{
        digest_stream_put(stream, sha256_view(digest));
}

static int end_root(struct digest_stream *stream, struct sha256 *ret)
{
        uint8_t digest[DIGEST_SIZE_MAX];
        size_t size;
        int r = digest_stream_end(stream, digest, &size);

        if (r == 0)
                memcpy(ret->bytes, digest, SHA256_SIZE);
        return r;
}

int oms_root(const struct inventory *inventory, struct sha256 *ret)
{
        _cleanup_(digest_stream_done) struct digest_stream root = digest_stream_begin("sha256");

        for (size_t i = 0; i < inventory->count; i++) {
                put_digest(&root, &inventory->files[i].digest);
                inventory_rest(inventory, i);
        }
        return end_root(&root, ret);
}

static void put_hex(struct buf *buf, const struct sha256 *digest)
{
        char hex[HEX_SIZE(SHA256_SIZE)];

        buf_put_string(buf, hex_encode(sha256_view(digest), hex));
}

static void put_resources(struct buf *buf, const struct inventory *inventory)
{
        for (size_t i = 0; i < inventory->count; i++) {
                const struct inventory_file *file = &inventory->files[i];

                buf_put_string(buf, i > 0 ? ",{\"algorithm\":\"sha256\",\"digest\":\""
                                          : "{\"algorithm\":\"sha256\",\"digest\":\"");
                put_hex(buf, &file->digest);
                buf_put_string(buf, "\",\"name\":");
                json_text_put_string(buf, view_string(file->name));
                buf_put_u8(buf, '}');
                inventory_rest(inventory, i);
        }
}

int oms_put(struct buf *buf, const char *name, const struct inventory *inventory,
            const char *const *ignored)
{
        struct sha256 root;
        int r = oms_root(inventory, &root);

        assert(inventory->count > 0);
        buf_put_string(buf, "{\"_type\":\"" STATEMENT_TYPE "\",\"predicate\":{\"resources\":[");
        put_resources(buf, inventory);
        buf_put_string(buf,
                       "],\"serialization\":{\"allow_symlinks\":false,\"hash_type\":\"sha256\","
                       "\"ignore_paths\":[");
        for (size_t i = 0; ignored[i]; i++) {
                if (i > 0)
                        buf_put_u8(buf, ',');
                json_text_put_string(buf, view_string(ignored[i]));
        }
        buf_put_string(buf, "],\"method\":\"files\"}},\"predicateType\":\"" PREDICATE_TYPE
                            "\",\"subject\":[{\"digest\":{\"sha256\":\"");
        put_hex(buf, &root);
        buf_put_string(buf, "\"},\"name\":");
        json_text_put_string(buf, view_string(name));
        buf_put_string(buf, "}]}");
        return r < 0 ? r : buf_error(buf);
}

/* The member of that type, or NULL with the reason. */
static const json_t *member_of(const json_t *object, const char *what, const char *name,
                               json_type type, struct problem *problem)
{
        const json_t *value = json_object_get(object, name);

        if (value && json_typeof(value) == type)
                return value;
        (void)problem_set(problem, -EBADMSG, "%s: member \"%s\" is %s", what, name,
                          value ? "of another type than expected" : "missing");
        return NULL;
}

static const char *text_of(const json_t *object, const char *what, const char *name,
                           struct problem *problem)
{
        return json_string_value(member_of(object, what, name, JSON_STRING, problem));
}

static int expect_text(const json_t *object, const char *name, const char *expected, int error,
                       struct problem *problem)
{
        const char *found = text_of(object, "statement", name, problem);

        if (!found)
                return -EBADMSG;
        if (string_equal(found, expected))
                return 0;
        return problem_set(problem, error, "statement: %s: expected \"%s\", found \"%.100s\"", name,
                           expected, found);
}

static int read_digest(const json_t *object, const char *what, const char *name, struct sha256 *ret,
                       struct problem *problem)
{
        const char *text = text_of(object, what, name, problem);

        if (!text)
                return -EBADMSG;
        if (hex_decode(view_string(text), ret->bytes, sizeof(ret->bytes)) < 0)
                return problem_set(problem, -EBADMSG,
                                   "%s: %s: expected 64 hexadecimal digits in lower case", what,
                                   name);
        return 0;
}

static int read_subject(const json_t *statement, struct oms *ret, struct problem *problem)
{
        const json_t *subjects = member_of(statement, "statement", "subject", JSON_ARRAY, problem);
        const json_t *digest;
        const char *name;
        int r;

        if (!subjects)
                return -EBADMSG;
        if (json_array_size(subjects) != 1)
                return problem_set(problem, -EBADMSG,
                                   "statement: expected exactly one subject, found %zu",
                                   json_array_size(subjects));
        name = text_of(json_array_get(subjects, 0), "subject", "name", problem);
        digest = member_of(json_array_get(subjects, 0), "subject", "digest", JSON_OBJECT, problem);
        if (!name || !digest)
                return -EBADMSG;
        r = read_digest(digest, "subject", "sha256", &ret->root, problem);
        if (r < 0)
                return r;
        ret->name = strdup(name);
        return ret->name ? 0 : -ENOMEM;
}

static int read_resource(const json_t *resource, struct inventory *ret, struct problem *problem)
{
        const char *name = text_of(resource, "resource", "name", problem);
        const char *algorithm = text_of(resource, "resource", "algorithm", problem), *fault;
        struct inventory_file *file;
        struct sha256 digest;
        int r;

        if (!name || !algorithm)
                return -EBADMSG;
        fault = inventory_name_fault(view_string(name));
        if (fault)
                return problem_set(problem, -EBADMSG, "resource \"%.200s\": %s", name, fault);
        if (!string_equal(algorithm, "sha256"))
                return problem_set(problem, -EOPNOTSUPP,
                                   "resource \"%.200s\": expected algorithm sha256, found %.32s",
                                   name, algorithm);
        r = read_digest(resource, "resource", "digest", &digest, problem);
        if (r == 0)
                r = inventory_add(ret, view_string(name), &file);
        if (r == 0)
                file->digest = digest;
        return r == -EMSGSIZE ? problem_set(problem, -EBADMSG, "statement: too many resources") : r;
}

/* One of the resources, as it is listed. */
static int add_resource(struct reading *reading, const json_t *resource, struct problem *problem)
{
        struct inventory *resources = &reading->oms->resources;
        int r = read_resource(resource, resources, problem);

        if (r < 0)
                return r;
        put_digest(&reading->root, &resources->files[resources->count - 1].digest);
        return 0;
}

static int take_resource(void *context, struct view text, struct problem *problem)
{
        struct reading *reading = context;
        json_t *resource = NULL;
        int r = json_parse_object(text, &resource, problem);

        if (r == 0)
                r = add_resource(reading, resource, problem);
        json_decref(resource);
        if (r == -EBADMSG || r == -EOPNOTSUPP)
                return problem_prefix(problem, r, "resource %zu",
                                      reading->oms->resources.count + 1);
        return spool_problem(problem, r);
}

/* Those that were not taken while the text came. */
static int read_resources(const json_t *predicate, struct reading *reading, struct problem *problem)
{
        const json_t *resources, *resource;
        struct oms *oms = reading->oms;
        struct sha256 root;
        size_t i;
        int r = 0;

        resources = member_of(predicate, "predicate", "resources", JSON_ARRAY, problem);
        if (!resources)
                return -EBADMSG;
        json_array_foreach (resources, i, resource)
                if (r == 0)
                        r = add_resource(reading, resource, problem);
        if (r == 0 && oms->resources.count == 0)
                return problem_set(problem, -EBADMSG, "statement: a model without any file");
        if (r == 0)
                r = end_root(&reading->root, &root);
        if (r < 0)
                return r;
        if (!view_equal(sha256_view(&root), sha256_view(&oms->root)))
                return problem_set(problem, -EBADMSG,
                                   "statement: the digest of the subject is not that of the "
                                   "resources");
        return inventory_sort(&oms->resources, problem);
}

static int read_ignored(const json_t *serialization, struct oms *ret, struct problem *problem)
{
        const json_t *paths = json_object_get(serialization, "ignore_paths"), *path;
        size_t i;

        if (paths && !json_is_array(paths))
                return problem_set(problem, -EBADMSG, "serialization: ignore_paths: no array");
        ret->ignored = calloc(json_array_size(paths) + 1, sizeof(*ret->ignored));
        if (!ret->ignored)
                return -ENOMEM;
        json_array_foreach (paths, i, path) {
                if (!json_is_string(path))
                        return problem_set(problem, -EBADMSG,
                                           "serialization: ignore_paths: no string");
                ret->ignored[i] = strdup(json_string_value(path));
                if (!ret->ignored[i])
                        return -ENOMEM;
        }
        return 0;
}

static int read_serialization(const json_t *predicate, struct oms *ret, struct problem *problem)
{
        const json_t *serialization =
                member_of(predicate, "predicate", "serialization", JSON_OBJECT, problem);
        const char *method, *hash;

        if (!serialization)
                return -EBADMSG;
        method = text_of(serialization, "serialization", "method", problem);
        hash = text_of(serialization, "serialization", "hash_type", problem);
        if (!method || !hash)
                return -EBADMSG;
        if (!string_equal(method, "files") || !string_equal(hash, "sha256"))
                return problem_set(problem, -EOPNOTSUPP,
                                   "serialization: expected files and sha256, found %.32s and "
                                   "%.32s",
                                   method, hash);
        return read_ignored(serialization, ret, problem);
}

static int read_statement(const json_t *statement, struct reading *reading, struct problem *problem)
{
        const json_t *predicate;
        int r = expect_text(statement, "_type", STATEMENT_TYPE, -EBADMSG, problem);

        if (r == 0)
                r = expect_text(statement, "predicateType", PREDICATE_TYPE, -EOPNOTSUPP, problem);
        if (r < 0)
                return r;
        predicate = member_of(statement, "statement", "predicate", JSON_OBJECT, problem);
        if (!predicate)
                return -EBADMSG;
        r = read_subject(statement, reading->oms, problem);
        if (r == 0)
                r = read_serialization(predicate, reading->oms, problem);
        return r < 0 ? r : read_resources(predicate, reading, problem);
}

/* What is not large is parsed when all of it is there. */
static int read_text(const struct buf *text, struct json_hollow *hollow, struct problem *problem)
{
        struct reading *reading = hollow->context;
        json_t *statement = NULL;
        struct view slice;
        int r = 0;

        for (size_t i = 0; r == 0 && (slice = spool_slice(text, i)).size > 0; i += slice.size)
                r = json_hollow_put(hollow, slice, problem);
        if (r == 0)
                r = json_parse_object(buf_view(&hollow->rest), &statement, problem);
        if (r < 0)
                return problem_prefix(problem, r, "statement");
        r = read_statement(statement, reading, problem);
        json_decref(statement);
        return r;
}

int oms_parse(const struct buf *text, struct oms *ret, struct problem *problem)
{
        _cleanup_(oms_done) struct oms oms = {};
        struct reading reading = {&oms, digest_stream_begin("sha256")};
        struct json_hollow hollow = {.outer = "predicate",
                                     .inner = "resources",
                                     .kind = JSON_HOLLOW_OBJECTS,
                                     .take = take_resource,
                                     .context = &reading,
                                     .rest = BUF_INIT(OMS_REST_SIZE_MAX)};
        int r = read_text(text, &hollow, problem);

        json_hollow_done(&hollow);
        digest_stream_done(&reading.root);
        if (r < 0)
                return r;
        *ret = oms;
        oms = (struct oms){};
        return 0;
}
