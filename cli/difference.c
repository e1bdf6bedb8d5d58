/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/difference.h"

#include <errno.h>

#include "cli/output.h"

static const char *const words[] = {"missing", "extra", "changed"};

void differences_done(struct differences *differences)
{
        free(differences->files);
        differences->files = NULL;
}

static int note(struct differences *differences, struct difference_file file)
{
        if (differences->count == differences->capacity) {
                size_t capacity = differences->capacity > 0 ? 2 * differences->capacity : 64;
                void *files = reallocarray(differences->files, capacity, sizeof(file));

                if (!files)
                        return -ENOMEM;
                differences->files = files;
                differences->capacity = capacity;
        }
        differences->files[differences->count++] = file;
        differences->counts[file.kind]++;
        return 0;
}

static int find_extra(struct model *model, const struct inventory *expected,
                      struct differences *ret)
{
        int r = 0;

        for (size_t i = 0; i < model->inventory.count && r == 0; i++) {
                struct inventory_file *file = &model->inventory.files[i];
                const struct inventory_file *wanted = inventory_find(expected, file->name);

                if (wanted && !file->odd)
                        continue;
                file->source = INVENTORY_SKIPPED;
                r = note(ret, (struct difference_file){.kind = wanted ? DIFFERENCE_CHANGED
                                                                      : DIFFERENCE_EXTRA,
                                                       .name = file->name,
                                                       .odd = file->odd});
        }
        return r;
}

int differences_find_names(struct model *model, const struct inventory *expected,
                           struct differences *ret)
{
        int r = find_extra(model, expected, ret);

        for (size_t i = 0; i < expected->count && r == 0; i++)
                if (!inventory_find(&model->inventory, expected->files[i].name))
                        r = note(ret, (struct difference_file){.kind = DIFFERENCE_MISSING,
                                                               .name = expected->files[i].name});
        return r;
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(((const struct difference_file *)a)->name,
                      ((const struct difference_file *)b)->name);
}

int differences_find_digests(const struct model *model, const struct inventory *expected,
                             struct differences *ret)
{
        int r = 0;

        for (size_t i = 0; i < model->inventory.count && r == 0; i++) {
                const struct inventory_file *file = &model->inventory.files[i], *wanted;

                if (file->source == INVENTORY_SKIPPED)
                        continue;
                wanted = inventory_find(expected, file->name);
                assert(wanted && file->source != INVENTORY_UNKNOWN);
                if (!view_equal(sha256_view(&file->digest), sha256_view(&wanted->digest)))
                        r = note(ret, (struct difference_file){DIFFERENCE_CHANGED, file->name, NULL,
                                                               wanted->digest, file->digest});
        }
        if (ret->count > 0)
                qsort(ret->files, ret->count, sizeof(*ret->files), compare_names);
        return r;
}

void differences_put(const struct differences *differences, const char *path, struct buf *text)
{
        char expected[HEX_SIZE(SHA256_SIZE)], found[HEX_SIZE(SHA256_SIZE)];

        for (size_t i = 0; i < differences->count; i++) {
                const struct difference_file *file = &differences->files[i];

                output_put_text(text, view_string(path));
                buf_put_u8(text, '/');
                output_put_text(text, view_string(file->name));
                buf_put_format(text, ": %s",
                               file->kind == DIFFERENCE_EXTRA ? "not signed" : words[file->kind]);
                if (file->odd)
                        buf_put_format(text, ", it is %s", file->odd);
                else if (file->kind == DIFFERENCE_CHANGED)
                        buf_put_format(text, ", signed sha256:%s, found sha256:%s",
                                       hex_encode(sha256_view(&file->expected), expected),
                                       hex_encode(sha256_view(&file->found), found));
                buf_put_u8(text, '\n');
        }
}

void differences_put_counts(const struct differences *differences, struct buf *text)
{
        static const char *const phrases[] = {"missing", "not signed", "changed"};
        static const enum difference order[] = {DIFFERENCE_CHANGED, DIFFERENCE_MISSING,
                                                DIFFERENCE_EXTRA};
        const char *separator = "";

        for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
                size_t count = differences->counts[order[i]];

                if (count == 0)
                        continue;
                buf_put_format(text, "%s%zu file%s %s", separator, count, count == 1 ? "" : "s",
                               phrases[order[i]]);
                separator = ", ";
        }
}

/* A name that is no UTF-8 is shown as it is printed. */
static json_t *name_to_json(const char *name)
{
        _cleanup_(buf_done) struct buf text = {};
        json_t *value = json_string(name);

        if (value)
                return value;
        output_put_text(&text, view_string(name));
        return buf_error(&text) ? NULL : json_stringn((const char *)text.data, text.size);
}

int differences_add_facts(const struct differences *differences, json_t *facts)
{
        for (size_t kind = 0; kind < DIFFERENCE_KINDS; kind++) {
                json_t *names = json_array();

                for (size_t i = 0; names && i < differences->count; i++)
                        if (differences->files[i].kind == kind &&
                            json_array_append_new(names, name_to_json(differences->files[i].name)) <
                                    0) {
                                json_decref(names);
                                return -ENOMEM;
                        }
                if (!names || json_object_set_new(facts, words[kind], names) < 0)
                        return -ENOMEM;
        }
        return 0;
}
