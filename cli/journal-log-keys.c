/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/option.h"
#include "cli/output.h"
#include "lib/log-keys.h"

enum { OPTION_KEYRING, OPTION_OUTPUT };

static int build(const struct invocation *invocation, struct buf *ret, struct problem *problem)
{
        _cleanup_(keyring_done) struct keyring ring = {};
        const char *path = option_value(invocation, OPTION_KEYRING);
        int r;

        if (!path)
                return problem_set(problem, -EINVAL, "journal log-keys: expected --keyring FILE");
        r = keyring_load(path, &ring, problem);
        return r < 0 ? r : log_keys_put(ret, &ring, problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        const char *output = option_value(invocation, OPTION_OUTPUT);
        _cleanup_(buf_done) struct buf text = {};
        int r = build(invocation, &text, problem);

        if (r == 0)
                r = output_write_file(output ? output : "-", buf_view(&text), problem);
        return answer_of(r, problem);
}

const struct verb verb_journal_log_keys = {
        .group = "journal",
        .name = "log-keys",
        .operands = "",
        .help = "write the log keys as verifier keys of signed notes, for witnesses and policies",
        .options =
                {
                        [OPTION_KEYRING] = {"keyring", "r", "FILE",
                                            "the key ring with the log keys"},
                        [OPTION_OUTPUT] = {"output", "o", "FILE",
                                           "where to write them; - is standard output"},
                },
        .run = run,
};
