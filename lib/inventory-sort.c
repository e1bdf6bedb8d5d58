/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/inventory.h"

#include <errno.h>

/* A run is what is sorted in memory; longer inventories are merged from sorted runs. */
#define RUN_FILES ((size_t)1 << 16)
#define RUN_NAMES ((size_t)8 << 20) /* bytes, nearly */

struct run {
        size_t next, end;
};

struct merge {
        const struct inventory *from;
        struct run *heap; /* the run with the least name is the first */
        size_t count;
};

static int compare_names(const void *a, const void *b)
{
        return strcmp(((const struct inventory_file *)a)->name,
                      ((const struct inventory_file *)b)->name);
}

/* 1: so it is; 0: it is to be sorted. */
static int is_sorted(const struct inventory *inventory)
{
        for (size_t i = 1; i < inventory->count; i++) {
                inventory_rest(inventory, i);
                if (strcmp(inventory->files[i - 1].name, inventory->files[i].name) > 0)
                        return 0;
        }
        return 1;
}

static int check_names(const struct inventory *inventory, struct problem *problem)
{
        for (size_t i = 1; i < inventory->count; i++) {
                inventory_rest(inventory, i);
                if (string_equal(inventory->files[i - 1].name, inventory->files[i].name))
                        return problem_set(problem, -EBADMSG, "%.200s: listed twice",
                                           inventory->files[i].name);
        }
        return 0;
}

/* Names follow each other as the files do. */
static size_t end_of_run(const struct inventory *inventory, size_t begin)
{
        size_t end = begin + 1;

        while (end < inventory->count && end - begin < RUN_FILES &&
               (size_t)(inventory->files[end].name - inventory->files[begin].name) < RUN_NAMES)
                end++;
        return end;
}

static int sort_runs(struct inventory *inventory, struct buf *runs)
{
        for (size_t begin = 0; begin < inventory->count && !buf_error(runs);) {
                struct run run = {begin, end_of_run(inventory, begin)};

                qsort(&inventory->files[begin], run.end - begin, sizeof(*inventory->files),
                      compare_names);
                inventory_rest(inventory, SIZE_MAX);
                buf_put(runs, &run, sizeof(run));
                begin = run.end;
        }
        return buf_error(runs);
}

static int is_before(const struct merge *merge, size_t a, size_t b)
{
        return strcmp(merge->from->files[merge->heap[a].next].name,
                      merge->from->files[merge->heap[b].next].name) < 0;
}

static void sift_down(struct merge *merge, size_t place)
{
        for (;;) {
                size_t least = place;
                struct run run;

                for (size_t child = 2 * place + 1; child <= 2 * place + 2; child++)
                        if (child < merge->count && is_before(merge, child, least))
                                least = child;
                if (least == place)
                        return;
                run = merge->heap[place];
                merge->heap[place] = merge->heap[least];
                merge->heap[least] = run;
                place = least;
        }
}

static const struct inventory_file *take_least(struct merge *merge)
{
        const struct inventory_file *file = &merge->from->files[merge->heap[0].next++];

        if (merge->heap[0].next == merge->heap[0].end)
                merge->heap[0] = merge->heap[--merge->count];
        sift_down(merge, 0);
        return file;
}

static int merge_runs(struct merge *merge, struct inventory *ret)
{
        for (size_t i = merge->count; i-- > 0;)
                sift_down(merge, i);
        while (merge->count > 0) {
                const struct inventory_file *from = take_least(merge);
                struct inventory_file *file;
                const char *name;
                int r = inventory_add(ret, view_string(from->name), &file);

                if (r < 0)
                        return r;
                name = file->name;
                *file = *from;
                file->name = name;
                inventory_rest(merge->from, ret->count);
        }
        return 0;
}

int inventory_sort(struct inventory *inventory, struct problem *problem)
{
        _cleanup_(inventory_done) struct inventory sorted = {};
        _cleanup_(buf_done) struct buf runs = {};
        struct merge merge = {.from = inventory};
        int r;

        if (is_sorted(inventory))
                return check_names(inventory, problem);
        r = sort_runs(inventory, &runs);
        merge.heap = (struct run *)(void *)runs.data;
        merge.count = runs.size / sizeof(struct run);
        if (r == 0 && merge.count > 1)
                r = merge_runs(&merge, &sorted);
        if (r < 0)
                return r;
        if (sorted.count > 0) {
                struct inventory before = *inventory;

                *inventory = sorted;
                sorted = before;
        }
        return check_names(inventory, problem);
}
