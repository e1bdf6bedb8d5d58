/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/chain.h"

#include <errno.h>

#include "cli/artifact.h"

static const char *base_of(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

/* Whether the file has all digests of the set, and one at least: 1, 0, or what made reading it
 * fail. */
static int compare_file(struct artifact *file, const struct attested *product,
                        struct problem *problem)
{
        const char *hash;
        int same = 0;

        for (size_t i = 0; (hash = digest_set_hash_at(i)); i++) {
                const char *expected = json_member_string(product->digests, hash);
                uint8_t digest[DIGEST_SIZE_MAX];
                char hex[HEX_SIZE(DIGEST_SIZE_MAX)];
                int r;

                if (!expected)
                        continue;
                r = artifact_digest(file, hash, (struct view){}, digest, problem);
                if (r < 0)
                        return r;
                (void)hex_encode(view_of(digest, digest_find_hash(hash)->size), hex);
                if (!string_equal(hex, expected))
                        return 0;
                same = 1;
        }
        return same;
}

static int refuse_file(const struct chain_check *check, const struct chain_artifact *artifact,
                       const struct artifacts *products, struct problem *problem)
{
        const char *name = base_of(artifact->path), *expected = NULL;

        for (size_t i = 0; i < products->count && !expected; i++)
                if (string_equal(base_of(products->items[i].path), name))
                        expected = json_member_string(products->items[i].digests, "sha256");
        return problem_set(problem, -EKEYREJECTED,
                           "%.200s: it is no product of step %.60s: %s%s%sfound SHA-256 %s",
                           artifact->path, check->step->item->name,
                           expected ? "expected SHA-256 " : "", expected ? expected : "",
                           expected ? ", " : "", artifact->digest);
}

/* A file may have any name: what it is, its digest says. */
static int check_file(const struct chain_check *check, struct chain_artifact *artifact,
                      struct problem *problem)
{
        const struct artifacts *products = &check->step->accepted[0]->link.products;
        _cleanup_(artifact_done) struct artifact file = {};
        uint8_t digest[DIGEST_SIZE_MAX];
        int r = artifact_open(artifact->path, &file, problem);

        if (r == 0)
                r = artifact_digest(&file, "sha256", (struct view){}, digest, problem);
        if (r < 0)
                return r;
        (void)hex_encode(view_of(digest, SHA256_SIZE), artifact->digest);
        for (size_t i = 0; i < products->count; i++) {
                r = compare_file(&file, &products->items[i], problem);
                if (r < 0)
                        return r;
                if (r > 0) {
                        artifact->product = strdup(products->items[i].path);
                        return artifact->product ? 0 : -ENOMEM;
                }
        }
        return refuse_file(check, artifact, products, problem);
}

/* The product that a file of the directory must be, or NULL. */
static const struct attested *find_product(const struct artifacts *products, const char *prefix,
                                           const char *name)
{
        _cleanup_(freep) char *path = NULL;

        if (asprintf(&path, "%s%s", prefix, name) < 0) {
                path = NULL;
                return NULL;
        }
        return artifacts_find(products, path);
}

static int check_member(const struct chain_check *check, const struct chain_artifact *artifact,
                        const struct inventory_file *file, struct problem *problem)
{
        const struct attested *product = find_product(&check->step->accepted[0]->link.products,
                                                      artifact->product, file->name);
        char found[HEX_SIZE(SHA256_SIZE)];
        const char *expected = product ? json_member_string(product->digests, "sha256") : NULL;

        if (file->odd)
                return problem_set(problem, -EKEYREJECTED, "%.200s/%.200s: found %s",
                                   artifact->path, file->name, file->odd);
        (void)hex_encode(sha256_view(&file->digest), found);
        if (!product)
                return problem_set(problem, -EKEYREJECTED,
                                   "%.200s/%.200s: it is no product of step %.60s", artifact->path,
                                   file->name, check->step->item->name);
        if (!expected || !string_equal(expected, found))
                return problem_set(problem, -EKEYREJECTED,
                                   "%.150s/%.150s: not as step %.60s made it: expected SHA-256 %s, "
                                   "found %s",
                                   artifact->path, file->name, check->step->item->name,
                                   expected ? expected : "(none)", found);
        return 0;
}

/* All that the step made below the directory's name is in the directory. */
static int check_complete(const struct chain_check *check, const struct chain_artifact *artifact,
                          struct problem *problem)
{
        const struct artifacts *products = &check->step->accepted[0]->link.products;
        size_t size = strlen(artifact->product);

        for (size_t i = 0; i < products->count; i++) {
                const char *path = products->items[i].path;

                if (strncmp(path, artifact->product, size) == 0 &&
                    !inventory_find(&artifact->model.inventory, path + size))
                        return problem_set(problem, -EKEYREJECTED, "%.200s/%.200s: it is missing",
                                           artifact->path, path + size);
        }
        return 0;
}

/* Products are called by the directory's own name and their names in it. */
static int set_prefix(struct chain_artifact *artifact, const struct artifacts *products)
{
        size_t size = strlen(artifact->model.name);

        for (size_t i = 0; i < products->count; i++)
                if (strncmp(products->items[i].path, artifact->model.name, size) == 0 &&
                    products->items[i].path[size] == '/') {
                        artifact->product = strndup(products->items[i].path, size + 1);
                        return artifact->product ? 0 : -ENOMEM;
                }
        artifact->product = strdup("");
        return artifact->product ? 0 : -ENOMEM;
}

static int check_directory(const struct chain_check *check, struct chain_artifact *artifact,
                           struct problem *problem)
{
        const struct inventory *inventory = &artifact->model.inventory;
        int r = model_open(artifact->path, &artifact->model, problem);

        if (r == 0)
                r = set_prefix(artifact, &check->step->accepted[0]->link.products);
        if (r == 0)
                r = model_list(&artifact->model, problem);
        if (r == 0)
                r = model_hash(&artifact->model, problem);
        if (r == 0 && inventory->count == 0)
                r = problem_set(problem, -EKEYREJECTED, "%.200s: it is empty", artifact->path);
        for (size_t i = 0; r == 0 && i < inventory->count; i++)
                r = check_member(check, artifact, &inventory->files[i], problem);
        artifact->files = inventory->count;
        return r < 0 ? r : check_complete(check, artifact, problem);
}

int chain_check_artifacts(struct chain_check *check, struct problem *problem)
{
        const struct invocation *invocation = check->invocation;
        int r = 0;

        check->artifacts = calloc(invocation->operand_count + 1, sizeof(*check->artifacts));
        if (!check->artifacts)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < invocation->operand_count; i++) {
                struct chain_artifact *artifact = &check->artifacts[check->artifact_count++];

                artifact->path = invocation->operands[i];
                r = model_is(artifact->path) ? check_directory(check, artifact, problem)
                                             : check_file(check, artifact, problem);
        }
        return r;
}
