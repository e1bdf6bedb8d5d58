/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/key.h"
#include "cli/output.h"
#include "lib/keyring-diff.h"
#include "lib/keyring-seal.h"

struct report {
        struct buf text;
        json_t *changes;
};

static void report_done(struct report *report)
{
        buf_done(&report->text);
        json_decref(report->changes);
}

static int note_new(struct report *report, const struct keyring_key *key)
{
        buf_put_string(&report->text, "+ ");
        key_put_line(&report->text, key);
        return json_array_append_new(report->changes,
                                     json_pack("{s:s, s:I, s:s}", "key", key->name, "version",
                                               (json_int_t)key->version, "change", "added"));
}

static int note(const struct keyring_change *change, void *context)
{
        const struct keyring_key *key = change->new;
        struct report *report = context;

        if (!change->old)
                return note_new(report, key) < 0 ? -ENOMEM : 0;
        buf_put_format(&report->text, "~ key %s version %u: %s: ", key->name, key->version,
                       change->member);
        output_put_text(&report->text, view_string(change->was[0] ? change->was : "nothing"));
        buf_put_string(&report->text, ", now ");
        output_put_text(&report->text, view_string(change->is[0] ? change->is : "nothing"));
        buf_put_u8(&report->text, '\n');
        return json_array_append_new(report->changes,
                                     json_pack("{s:s, s:I, s:s, s:s, s:s}", "key", key->name,
                                               "version", (json_int_t)key->version, "change",
                                               change->member, "was", change->was, "is",
                                               change->is)) < 0
                       ? -ENOMEM
                       : 0;
}

struct pair {
        struct keyring old, new;
};

static void pair_done(struct pair *pair)
{
        keyring_done(&pair->old);
        keyring_done(&pair->new);
}

static int load(const struct invocation *invocation, struct pair *ret, struct problem *problem)
{
        int r = keyring_read(invocation->operands[0], &ret->old, problem);

        return r < 0 ? r : keyring_read(invocation->operands[1], &ret->new, problem);
}

static const char *signed_word(const struct keyring *ring)
{
        return ring->seal ? "signed" : "unsigned";
}

static enum answer print(const struct invocation *invocation, const struct pair *rings,
                         struct report *report, struct problem *problem)
{
        size_t count = json_array_size(report->changes);

        if (invocation->json)
                return answer_of(
                        output_write_json(json_pack("{s:O, s:b}", "changes", report->changes,
                                                    "signed", rings->new.seal != NULL),
                                          problem),
                        problem);
        output_put_text(&report->text, view_string(invocation->operands[1]));
        buf_put_format(&report->text, ": %s, %zu change%s from ", signed_word(&rings->new), count,
                       count == 1 ? "" : "s");
        output_put_text(&report->text, view_string(invocation->operands[0]));
        buf_put_format(&report->text, ", %s\n", signed_word(&rings->old));
        return answer_of(output_write(&report->text, problem), problem);
}

/* What may not be, with all that has changed. */
static enum answer refuse(const struct invocation *invocation, struct report *report,
                          const char *reason, struct problem *problem)
{
        (void)problem_set(problem, -EKEYREJECTED, "%s: may not take the place of %s: %s",
                          invocation->operands[1], invocation->operands[0], reason);
        if (!invocation->json)
                return output_write(&report->text, problem) < 0 ? ANSWER_UNKNOWN : ANSWER_NO;
        return output_write_json(
                       json_pack("{s:O, s:s}", "changes", report->changes, "refused", reason),
                       problem) < 0
                       ? ANSWER_UNKNOWN
                       : ANSWER_NO;
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(report_done) struct report report = {.changes = json_array()};
        _cleanup_(pair_done) struct pair rings = {};
        struct problem reason = {};
        int r = load(invocation, &rings, problem);

        if (r == 0)
                r = keyring_diff(&rings.old, &rings.new, note, &report);
        if (r < 0)
                return answer_of(r, problem);
        r = keyring_check_successor(&rings.old, &rings.new, &reason);
        return r == 0 ? print(invocation, &rings, &report, problem)
                      : refuse(invocation, &report, problem_text(&reason, r), problem);
}

const struct verb verb_keyring_diff = {
        .group = "keyring",
        .name = "diff",
        .operands = "OLD NEW",
        .help = "show what has changed in a key ring, and refuse one that takes something back",
        .operands_min = 2,
        .operands_max = 2,
        .run = run,
};
