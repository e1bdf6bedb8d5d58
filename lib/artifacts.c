/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/artifacts.h"

#include <errno.h>

void artifacts_done(struct artifacts *artifacts)
{
        if (!artifacts)
                return;
        free(artifacts->items);
        *artifacts = (struct artifacts){};
}

static int check_path(const char *path, const char *what, struct problem *problem)
{
        if (path[0] == '\0' || strlen(path) > ARTIFACT_PATH_MAX)
                return problem_set(problem, -EBADMSG, "%s: a path that is empty or too long", what);
        return 0;
}

static int check_artifact(const char *path, const json_t *digests, const char *what,
                          struct problem *problem)
{
        int r = check_path(path, what, problem);

        if (r < 0)
                return r;
        if (!json_is_object(digests) || json_object_size(digests) == 0)
                return problem_set(problem, -EBADMSG, "%s: \"%.200s\": expected its digests", what,
                                   path);
        return digest_set_check(digests, what, problem);
}

static int compare(const void *a, const void *b)
{
        return strcmp(((const struct attested *)a)->path, ((const struct attested *)b)->path);
}

static int allocate(size_t count, const char *what, struct artifacts *ret, struct problem *problem)
{
        if (count > ARTIFACTS_MAX)
                return problem_set(problem, -EBADMSG, "%s: more than %zu", what, ARTIFACTS_MAX);
        ret->items = calloc(count + 1, sizeof(*ret->items));
        return ret->items ? 0 : -ENOMEM;
}

/* In order, each path once. */
static int settle(struct artifacts *artifacts, const char *what, struct problem *problem)
{
        qsort(artifacts->items, artifacts->count, sizeof(*artifacts->items), compare);
        for (size_t i = 1; i < artifacts->count; i++)
                if (compare(&artifacts->items[i - 1], &artifacts->items[i]) == 0)
                        return problem_set(problem, -EBADMSG, "%s: \"%.200s\" is there twice", what,
                                           artifacts->items[i].path);
        return 0;
}

int artifacts_from_object(const json_t *object, const char *what, struct artifacts *ret,
                          struct problem *problem)
{
        _cleanup_(artifacts_done) struct artifacts artifacts = {};
        const char *path;
        json_t *digests;
        int r = allocate(json_object_size(object), what, &artifacts, problem);

        if (r < 0)
                return r;
        json_object_foreach ((json_t *)(uintptr_t)object, path, digests) {
                r = check_artifact(path, digests, what, problem);
                if (r < 0)
                        return r;
                artifacts.items[artifacts.count++] = (struct attested){path, digests};
        }
        r = settle(&artifacts, what, problem);
        if (r < 0)
                return r;
        *ret = artifacts;
        artifacts = (struct artifacts){};
        return 0;
}

static int read_resource(const json_t *resource, const char *what, struct attested *ret,
                         struct problem *problem)
{
        const json_t *digests = json_object_get(resource, "digest");
        const char *path = json_member_string(resource, "name");
        int r;

        if (!path)
                path = json_member_string(resource, "uri");
        if (!path)
                return problem_set(problem, -EBADMSG, "%s: it has neither name nor uri", what);
        r = check_path(path, what, problem);
        if (r == 0 && digests)
                r = digest_set_check(digests, what, problem);
        if (r == 0)
                *ret = (struct attested){path, digests};
        return r;
}

int artifacts_from_resources(const json_t *array, const char *what, struct artifacts *ret,
                             struct problem *problem)
{
        _cleanup_(artifacts_done) struct artifacts artifacts = {};
        const json_t *resource;
        size_t i;
        int r = allocate(json_array_size(array), what, &artifacts, problem);

        if (r < 0)
                return r;
        json_array_foreach (array, i, resource) {
                r = read_resource(resource, what, &artifacts.items[artifacts.count++], problem);
                if (r < 0)
                        return problem_prefix(problem, r, "number %zu", i + 1);
        }
        r = settle(&artifacts, what, problem);
        if (r < 0)
                return r;
        *ret = artifacts;
        artifacts = (struct artifacts){};
        return 0;
}

int artifacts_copy(const struct artifacts *artifacts, struct artifacts *ret)
{
        ret->items = calloc(artifacts->count + 1, sizeof(*ret->items));
        if (!ret->items)
                return -ENOMEM;
        for (size_t i = 0; i < artifacts->count; i++)
                ret->items[i] = artifacts->items[i];
        ret->count = artifacts->count;
        return 0;
}

const struct attested *artifacts_find(const struct artifacts *artifacts, const char *path)
{
        const struct attested wanted = {.path = path};

        return bsearch(&wanted, artifacts->items, artifacts->count, sizeof(wanted), compare);
}

int attested_is_same(const struct attested *a, const struct attested *b)
{
        return digest_set_compare(a->digests, b->digests) == DIGEST_MATCHES;
}

const char *artifacts_difference(const struct artifacts *a, const struct artifacts *b)
{
        size_t i = 0, j = 0;

        while (i < a->count && j < b->count) {
                int order = compare(&a->items[i], &b->items[j]);

                if (order != 0)
                        return order < 0 ? a->items[i].path : b->items[j].path;
                if (!attested_is_same(&a->items[i], &b->items[j]))
                        return a->items[i].path;
                i++;
                j++;
        }
        if (i < a->count)
                return a->items[i].path;
        return j < b->count ? b->items[j].path : NULL;
}
