/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recorded.h"

#include <errno.h>
#include <stdio.h>

#include "cli/artifact.h"
#include "cli/model.h"
#include "lib/utf8.h"

static int add(json_t *object, const char *path, const struct sha256 *digest,
               struct problem *problem)
{
        char hex[HEX_SIZE(SHA256_SIZE)];

        if (!utf8_is_valid(view_string(path)))
                return problem_set(problem, -EINVAL, "%s: its name is no UTF-8", path);
        return json_object_set_new(
                       object, path,
                       json_pack("{s:s}", "sha256", hex_encode(sha256_view(digest), hex))) < 0
                       ? -ENOMEM
                       : 0;
}

static int add_file(json_t *object, const char *path, struct problem *problem)
{
        _cleanup_(artifact_done) struct artifact file = {};
        uint8_t bytes[DIGEST_SIZE_MAX];
        struct sha256 digest;
        int r = artifact_open(path, &file, problem);

        if (r == 0)
                r = artifact_digest(&file, "sha256", (struct view){}, bytes, problem);
        if (r < 0)
                return r;
        memcpy(digest.bytes, bytes, sizeof(digest.bytes));
        return add(object, path, &digest, problem);
}

static int add_member(json_t *object, const char *folder, const struct inventory_file *file,
                      struct problem *problem)
{
        _cleanup_(freep) char *path = NULL;

        if (file->odd)
                return problem_set(problem, -EINVAL,
                                   "%.200s/%.200s: expected a regular file, found %s", folder,
                                   file->name, file->odd);
        if (string_equal(folder, "."))
                return add(object, file->name, &file->digest, problem);
        if (asprintf(&path, "%s/%s", folder, file->name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        return add(object, path, &file->digest, problem);
}

static int add_folder(json_t *object, const char *path, struct problem *problem)
{
        _cleanup_(model_done) struct model model = {};
        int r = model_open(path, &model, problem);

        if (r == 0)
                r = model_list(&model, problem);
        if (r == 0)
                r = model_hash(&model, problem);
        for (size_t i = 0; r == 0 && i < model.inventory.count; i++)
                r = add_member(object, path, &model.inventory.files[i], problem);
        return r;
}

/* The same path as rules name it: without "." and without a slash more than it needs. What ".."
 * leads to depends on links, so that it stays. NULL without memory. */
static char *plain_of(const char *path)
{
        char *plain = calloc(1, strlen(path) + 2), *end = plain;

        if (plain && path[0] == '/')
                *end++ = '/';
        for (size_t size; plain && *path; path += size) {
                path += strspn(path, "/");
                size = strcspn(path, "/");
                if (size == 0 || (size == 1 && path[0] == '.'))
                        continue;
                if (end > plain && end[-1] != '/')
                        *end++ = '/';
                memcpy(end, path, size);
                end += size;
        }
        if (plain && end == plain)
                *end = '.';
        return plain;
}

int recorded_add(json_t *object, const char *path, struct problem *problem)
{
        _cleanup_(freep) char *plain = NULL;

        if (path[0] == '\0')
                return problem_set(problem, -ENOENT, "\"\": %s", strerror(ENOENT));
        plain = plain_of(path);
        if (!plain)
                return -ENOMEM;
        return model_is(plain) ? add_folder(object, plain, problem)
                               : add_file(object, plain, problem);
}
