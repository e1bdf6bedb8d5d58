/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/model.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "cli/option.h"
#include "cli/progress.h"
#include "cli/reuse.h"
#include "lib/checksums.h"
#include "lib/file.h"
#include "lib/format.h"
#include "lib/utf8.h"

#define JOBS_MAX 1024

int model_is(const char *path)
{
        struct stat status;

        return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

void model_done(struct model *model)
{
        if (!model || !model->path)
                return;
        fd_closep(&model->fd);
        free(model->name);
        free(model->real);
        for (size_t i = 0; i < model->ignored_count; i++)
                free(model->ignored[i]);
        inventory_done(&model->inventory);
        model->path = NULL;
}

int model_open(const char *path, struct model *ret, struct problem *problem)
{
        int r;

        ret->path = path;
        ret->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        ret->real = ret->fd < 0 ? NULL : realpath(path, NULL);
        if (!ret->real) {
                r = -errno;
                return problem_set(problem, r, "%s: %s", path, strerror(-r));
        }
        ret->name = strdup(strrchr(ret->real, '/')[1] ? strrchr(ret->real, '/') + 1 : "root");
        if (!ret->name)
                return -ENOMEM;
        if (!utf8_is_valid(view_string(ret->name)))
                return problem_set(problem, -EINVAL, "%s: its name is no UTF-8", path);
        return 0;
}

static int read_jobs(struct model *model, const char *text, struct problem *problem)
{
        uint64_t jobs;

        if (!text)
                return 0;
        if (view_parse_decimal(view_string(text), &jobs) < 0 || jobs == 0 || jobs > JOBS_MAX)
                return problem_set(problem, -EINVAL, "--jobs: expected 1 to %d, found \"%.40s\"",
                                   JOBS_MAX, text);
        model->jobs = (unsigned)jobs;
        return 0;
}

/* What a person writes: `./`, and a slash at the end, do not matter. */
static int read_ignore(struct model *model, const char *path, struct problem *problem)
{
        _cleanup_(freep) char *plain = NULL;
        size_t size;

        while (path[0] == '.' && path[1] == '/')
                path += 2;
        size = strlen(path);
        while (size > 0 && path[size - 1] == '/')
                size--;
        plain = strndup(path, size);
        if (!plain)
                return -ENOMEM;
        if (inventory_name_fault(view_string(plain)))
                return problem_set(
                        problem, -EINVAL,
                        "--ignore: expected a path below the directory, found \"%.200s\"", path);
        return model_ignore(model, plain, problem);
}

int model_set_options(struct model *model, const struct invocation *invocation, size_t jobs,
                      size_t ignore, struct problem *problem)
{
        int r = read_jobs(model, option_value(invocation, jobs), problem);
        const char *path;

        for (size_t i = 0; r == 0 && (path = option_value_at(invocation, ignore, i)); i++)
                r = read_ignore(model, path, problem);
        return r;
}

int model_ignore(struct model *model, const char *path, struct problem *problem)
{
        size_t place = 0;
        char *copy;

        if (inventory_name_fault(view_string(path)))
                return 0; /* no file has such a name */
        while (place < model->ignored_count && strcmp(model->ignored[place], path) < 0)
                place++;
        if (place < model->ignored_count && string_equal(model->ignored[place], path))
                return 0;
        if (model->ignored_count == MODEL_IGNORED_MAX)
                return problem_set(problem, -EINVAL, "%s: more than %d paths to ignore",
                                   model->path, MODEL_IGNORED_MAX);
        copy = strdup(path);
        if (!copy)
                return -ENOMEM;
        memmove(&model->ignored[place + 1], &model->ignored[place],
                (model->ignored_count - place) * sizeof(model->ignored[0]));
        model->ignored[place] = copy;
        model->ignored_count++;
        return 0;
}

/* Where a file is, or will be: links in its folder resolved. NULL: no such folder, or no memory. */
static char *real_path(const char *path)
{
        _cleanup_(freep) char *folder = NULL;
        _cleanup_(freep) char *copy = strdup(path);
        char *slash = copy ? strrchr(copy, '/') : NULL, *ret = NULL;
        const char *name = slash ? slash + 1 : path;

        if (!copy)
                return NULL;
        if (slash)
                *slash = '\0';
        folder = realpath(!slash ? "." : slash == copy ? "/" : copy, NULL);
        if (!folder || asprintf(&ret, "%s/%s", string_equal(folder, "/") ? "" : folder, name) < 0)
                return NULL;
        return ret;
}

int model_ignore_file(struct model *model, const char *path, struct problem *problem)
{
        _cleanup_(freep) char *real = real_path(path);
        size_t size = strlen(model->real);

        if (!real || strncmp(real, model->real, size) != 0)
                return 0; /* writing or reading it tells */
        if (size > 1 && real[size] != '/')
                return 0;
        return model_ignore(model, real + size + (size > 1), problem);
}

int model_list(struct model *model, struct problem *problem)
{
        return inventory_walk(model->fd, model->path, (const char *const *)model->ignored,
                              &model->inventory, problem);
}

/* A digest that somebody else made is as good as he is: what it is of is not looked at. */
static int take_precomputed(struct model *model, struct problem *problem)
{
        _cleanup_(inventory_done) struct inventory known = {};
        _cleanup_(buf_done) struct buf text = BUF_SPOOLED(CHECKSUMS_SIZE_MAX);
        struct inventory_pair pair = {};
        int r = file_read(AT_FDCWD, model->precomputed, &text, problem);

        if (r < 0)
                return r;
        r = checksums_parse(&text, &known, problem);
        if (r < 0)
                return problem_prefix(problem, r, "%s", model->precomputed);
        while (inventory_next_pair(&model->inventory, &known, &pair)) {
                struct inventory_file *file;

                if (!pair.a || !pair.b || pair.a->odd || pair.a->source != INVENTORY_UNKNOWN)
                        continue;
                file = &model->inventory.files[pair.next_a - 1];
                file->digest = pair.b->digest;
                file->source = INVENTORY_PRECOMPUTED;
        }
        return 0;
}

int model_hash(struct model *model, struct problem *problem)
{
        _cleanup_(inventory_done) struct inventory after = {};
        struct progress progress = progress_begin();
        const struct hash_queue queue = {model->fd, model->path, model->jobs,
                                         progress.shown ? progress_show : NULL, &progress};
        int r = model->precomputed ? take_precomputed(model, problem) : 0;

        if (r < 0)
                return r;
        if (model->reuse)
                reuse_apply(model->reuse, &model->inventory);
        r = hash_queue_run(&queue, &model->inventory, problem);
        progress_end(&progress);
        if (r == 0)
                r = inventory_walk(model->fd, model->path, (const char *const *)model->ignored,
                                   &after, problem);
        if (r == 0)
                r = inventory_compare_identity(&model->inventory, &after, model->path, problem);
        return r;
}

int model_ignore_git(struct model *model, struct problem *problem)
{
        static const char *const git[] = {".git", ".gitattributes", ".github", ".gitignore"};
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(git) && r == 0; i++)
                r = model_ignore(model, git[i], problem);
        return r;
}

static int ignore_for_signing(struct model *model, const char *output, int with_proof,
                              struct problem *problem)
{
        _cleanup_(freep) char *proof = NULL;
        int r = model_ignore_git(model, problem);

        if (r == 0 && !string_equal(output, "-"))
                r = model_ignore_file(model, output, problem);
        if (r == 0 && model->manifest)
                r = model_ignore_file(model, model->manifest, problem);
        if (r < 0 || !with_proof)
                return r;
        if (asprintf(&proof, "%s%s", output, format_proof.suffix) < 0) {
                proof = NULL;
                return -ENOMEM;
        }
        return model_ignore_file(model, proof, problem);
}

static int check_files(const struct model *model, struct problem *problem)
{
        if (model->inventory.count == 0)
                return problem_set(problem, -EINVAL, "%s: a model without any file", model->path);
        for (size_t i = 0; i < model->inventory.count; i++) {
                const struct inventory_file *file = &model->inventory.files[i];

                inventory_rest(&model->inventory, i);
                if (file->odd)
                        return problem_set(problem, -EINVAL,
                                           "%s/%.300s: expected a regular file, found %s",
                                           model->path, file->name, file->odd);
        }
        return 0;
}

static int list_and_hash(struct model *model, struct problem *problem)
{
        int r = model_list(model, problem);

        if (r == 0)
                r = check_files(model, problem);
        return r < 0 ? r : model_hash(model, problem);
}

int model_prepare(struct model *model, struct problem *problem)
{
        int r = model_ignore_git(model, problem);

        if (r == 0)
                r = model_ignore(model, format_oms.suffix, problem);
        if (r == 0)
                r = model_ignore(model, "model.sig.tlog-proof", problem);
        return r < 0 ? r : list_and_hash(model, problem);
}

static int put_manifest(const struct model *model, struct buf *ret, struct problem *problem)
{
        int r;

        *ret = BUF_SPOOLED(CHECKSUMS_SIZE_MAX);
        r = checksums_put(ret, &model->inventory);
        if (r == -EMSGSIZE)
                return problem_set(problem, r, "%s: longer than %zu bytes", model->manifest,
                                   CHECKSUMS_SIZE_MAX);
        return spool_problem(problem, r);
}

int model_describe(struct model *model, const char *output, int with_proof, struct buf *ret,
                   struct problem *problem)
{
        int r = ignore_for_signing(model, output, with_proof, problem);

        if (r == 0)
                r = list_and_hash(model, problem);
        if (r < 0)
                return r;
        if (model->manifest)
                return put_manifest(model, ret, problem);
        *ret = BUF_SPOOLED(DSSE_PAYLOAD_SIZE_MAX);
        r = oms_put(ret, model->name, &model->inventory, (const char *const *)model->ignored);
        if (r == -EMSGSIZE)
                return problem_set(problem, r, "%s: its statement is longer than %zu bytes",
                                   model->path, DSSE_PAYLOAD_SIZE_MAX);
        return spool_problem(problem, r);
}
