/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/option.h"
#include "cli/output.h"
#include "lib/keyring-seal.h"
#include "lib/keyring-set.h"

enum { OPTION_OUTPUT };

static int merge(const struct invocation *invocation, struct keyring_set *ret,
                 struct problem *problem)
{
        int r = keyring_set_load(invocation->operands[0], ret, problem);

        for (size_t i = 1; i < invocation->operand_count && r == 0; i++) {
                struct keyring_set more = {};
                struct problem reason = {};

                r = keyring_set_load(invocation->operands[i], &more, problem);
                if (r < 0)
                        break;
                r = keyring_set_merge(ret, &more, &reason);
                if (r < 0)
                        (void)problem_set(problem, r, "%s: %s", invocation->operands[i],
                                          problem_text(&reason, r));
        }
        return r;
}

/* What is in the file now, and who vouches for it: to those who asked for it, not into the file. */
static json_t *to_json(const struct keyring_set *set)
{
        json_t *list = json_array();

        for (size_t i = 0; i < set->count; i++)
                (void)json_array_append_new(list, json_pack("{s:s, s:I, s:b}", "origin",
                                                            set->rings[i].origin, "keys",
                                                            (json_int_t)set->rings[i].count,
                                                            "signed", set->rings[i].seal != NULL));
        return json_pack("{s:o}", "rings", list);
}

static int print(const struct invocation *invocation, const struct keyring_set *set,
                 struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};

        if (invocation->json)
                return output_write_json(to_json(set), problem);
        for (size_t i = 0; i < set->count; i++)
                buf_put_format(&text, "%s: %zu keys, %s\n", set->rings[i].origin,
                               set->rings[i].count, set->rings[i].seal ? "signed" : "unsigned");
        return output_write(&text, problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        const char *output = option_value(invocation, OPTION_OUTPUT);
        _cleanup_(keyring_set_done) struct keyring_set set = {};
        _cleanup_(buf_done) struct buf text = BUF_INIT(KEYRING_SIZE_MAX);
        int r = merge(invocation, &set, problem);

        if (r == -EKEYREJECTED)
                return ANSWER_NO;
        if (r == 0)
                r = keyring_set_put(&text, &set);
        if (r == 0)
                r = output_write_file(output ? output : "-", buf_view(&text), problem);
        if (r == 0 && output && !string_equal(output, "-"))
                r = print(invocation, &set, problem);
        return answer_of(r, problem);
}

const struct verb verb_keyring_merge = {
        .group = "keyring",
        .name = "merge",
        .operands = "FILE...",
        .help = "put key rings of several agents into one file, each with its signature",
        .operands_min = 1,
        .operands_max = 256,
        .options =
                {
                        [OPTION_OUTPUT] = {"output", "o", "FILE",
                                           "write there; - is standard output"},
                },
        .run = run,
};
