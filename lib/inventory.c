/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/inventory.h"

#include <errno.h>

#include "lib/utf8.h"

#define NAMES_BLOCK_SIZE ((size_t)1 << 16)

/* Names stay where they are, so that files can point to them. */
struct inventory_names {
        struct inventory_names *next;
        size_t used;
        char bytes[NAMES_BLOCK_SIZE];
};

void inventory_done(struct inventory *inventory)
{
        if (!inventory)
                return;
        while (inventory->names) {
                struct inventory_names *next = inventory->names->next;

                free(inventory->names);
                inventory->names = next;
        }
        free(inventory->files);
        *inventory = (struct inventory){};
}

static const char *keep_name(struct inventory *inventory, struct view name)
{
        struct inventory_names *names = inventory->names;
        char *kept;

        assert(name.size <= INVENTORY_NAME_MAX);
        if (!names || NAMES_BLOCK_SIZE - names->used <= name.size) {
                names = malloc(sizeof(*names));
                if (!names)
                        return NULL;
                names->next = inventory->names;
                names->used = 0;
                inventory->names = names;
        }
        kept = names->bytes + names->used;
        memcpy(kept, name.data, name.size);
        kept[name.size] = '\0';
        names->used += name.size + 1;
        return kept;
}

static int grow(struct inventory *inventory)
{
        size_t capacity =
                inventory->capacity > 0 ? inventory->capacity + inventory->capacity / 4 : 256;
        struct inventory_file *files;

        files = reallocarray(inventory->files, capacity, sizeof(*files));
        if (!files)
                return -ENOMEM;
        inventory->files = files;
        inventory->capacity = capacity;
        return 0;
}

int inventory_add(struct inventory *inventory, struct view name, struct inventory_file **ret)
{
        const char *kept;
        int r = 0;

        if (inventory->count >= INVENTORY_FILES_MAX)
                return -EMSGSIZE;
        if (inventory->count == inventory->capacity)
                r = grow(inventory);
        kept = r == 0 ? keep_name(inventory, name) : NULL;
        if (!kept)
                return -ENOMEM;
        *ret = &inventory->files[inventory->count++];
        **ret = (struct inventory_file){.name = kept};
        return 0;
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(((const struct inventory_file *)a)->name,
                      ((const struct inventory_file *)b)->name);
}

int inventory_sort(struct inventory *inventory, struct problem *problem)
{
        if (inventory->count == 0)
                return 0;
        qsort(inventory->files, inventory->count, sizeof(*inventory->files), compare_names);
        for (size_t i = 1; i < inventory->count; i++)
                if (string_equal(inventory->files[i - 1].name, inventory->files[i].name))
                        return problem_set(problem, -EBADMSG, "%.200s: listed twice",
                                           inventory->files[i].name);
        return 0;
}

struct inventory_file *inventory_find(const struct inventory *inventory, const char *name)
{
        const struct inventory_file key = {.name = name};

        if (inventory->count == 0)
                return NULL;
        return bsearch(&key, inventory->files, inventory->count, sizeof(*inventory->files),
                       compare_names);
}

static int is_bad_part(struct view part)
{
        return part.size == 0 || view_is(part, ".") || view_is(part, "..");
}

const char *inventory_name_fault(struct view name)
{
        size_t begin = 0;

        if (name.size == 0)
                return "an empty name";
        if (name.size > INVENTORY_NAME_MAX)
                return "a name that is too long";
        if (memchr(name.data, '\0', name.size) || !utf8_is_valid(name))
                return "a name that is no UTF-8";
        if (name.data[0] == '/')
                return "a name that is not relative";
        for (size_t i = 0; i <= name.size; i++) {
                if (i < name.size && name.data[i] != '/')
                        continue;
                if (is_bad_part(view_of(name.data + begin, i - begin)))
                        return "a name with an empty, \".\" or \"..\" part";
                begin = i + 1;
        }
        return NULL;
}

void inventory_identify(const struct stat *status, uint8_t ret[INVENTORY_IDENTITY_SIZE])
{
        const uint64_t fields[] = {
                (uint64_t)status->st_dev,          (uint64_t)status->st_ino,
                (uint64_t)status->st_size,         (uint64_t)status->st_mtim.tv_sec,
                (uint64_t)status->st_mtim.tv_nsec, (uint64_t)status->st_ctim.tv_sec,
                (uint64_t)status->st_ctim.tv_nsec,
        };
        struct sha256 digest = sha256_of(view_of(fields, sizeof(fields)));

        memcpy(ret, digest.bytes, INVENTORY_IDENTITY_SIZE);
}

int inventory_compare_identity(const struct inventory *before, const struct inventory *after,
                               const char *path, struct problem *problem)
{
        for (size_t i = 0; i < before->count || i < after->count; i++) {
                const struct inventory_file *old = &before->files[i], *new = &after->files[i];
                int order = i == before->count  ? 1
                            : i == after->count ? -1
                                                : strcmp(old->name, new->name);

                if (order < 0)
                        return problem_set(problem, -EBUSY,
                                           "%s/%.200s: gone while it was worked on", path,
                                           old->name);
                if (order > 0)
                        return problem_set(problem, -EBUSY, "%s/%.200s: new while it was worked on",
                                           path, new->name);
                if (memcmp(old->identity, new->identity, INVENTORY_IDENTITY_SIZE) != 0)
                        return problem_set(problem, -EBUSY,
                                           "%s/%.200s: changed while it was worked on", path,
                                           old->name);
        }
        return 0;
}
