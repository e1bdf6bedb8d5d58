/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/model.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/reuse.h"

struct sums {
        size_t files[INVENTORY_SKIPPED + 1];
        uint64_t bytes;
};

static struct sums add_up(const struct model *model)
{
        struct sums sums = {};

        for (size_t i = 0; i < model->inventory.count; i++) {
                inventory_rest(&model->inventory, i);
                sums.files[model->inventory.files[i].source]++;
                if (model->inventory.files[i].source != INVENTORY_SKIPPED)
                        sums.bytes += model->inventory.files[i].size;
        }
        return sums;
}

void model_put_facts(const struct model *model, struct buf *text)
{
        const struct sums sums = add_up(model);
        size_t others = sums.files[INVENTORY_REUSED] + sums.files[INVENTORY_PRECOMPUTED];
        size_t files = sums.files[INVENTORY_HASHED] + others;
        char bytes[BYTES_TEXT_SIZE];

        output_put_text(text, view_string(model->path));
        buf_put_format(text, ": %zu file%s, %s", files, files == 1 ? "" : "s",
                       bytes_text(sums.bytes, bytes));
        if (model->reuse) {
                buf_put_format(text, "; %zu of %zu files not read again: unchanged since ",
                               sums.files[INVENTORY_REUSED], files);
                output_put_text(text, view_string(model->reuse->path));
        }
        if (sums.files[INVENTORY_PRECOMPUTED] > 0) {
                buf_put_format(text, "; %zu not read: digests taken from ",
                               sums.files[INVENTORY_PRECOMPUTED]);
                output_put_text(text, view_string(model->precomputed));
        }
        buf_put_u8(text, '\n');
}

int model_add_facts(const struct model *model, json_t *facts)
{
        const struct sums sums = add_up(model);
        const struct {
                const char *name;
                uint64_t value;
        } members[] = {
                {"bytes", sums.bytes},
                {"filesHashed", sums.files[INVENTORY_HASHED]},
                {"filesPrecomputed", sums.files[INVENTORY_PRECOMPUTED]},
                {"filesReused", sums.files[INVENTORY_REUSED]},
        };

        for (size_t i = 0; i < ARRAY_SIZE(members); i++)
                if (json_object_set_new(facts, members[i].name,
                                        json_integer((json_int_t)members[i].value)) < 0)
                        return -1;
        return 0;
}
