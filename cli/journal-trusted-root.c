/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/option.h"
#include "cli/output.h"
#include "lib/trusted-root.h"

enum { OPTION_KEYRING, OPTION_BASE_URL, OPTION_OUTPUT };

static int build(const struct invocation *invocation, struct buf *ret, struct problem *problem)
{
        _cleanup_(keyring_done) struct keyring ring = {};
        const char *path = option_value(invocation, OPTION_KEYRING);
        int r;

        if (!path)
                return problem_set(problem, -EINVAL,
                                   "journal trusted-root: expected --keyring FILE");
        r = keyring_load(path, &ring, problem);
        if (r < 0)
                return r;
        return trusted_root_put(ret, &ring, option_value(invocation, OPTION_BASE_URL), problem);
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

const struct verb verb_journal_trusted_root = {
        .group = "journal",
        .name = "trusted-root",
        .operands = "",
        .help = "write the log keys as a Sigstore trusted root",
        .options =
                {
                        [OPTION_KEYRING] = {"keyring", "r", "FILE",
                                            "the key ring with the log keys"},
                        [OPTION_BASE_URL] = {"base-url", "u", "URL",
                                             "the name of the log, with the origin in it"},
                        [OPTION_OUTPUT] = {"output", "o", "FILE",
                                           "where to write it; - is standard output"},
                },
        .run = run,
};
