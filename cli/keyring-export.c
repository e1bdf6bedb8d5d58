/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/keyring-export.h"

#include <errno.h>

#include "cli/option.h"
#include "cli/output.h"

enum { OPTION_FORMAT, OPTION_KEY, OPTION_OUTPUT };

static int export(const struct invocation *invocation, struct buf *ret, struct problem *problem)
{
        const char *word = option_value(invocation, OPTION_FORMAT);
        _cleanup_(keyring_done) struct keyring ring = {};
        int r;

        if (!word)
                return problem_set(problem, -EINVAL, "keyring export: expected --format FORMAT");
        r = keyring_load(invocation->operands[0], &ring, problem);
        if (r < 0)
                return r;
        r = keyring_export_put(keyring_export_find(word), &ring,
                               option_value(invocation, OPTION_KEY), ret, problem);
        return r < 0 ? problem_prefix(problem, r, "%s", invocation->operands[0]) : 0;
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        const char *output = option_value(invocation, OPTION_OUTPUT);
        _cleanup_(buf_done) struct buf text = {};
        int r = export(invocation, &text, problem);

        if (r == 0)
                r = output_write_file(output ? output : "-", buf_view(&text), problem);
        return answer_of(r, problem);
}

const struct verb verb_keyring_export = {
        .group = "keyring",
        .name = "export",
        .operands = "FILE",
        .help = "write the keys of a ring for other programs",
        .operands_min = 1,
        .operands_max = 1,
        .options =
                {
                        [OPTION_FORMAT] = {"format", "f", "FORMAT",
                                           "allowed_signers of ssh-keygen with windows; JWKS or "
                                           "PEM of active keys; trusted root of Sigstore or vkeys "
                                           "of log keys",
                                           .words = keyring_export_names},
                        [OPTION_KEY] = {"key", "k", "NAME", "this key alone"},
                        [OPTION_OUTPUT] = {"output", "o", "FILE",
                                           "write there; - is standard output"},
                },
        .run = run,
};
