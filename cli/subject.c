/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/subject.h"

#include <errno.h>

#include "cli/artifact.h"
#include "cli/option.h"
#include "lib/resource.h"

static int digest_file(const char *path, struct sha256 *ret, struct problem *problem)
{
        _cleanup_(artifact_done) struct artifact artifact = {};
        uint8_t bytes[DIGEST_SIZE_MAX];
        int r = artifact_open(path, &artifact, problem);

        if (r == 0)
                r = artifact_digest(&artifact, "sha256", (struct view){}, bytes, problem);
        if (r == 0)
                memcpy(ret->bytes, bytes, SHA256_SIZE);
        return r;
}

int subject_digest_model(struct model *model, struct sha256 *ret, struct problem *problem)
{
        int r = model_prepare(model, problem);

        return r < 0 ? r : oms_root(&model->inventory, ret);
}

static int digest_directory(const char *path, struct sha256 *ret, struct problem *problem)
{
        _cleanup_(model_done) struct model model = {};
        int r = model_open(path, &model, problem);

        return r < 0 ? r : subject_digest_model(&model, ret, problem);
}

int subject_digest(const char *path, struct sha256 *ret, struct problem *problem)
{
        return model_is(path) ? digest_directory(path, ret, problem)
                              : digest_file(path, ret, problem);
}

/* As a person writes it: `./` and a slash at the end do not matter. */
static char *plain_path(const char *path)
{
        size_t size;

        while (path[0] == '.' && path[1] == '/' && path[2] != '\0')
                path += 2;
        size = strlen(path);
        while (size > 1 && path[size - 1] == '/')
                size--;
        return strndup(path, size);
}

int subject_describe(const char *path, json_t **ret, struct problem *problem)
{
        _cleanup_(freep) char *name = plain_path(path);
        struct sha256 digest;
        int r = name ? subject_digest(path, &digest, problem) : -ENOMEM;

        if (r < 0)
                return r;
        *ret = resource_new(name, "sha256", sha256_view(&digest));
        return *ret ? 0 : problem_set(problem, -EINVAL, "%s: its name is no UTF-8", path);
}

int subjects_read(const struct invocation *invocation, size_t option, json_t **ret,
                  struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *array = json_array();
        const char *path;
        int r = array ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && (path = option_value_at(invocation, option, i)); i++) {
                json_t *resource = NULL;

                r = subject_describe(path, &resource, problem);
                if (r == 0 && json_array_append_new(array, resource) < 0)
                        r = -ENOMEM;
        }
        if (r == 0 && resources_check(array, invocation->verb->options[option].name, 1, problem))
                r = -EINVAL;
        if (r == 0)
                *ret = TAKE_PTR(array);
        return r;
}
