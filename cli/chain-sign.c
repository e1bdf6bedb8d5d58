/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>

#include "cli/envelope.h"
#include "cli/option.h"
#include "lib/file.h"
#include "lib/in-toto-layout.h"

enum { OPTION_KEY, OPTION_FORMAT, OPTION_OUTPUT };

/* Nothing is signed that `hallmark verify-chain` would not read. */
static int check_payload(json_t *payload, struct problem *problem)
{
        _cleanup_(layout_done) struct layout layout = {};
        _cleanup_(in_toto_link_done) struct in_toto_link link = {};
        const char *type = json_member_string(payload, "_type");

        if (type && string_equal(type, "layout"))
                return layout_parse(payload, &layout, problem);
        if (type && string_equal(type, "link"))
                return in_toto_link_parse(payload, &link, problem);
        return problem_set(problem, -EBADMSG, "_type: expected layout or link");
}

static int load(const char *path, json_t **ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(IN_TOTO_SIZE_MAX);
        int r = file_read(AT_FDCWD, path, &text, problem);

        if (r < 0)
                return r;
        r = json_parse_object(buf_view(&text), ret, problem);
        if (r == 0)
                r = check_payload(*ret, problem);
        return r < 0 ? problem_prefix(problem, r, "%.200s", path) : 0;
}

static enum answer sign(const struct invocation *invocation, struct in_toto_envelope *envelope,
                        struct problem *problem)
{
        const char *key;

        for (size_t i = 0; (key = option_value_at(invocation, OPTION_KEY, i)); i++) {
                enum answer answer =
                        envelope_sign(invocation, key, ENVELOPE_IDS, envelope, NULL, problem);

                if (answer != ANSWER_YES)
                        return answer;
        }
        return ANSWER_YES;
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(in_toto_envelope_done) struct in_toto_envelope envelope = {};
        const char *format = option_value(invocation, OPTION_FORMAT);
        enum answer answer;
        json_t *payload = NULL;
        int r;

        if (!option_value(invocation, OPTION_KEY))
                return answer_of(problem_set(problem, -EINVAL, "chain sign: --key is missing"),
                                 problem);
        r = load(invocation->operands[0], &payload, problem);
        if (r == 0)
                r = in_toto_envelope_make(envelope_kind(format), payload, &envelope, problem);
        json_decref(payload);
        if (r < 0)
                return answer_of(r, problem);
        answer = sign(invocation, &envelope, problem);
        if (answer != ANSWER_YES)
                return answer;
        return answer_of(
                envelope_write(option_value(invocation, OPTION_OUTPUT), &envelope, problem),
                problem);
}

const struct verb verb_chain_sign = {
        .group = "chain",
        .name = "sign",
        .operands = "FILE",
        .help = "have the agent sign a layout or a link of in-toto",
        .operands_min = 1,
        .operands_max = 1,
        .options =
                {
                        [OPTION_KEY] = {"key", "k", "NAME", "the key to sign with; repeats",
                                        .repeats = 1},
                        [OPTION_FORMAT] = {"format", "f", "FORMAT",
                                           "dsse (default), or metablock as in-toto before "
                                           "version 2 reads it",
                                           .words = envelope_formats},
                        [OPTION_OUTPUT] = {"output", "o", "FILE",
                                           "write it there; else to standard output"},
                },
        .run = run,
};
