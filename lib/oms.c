/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/oms.h"

#include <errno.h>

#include "lib/json-text.h"
#include "lib/json.h"
#include "lib/statement.h"

#define PREDICATE_TYPE OMS_PREDICATE_TYPE

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

static struct sha256 root_of(const struct buf *digests)
{
        return sha256_of(buf_view(digests));
}

int oms_root(const struct inventory *inventory, struct sha256 *ret)
{
        _cleanup_(buf_done) struct buf digests = BUF_INIT(INVENTORY_FILES_MAX * SHA256_SIZE);

        for (size_t i = 0; i < inventory->count; i++)
                buf_put_view(&digests, sha256_view(&inventory->files[i].digest));
        if (buf_error(&digests))
                return buf_error(&digests);
        *ret = root_of(&digests);
        return 0;
}

static void put_hex(struct buf *buf, const struct sha256 *digest)
{
        char hex[HEX_SIZE(SHA256_SIZE)];

        buf_put_string(buf, hex_encode(sha256_view(digest), hex));
}

static void put_resources(struct buf *buf, const struct inventory *inventory, struct buf *digests)
{
        for (size_t i = 0; i < inventory->count; i++) {
                const struct inventory_file *file = &inventory->files[i];

                buf_put_string(buf, i > 0 ? ",{\"algorithm\":\"sha256\",\"digest\":\""
                                          : "{\"algorithm\":\"sha256\",\"digest\":\"");
                put_hex(buf, &file->digest);
                buf_put_string(buf, "\",\"name\":");
                json_text_put_string(buf, view_string(file->name));
                buf_put_u8(buf, '}');
                buf_put_view(digests, sha256_view(&file->digest));
        }
}

int oms_put(struct buf *buf, const char *name, const struct inventory *inventory,
            const char *const *ignored)
{
        _cleanup_(buf_done) struct buf digests = BUF_INIT(INVENTORY_FILES_MAX * SHA256_SIZE);
        struct sha256 root;

        assert(inventory->count > 0);
        buf_put_string(buf, "{\"_type\":\"" STATEMENT_TYPE "\",\"predicate\":{\"resources\":[");
        put_resources(buf, inventory, &digests);
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
        root = root_of(&digests);
        put_hex(buf, &root);
        buf_put_string(buf, "\"},\"name\":");
        json_text_put_string(buf, view_string(name));
        buf_put_string(buf, "}]}");
        return buf_error(&digests) ? buf_error(&digests) : buf_error(buf);
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

static int read_resources(const json_t *predicate, struct oms *ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf digests = BUF_INIT(INVENTORY_FILES_MAX * SHA256_SIZE);
        const json_t *resources, *resource;
        struct sha256 root;
        size_t i;

        resources = member_of(predicate, "predicate", "resources", JSON_ARRAY, problem);
        if (!resources)
                return -EBADMSG;
        if (json_array_size(resources) == 0)
                return problem_set(problem, -EBADMSG, "statement: a model without any file");
        json_array_foreach (resources, i, resource) {
                int r = read_resource(resource, &ret->resources, problem);

                if (r < 0)
                        return r;
                buf_put_view(&digests, sha256_view(&ret->resources.files[i].digest));
        }
        if (buf_error(&digests))
                return buf_error(&digests);
        root = root_of(&digests);
        if (!view_equal(sha256_view(&root), sha256_view(&ret->root)))
                return problem_set(problem, -EBADMSG,
                                   "statement: the digest of the subject is not that of the "
                                   "resources");
        return inventory_sort(&ret->resources, problem);
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

static int read_statement(const json_t *statement, struct oms *ret, struct problem *problem)
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
        r = read_subject(statement, ret, problem);
        if (r == 0)
                r = read_serialization(predicate, ret, problem);
        return r < 0 ? r : read_resources(predicate, ret, problem);
}

int oms_parse(struct view text, struct oms *ret, struct problem *problem)
{
        _cleanup_(oms_done) struct oms oms = {};
        json_t *statement = NULL;
        int r = json_parse_object(text, &statement, problem);

        if (r < 0)
                return problem_prefix(problem, r, "statement");
        r = read_statement(statement, &oms, problem);
        json_decref(statement);
        if (r < 0)
                return r;
        *ret = oms;
        oms = (struct oms){};
        return 0;
}
