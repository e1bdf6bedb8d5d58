/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/journal-report.h"

#include <stdio.h>

#include "cli/output.h"

static json_t *finding_to_json(const struct replay_finding *finding)
{
        json_t *object = json_pack("{s:s, s:s}", "where", finding->where, "text", finding->text);

        if (object && finding->index != REPLAY_NO_INDEX &&
            json_object_set_new(object, "index", json_integer((json_int_t)finding->index)) < 0) {
                json_decref(object);
                return NULL;
        }
        if (object && finding->earlier && json_object_set_new(object, "earlier", json_true()) < 0) {
                json_decref(object);
                return NULL;
        }
        return json_pack("{s:o}", "finding", object);
}

static int print_finding(const struct replay_finding *finding, const struct journal_report *report)
{
        _cleanup_(buf_done) struct buf line = {};

        if (report->json)
                return output_write_json(finding_to_json(finding), report->problem);
        if (finding->index != REPLAY_NO_INDEX)
                buf_put_format(&line, "record %llu, ", (unsigned long long)finding->index);
        output_put_text(&line, view_string(finding->where));
        buf_put_string(&line, ": ");
        output_put_text(&line, view_string(finding->text));
        buf_put_string(&line, finding->earlier ? " (found before)\n" : "\n");
        return output_write(&line, report->problem);
}

void journal_report_finding(const struct replay_finding *finding, void *context)
{
        struct journal_report *report = context;

        if (report->error == 0)
                report->error = print_finding(finding, report);
}

void journal_report_progress(uint64_t done, uint64_t total, void *context)
{
        struct journal_report *report = context;
        unsigned percent = total > 0 ? (unsigned)((double)done * 100 / (double)total) : 100;

        if (percent == report->percent)
                return;
        report->percent = percent;
        (void)fprintf(stderr, "\r%3u %%%s", percent, percent >= 100 ? "\r     \r" : "");
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

static json_t *endorsed_result_to_json(json_t *result, const struct journal_endorsed *endorsed)
{
        const char *name = endorsed->tied ? "endorsed" : "notEndorsed";
        json_t *signers = endorsed->tied ? endorsed->tied : endorsed->untied;

        if (!result || !signers || json_object_set(result, name, signers) == 0)
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

/* The range of records that each level of assurance was reached for, or not: what was found leaves
 * none standing. */
static json_t *levels_to_json(const struct replay_result *result, int broken)
{
        size_t count = result->findings > 0 ? 0 : result->range_count;
        json_t *list = json_array();

        for (size_t i = 0; i < count && i < REPLAY_RANGES_MAX; i++) {
                const struct replay_range *range = &result->ranges[i];

                if (range->broken != broken)
                        continue;
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
                if (range->of[0]) {
                        buf_put_string(text, " of ");
                        output_put_text(text, view_string(range->of));
                }
                buf_put_format(
                        text, ": %srecords %llu to %llu\n", range->broken ? "broken, not " : "",
                        (unsigned long long)range->first, (unsigned long long)range->end - 1);
        }
        if (result->range_count > REPLAY_RANGES_MAX)
                buf_put_format(text, "and %zu more ranges\n",
                               result->range_count - REPLAY_RANGES_MAX);
}

static json_t *result_to_json(const struct replay_result *result, const char *origin)
{
        char root[HEX_SIZE(SHA256_SIZE)];

        return json_pack("{s:b, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:{s:I, s:s}}", "good",
                         result->findings == 0, "origin", origin, "findings",
                         (json_int_t)result->findings, "records", (json_int_t)result->records,
                         "verifiedBefore", (json_int_t)result->before, "signatures",
                         (json_int_t)result->signatures, "unsealed", (json_int_t)result->unsealed,
                         "levels", levels_to_json(result, 0), "broken", levels_to_json(result, 1),
                         "checkpoint", "size", (json_int_t)result->checkpoint.size, "root",
                         hex_encode(sha256_view(&result->checkpoint.root), root));
}

int journal_report_result(const struct journal_report *report, const struct replay_result *result,
                          const char *path)
{
        _cleanup_(buf_done) struct buf text = {};
        char root[HEX_SIZE(SHA256_SIZE)];

        if (report->json)
                return output_write_json(
                        endorsed_result_to_json(
                                quorum_result_to_json(result_to_json(result, report->origin),
                                                      report->quorum),
                                report->endorsed),
                        report->problem);
        if (result->findings > 0)
                return 0; /* the verdict is the error */
        output_put_text(&text, view_string(path));
        buf_put_format(&text, ": good: %llu records, %llu signatures verified\n",
                       (unsigned long long)result->records, (unsigned long long)result->signatures);
        buf_put_string(&text, "origin: ");
        output_put_text(&text, view_string(report->origin));
        buf_put_string(&text, "\n");
        if (result->before > 0)
                buf_put_format(&text, "verified before: %llu of the records\n",
                               (unsigned long long)result->before);
        buf_put_format(&text, "checkpoint: %llu records, root %s\n",
                       (unsigned long long)result->checkpoint.size,
                       hex_encode(sha256_view(&result->checkpoint.root), root));
        put_levels(&text, result);
        put_quorum(&text, report->quorum);
        journal_endorsed_put(report->endorsed, &text);
        if (result->unsealed > 0)
                buf_put_format(&text,
                               "after the checkpoint: %llu records that no signature of the "
                               "log covers yet\n",
                               (unsigned long long)result->unsealed);
        return output_write(&text, report->problem);
}
