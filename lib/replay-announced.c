/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/replay-announced.h"

#include <errno.h>

#define NAME "announced"

void announced_done(struct announced *announced)
{
        free(announced->changes);
        *announced = (struct announced){};
}

static void drop(struct announced *announced, size_t count)
{
        announced->count -= count;
        memmove(announced->changes, announced->changes + count,
                announced->count * sizeof(*announced->changes));
}

static int has_room(struct announced *announced)
{
        if (!announced->changes)
                announced->changes = calloc(REPLAY_ANNOUNCED_MAX, sizeof(*announced->changes));
        return announced->changes != NULL;
}

int announced_add(struct announced *announced, uint64_t index, int64_t before)
{
        if (!has_room(announced))
                return -ENOMEM;
        if (announced->count == REPLAY_ANNOUNCED_MAX) {
                announced->known = announced->changes[REPLAY_ANNOUNCED_MAX / 2 - 1].index + 1;
                drop(announced, REPLAY_ANNOUNCED_MAX / 2);
        }
        announced->changes[announced->count++] = (struct announced_change){index, before};
        return 0;
}

/* The first change that the tree of @size records does not have. */
static size_t find_after(const struct announced *announced, uint64_t size)
{
        size_t low = 0, high = announced->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (announced->changes[middle].index < size)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

int announced_at(const struct announced *announced, uint64_t size, int64_t now, int64_t *ret)
{
        size_t next = find_after(announced, size);

        if (size < announced->known)
                return -ENODATA;
        *ret = next < announced->count ? announced->changes[next].before : now;
        return 0;
}

void announced_forget(struct announced *announced, uint64_t size)
{
        size_t count = find_after(announced, size);

        if (size <= announced->known)
                return;
        announced->known = size;
        if (count > 0)
                drop(announced, count);
}

static const struct field fields[] = {FIELD(struct announced, known, FIELD_NUMBER)};

static const struct field change_fields[] = {
        FIELD(struct announced_change, index, FIELD_NUMBER),
        FIELD(struct announced_change, before, FIELD_COUNT),
};

int announced_save(const struct announced *announced, json_t *ret)
{
        json_t *object = json_object(), *list = json_array();
        int r;

        if (json_object_set_new(ret, NAME, object) < 0) {
                json_decref(list);
                return -ENOMEM;
        }
        if (json_object_set_new(object, "changes", list) < 0)
                return -ENOMEM;
        r = field_save(fields, ARRAY_SIZE(fields), announced, object);
        for (size_t i = 0; i < announced->count && r == 0; i++) {
                json_t *change = json_object();

                if (json_array_append_new(list, change) < 0)
                        return -ENOMEM;
                r = field_save(change_fields, ARRAY_SIZE(change_fields), &announced->changes[i],
                               change);
        }
        return r;
}

static int restore_change(struct announced *announced, uint64_t size, const json_t *saved,
                          struct problem *problem)
{
        struct announced_change change;
        uint64_t least = announced->known;
        int r = field_restore(change_fields, ARRAY_SIZE(change_fields), 0, saved, &change, problem);

        if (r < 0)
                return r;
        if (announced->count > 0)
                least = announced->changes[announced->count - 1].index + 1;
        if (change.index < least || change.index >= size)
                return problem_set(problem, -EBADMSG, "announced in no record that it can be");
        return announced_add(announced, change.index, change.before);
}

int announced_restore(struct announced *announced, uint64_t size, const json_t *saved,
                      struct problem *problem)
{
        const json_t *object = json_object_get(saved, NAME), *list, *change;
        int r = field_restore(fields, ARRAY_SIZE(fields), 1, object, announced, problem);
        size_t i;

        if (r < 0)
                return r;
        list = json_object_get(object, "changes");
        if (!json_is_array(list) || json_array_size(list) > REPLAY_ANNOUNCED_MAX ||
            announced->known > size)
                return problem_set(problem, -EBADMSG, "expected the uses that were announced");
        json_array_foreach (list, i, change) {
                r = restore_change(announced, size, change, problem);
                if (r < 0)
                        return r;
        }
        return 0;
}
