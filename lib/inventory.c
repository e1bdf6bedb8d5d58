/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/inventory.h"

#include <errno.h>

#include "lib/utf8.h"

#define ENTRIES_MAX (INVENTORY_FILES_MAX * sizeof(struct inventory_file))

void inventory_done(struct inventory *inventory)
{
        if (!inventory)
                return;
        buf_done(&inventory->entries);
        buf_done(&inventory->names);
        *inventory = (struct inventory){};
}

/* Names stay where they are, so that files can point to them. */
static const char *keep_name(struct inventory *inventory, struct view name)
{
        struct buf *names = &inventory->names;
        size_t place = names->size;

        assert(name.size <= INVENTORY_NAME_MAX);
        buf_put_view(names, name);
        buf_put_u8(names, '\0');
        return buf_error(names) ? NULL : (const char *)names->data + place;
}

int inventory_add(struct inventory *inventory, struct view name, struct inventory_file **ret)
{
        struct buf *entries = &inventory->entries;
        struct inventory_file *file;
        const char *kept;

        if (entries->limit == 0) {
                *entries = BUF_SPOOLED(ENTRIES_MAX);
                inventory->names = BUF_SPOOLED(INVENTORY_NAMES_MAX);
        }
        kept = keep_name(inventory, name);
        if (!kept)
                return buf_error(&inventory->names);
        file = (struct inventory_file *)(void *)buf_reserve(entries, sizeof(*file));
        if (!file)
                return buf_error(entries);
        *file = (struct inventory_file){.name = kept};
        buf_grown(entries, sizeof(*file));
        inventory->files = (struct inventory_file *)(void *)entries->data;
        inventory->count++;
        *ret = file;
        return 0;
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(((const struct inventory_file *)a)->name,
                      ((const struct inventory_file *)b)->name);
}

struct inventory_file *inventory_find(const struct inventory *inventory, const char *name)
{
        const struct inventory_file key = {.name = name};

        if (inventory->count == 0)
                return NULL;
        return bsearch(&key, inventory->files, inventory->count, sizeof(*inventory->files),
                       compare_names);
}

int inventory_next_pair(const struct inventory *a, const struct inventory *b,
                        struct inventory_pair *pair)
{
        int more_a = pair->next_a < a->count, more_b = pair->next_b < b->count, order;

        if (!more_a && !more_b)
                return 0;
        order = !more_a   ? 1
                : !more_b ? -1
                          : strcmp(a->files[pair->next_a].name, b->files[pair->next_b].name);
        if (order <= 0)
                inventory_rest(a, pair->next_a);
        if (order >= 0)
                inventory_rest(b, pair->next_b);
        pair->a = order <= 0 ? &a->files[pair->next_a++] : NULL;
        pair->b = order >= 0 ? &b->files[pair->next_b++] : NULL;
        return 1;
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
        struct inventory_pair pair = {};

        while (inventory_next_pair(before, after, &pair)) {
                const struct inventory_file *old = pair.a, *new = pair.b;

                if (!new)
                        return problem_set(problem, -EBUSY,
                                           "%s/%.200s: gone while it was worked on", path,
                                           old->name);
                if (!old)
                        return problem_set(problem, -EBUSY, "%s/%.200s: new while it was worked on",
                                           path, new->name);
                if (memcmp(old->identity, new->identity, INVENTORY_IDENTITY_SIZE) != 0)
                        return problem_set(problem, -EBUSY,
                                           "%s/%.200s: changed while it was worked on", path,
                                           old->name);
        }
        return 0;
}
