/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "cli/http-journal.h"
#include "cli/journal-quorum.h"
#include "cli/option.h"
#include "cli/output.h"
#include "lib/file.h"
#include "lib/replay.h"

enum { OPTION_KEYRING, OPTION_SINCE, OPTION_POLICY, OPTION_REQUIRE_SEALED };

#define PERCENT_UNKNOWN 101

struct report {
        int json;
        int error;                     /* of writing; the first sticks */
        unsigned percent;              /* as shown on the terminal */
        struct journal_quorum *quorum; /* without policy when none was given */
        struct problem *problem;
};

static json_t *finding_to_json(const struct replay_finding *finding)
{
        json_t *object = json_pack("{s:s, s:s}", "where", finding->where, "text", finding->text);

        if (object && finding->index != REPLAY_NO_INDEX &&
            json_object_set_new(object, "index", json_integer((json_int_t)finding->index)) < 0) {
                json_decref(object);
                return NULL;
        }
        return json_pack("{s:o}", "finding", object);
}

static int print_finding(const struct replay_finding *finding, const struct report *report)
{
        _cleanup_(buf_done) struct buf line = {};

        if (report->json)
                return output_write_json(finding_to_json(finding), report->problem);
        if (finding->index != REPLAY_NO_INDEX)
                buf_put_format(&line, "record %llu, ", (unsigned long long)finding->index);
        output_put_text(&line, view_string(finding->where));
        buf_put_string(&line, ": ");
        output_put_text(&line, view_string(finding->text));
        buf_put_u8(&line, '\n');
        return output_write(&line, report->problem);
}

static void note_finding(const struct replay_finding *finding, void *context)
{
        struct report *report = context;

        if (report->error == 0)
                report->error = print_finding(finding, report);
}

static void note_progress(uint64_t done, uint64_t total, void *context)
{
        struct report *report = context;
        unsigned percent = total > 0 ? (unsigned)((double)done * 100 / (double)total) : 100;

        if (percent == report->percent)
                return;
        report->percent = percent;
        (void)fprintf(stderr, "\r%3u %%%s", percent, percent >= 100 ? "\r     \r" : "");
}

/* Without policy, all is well; in a journal that is not good, no quorum is. */
static int check_quorum(const struct journal *journal, struct replay_result *result,
                        struct report *report)
{
        struct journal_quorum *quorum = report->quorum;
        int r;

        if (!quorum->quorum.policy)
                return 0;
        if (result->findings > 0)
                quorum->reached = 0;
        r = journal_quorum_tie(quorum, journal, &result->checkpoint, report->problem);
        if (r < 0 || quorum->reached)
                return r;
        for (size_t i = 0; i < JOURNAL_QUORUM_FILES; i++) {
                const struct replay_finding finding = {REPLAY_NO_INDEX, journal_quorum_files[i],
                                                       quorum->reason[i].text};

                if (!finding.text[0])
                        continue;
                result->findings++;
                note_finding(&finding, report);
        }
        return report->error;
}

static void check_sealed(struct replay_result *result, struct report *report)
{
        const struct replay_finding finding = {result->checkpoint.size, "checkpoint",
                                               "records from here on are not sealed: expected a "
                                               "checkpoint that covers them"};

        if (result->unsealed == 0)
                return;
        result->findings++;
        result->range_count = 0;
        note_finding(&finding, report);
}

static json_t *quorum_result_to_json(json_t *result, const struct journal_quorum *quorum)
{
        json_t *facts;

        if (!result || !quorum->reached)
                return result;
        facts = json_pack("{s:I, s:o}", "size", (json_int_t)quorum->checkpoint.size, "witnesses",
                          quorum_to_json(&quorum->quorum));
        if (json_object_set_new(result, "cosigned", facts) == 0)
                return result;
        json_decref(result);
        return NULL;
}

static void put_quorum(struct buf *text, const struct journal_quorum *quorum)
{
        if (!quorum->reached)
                return;
        buf_put_format(text, "cosigned: %llu records, by ",
                       (unsigned long long)quorum->checkpoint.size);
        quorum_put_witnesses(text, &quorum->quorum);
        buf_put_u8(text, '\n');
}

/* The range of records that each level of assurance was reached for. */
/* What was found leaves no level standing. */
static json_t *levels_to_json(const struct replay_result *result)
{
        size_t count = result->findings > 0 ? 0 : result->range_count;
        json_t *list = json_array();

        for (size_t i = 0; i < count && i < REPLAY_RANGES_MAX; i++) {
                const struct replay_range *range = &result->ranges[i];

                (void)json_array_append_new(list,
                                            json_pack("{s:s, s:s, s:I, s:I}", "level",
                                                      replay_level_name(range->level), "of",
                                                      range->of, "first", (json_int_t)range->first,
                                                      "last", (json_int_t)range->end - 1));
        }
        return list;
}

static void put_levels(struct buf *text, const struct replay_result *result)
{
        for (size_t i = 0; i < result->range_count && i < REPLAY_RANGES_MAX; i++) {
                const struct replay_range *range = &result->ranges[i];

                buf_put_format(text, "%s", replay_level_name(range->level));
                if (range->of[0])
                        buf_put_format(text, " of %s", range->of);
                buf_put_format(text, ": records %llu to %llu\n", (unsigned long long)range->first,
                               (unsigned long long)range->end - 1);
        }
        if (result->range_count > REPLAY_RANGES_MAX)
                buf_put_format(text, "and %zu more ranges\n",
                               result->range_count - REPLAY_RANGES_MAX);
}

static json_t *result_to_json(const struct replay_result *result)
{
        char root[HEX_SIZE(SHA256_SIZE)];

        return json_pack("{s:b, s:I, s:I, s:I, s:I, s:o, s:{s:I, s:s}}", "good",
                         result->findings == 0, "findings", (json_int_t)result->findings, "records",
                         (json_int_t)result->records, "signatures", (json_int_t)result->signatures,
                         "unsealed", (json_int_t)result->unsealed, "levels", levels_to_json(result),
                         "checkpoint", "size", (json_int_t)result->checkpoint.size, "root",
                         hex_encode(sha256_view(&result->checkpoint.root), root));
}

static int print_result(const struct replay_result *result, const char *path,
                        const struct report *report)
{
        _cleanup_(buf_done) struct buf text = {};
        char root[HEX_SIZE(SHA256_SIZE)];

        if (report->json)
                return output_write_json(
                        quorum_result_to_json(result_to_json(result), report->quorum),
                        report->problem);
        if (result->findings > 0)
                return 0; /* the verdict is the error */
        output_put_text(&text, view_string(path));
        buf_put_format(&text, ": good: %llu records, %llu signatures verified\n",
                       (unsigned long long)result->records, (unsigned long long)result->signatures);
        buf_put_format(&text, "checkpoint: %llu records, root %s\n",
                       (unsigned long long)result->checkpoint.size,
                       hex_encode(sha256_view(&result->checkpoint.root), root));
        put_levels(&text, result);
        put_quorum(&text, report->quorum);
        if (result->unsealed > 0)
                buf_put_format(&text,
                               "after the checkpoint: %llu records that no signature of the "
                               "log covers yet\n",
                               (unsigned long long)result->unsealed);
        return output_write(&text, report->problem);
}

static int load(const struct invocation *invocation, struct keyring *ret_ring,
                struct buf *ret_since, struct quorum *ret_quorum, struct problem *problem)
{
        const char *policy = option_value(invocation, OPTION_POLICY);
        const char *ring = option_value(invocation, OPTION_KEYRING);
        const char *since = option_value(invocation, OPTION_SINCE);
        int r;

        if (!ring)
                return problem_set(problem, -EINVAL, "journal verify: expected --keyring");
        r = keyring_load(ring, ret_ring, problem);
        if (r == 0 && since)
                r = file_read(AT_FDCWD, since, ret_since, problem);
        if (r == 0 && policy)
                r = quorum_load(policy, ret_quorum, problem);
        return r;
}

static int open_journal(const char *operand, struct journal **ret, struct problem *problem)
{
        return http_is_url(operand) ? http_journal_open(operand, ret, problem)
                                    : journal_open(operand, ret, problem);
}

static int replay(const struct invocation *invocation, struct report *report,
                  struct replay_result *ret, struct problem *problem)
{
        _cleanup_(journal_freep) struct journal *journal = NULL;
        _cleanup_(keyring_done) struct keyring ring = {};
        _cleanup_(buf_done) struct buf since = BUF_INIT(NOTE_SIZE_MAX);
        struct replay_options options = {.finding = note_finding,
                                         .progress = isatty(STDERR_FILENO) ? note_progress : NULL,
                                         .context = report};
        int r = load(invocation, &ring, &since, &report->quorum->quorum, problem);

        if (r == 0)
                r = open_journal(invocation->operands[0], &journal, problem);
        if (r == 0 && report->quorum->quorum.policy)
                r = journal_quorum_find(report->quorum, journal, ring.origin, problem);
        if (r < 0)
                return r;
        options.since = buf_view(&since);
        r = replay_journal(journal, &ring, &options, ret, problem);
        if (r == 0 && option_value(invocation, OPTION_REQUIRE_SEALED))
                check_sealed(ret, report);
        if (r == 0)
                r = check_quorum(journal, ret, report);
        return r < 0 ? r : report->error;
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(journal_quorum_done) struct journal_quorum quorum = {};
        struct report report = {.json = invocation->json,
                                .percent = PERCENT_UNKNOWN,
                                .quorum = &quorum,
                                .problem = problem};
        struct replay_result result = {};
        int r = replay(invocation, &report, &result, problem);

        if (r == 0)
                r = print_result(&result, invocation->operands[0], &report);
        if (r < 0)
                return answer_of(r, problem);
        if (result.findings == 0)
                return ANSWER_YES;
        (void)problem_set(problem, 0, "%s: not good: %llu finding%s in %llu records",
                          invocation->operands[0], (unsigned long long)result.findings,
                          result.findings == 1 ? "" : "s", (unsigned long long)result.records);
        return ANSWER_NO;
}

const struct verb verb_journal_verify = {
        .group = "journal",
        .name = "verify",
        .operands = "DIR|URL",
        .help = "verify all of a journal, from its files and a key ring alone",
        .operands_min = 1,
        .operands_max = 1,
        .options =
                {
                        [OPTION_KEYRING] = {"keyring", "r", "FILE", "the key ring to trust"},
                        [OPTION_SINCE] =
                                {"since", "s", "FILE",
                                 "an earlier checkpoint, which must be a part of this journal"},
                        [OPTION_POLICY] = {"policy", NULL, "FILE",
                                           "the witnesses who must have cosigned a checkpoint"},
                        [OPTION_REQUIRE_SEALED] = {"require-sealed", NULL, NULL,
                                                   "records after the checkpoint are a finding"},
                },
        .run = run,
};
