/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/chain.h"

#include <errno.h>

#include "cli/recorded.h"
#include "cli/step.h"

static int record(json_t *keep, const char *what, struct artifacts *ret, struct problem *problem)
{
        json_t *object = json_object();
        int r = json_array_append_new(keep, object) < 0 ? -ENOMEM : 0;

        if (r == 0)
                r = recorded_add(object, ".", problem);
        return r < 0 ? r : artifacts_from_object(object, what, ret, problem);
}

static const char **words_of(const json_t *command)
{
        const char **words = calloc(json_array_size(command) + 1, sizeof(*words));
        const json_t *word;
        size_t i;

        if (words)
                json_array_foreach (command, i, word)
                        words[i] = json_string_value(word);
        return words;
}

int chain_inspect(void *context, const struct layout_item *item, json_t *keep,
                  struct artifacts *ret_before, struct artifacts *ret_after,
                  struct problem *problem)
{
        _cleanup_(freep) const char **words = words_of(item->command);
        int r = words ? record(keep, "materials", ret_before, problem) : -ENOMEM, status;

        (void)context;
        if (r == 0)
                r = step_run(words, &status, problem);
        if (r == 0 && status > 0)
                r = problem_set(problem, -EKEYREJECTED, "%.200s: exit status %d", words[0], status);
        return r < 0 ? r : record(keep, "products", ret_after, problem);
}
