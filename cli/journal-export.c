/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/journal-member.h"
#include "cli/option.h"
#include "cli/output.h"
#include "lib/hashedrekord.h"
#include "lib/journal.h"
#include "lib/record.h"

enum { OPTION_FORMAT };

#define FLUSH_SIZE ((size_t)65536)

/* The columns of CSV after "index": hallmark(1) has them, and new ones come at the end. "caller."
 * leads into that member. */
static const char *const columns[] = {
        "time",
        "type",
        "boot",
        "key",
        "version",
        "algorithm",
        "digest",
        "fingerprint",
        "grant",
        "request",
        "signature",
        "caller.user",
        "caller.uid",
        "caller.gid",
        "caller.pid",
        "caller.unit",
        "caller.slice",
        "caller.cgroup",
        "caller.invocation",
        "caller.container",
        "caller.pod",
        "caller.job",
        "caller.identity",
        "token",
        "state",
        "method",
        "error",
        "count",
        "outcome",
        "reason",
};

struct export
{
        struct buf text;
        int csv;
        uint64_t wrong; /* entries that are no records */
        struct problem *problem;
};

static int flush(struct export *export)
{
        int r = output_write(&export->text, export->problem);

        buf_clear(&export->text);
        return r;
}

/* A field of RFC 4180. Programs that open CSV take text that begins with one of these characters
 * for a formula, and it may be a stranger's text: an apostrophe goes before it. */
static void put_text(struct buf *text, struct view value)
{
        buf_put_string(text, ",\"");
        if (value.size > 0 && value.data[0] && strchr("=+-@\t\r", value.data[0]))
                buf_put_u8(text, '\'');
        for (size_t i = 0; i < value.size; i++) {
                if (value.data[i] == '"')
                        buf_put_u8(text, '"');
                buf_put_u8(text, value.data[i]);
        }
        buf_put_u8(text, '"');
}

/* Several digests stand in one field, with spaces between them. */
static void put_strings(struct buf *text, const json_t *array)
{
        _cleanup_(buf_done) struct buf joined = {};
        const json_t *value;
        size_t i;

        json_array_foreach (array, i, value) {
                if (i > 0)
                        buf_put_u8(&joined, ' ');
                buf_put_string(&joined, json_string_value(value));
        }
        if (buf_error(&joined))
                text->error = text->error ? text->error : buf_error(&joined);
        put_text(text, buf_view(&joined));
}

static void put_column(struct buf *text, const json_t *record, const char *name)
{
        const json_t *value = journal_member(record, name);

        if (json_is_string(value))
                put_text(text, view_of(json_string_value(value), json_string_length(value)));
        else if (json_is_integer(value))
                buf_put_format(text, ",%lld", (long long)json_integer_value(value));
        else if (json_is_array(value))
                put_strings(text, value);
        else
                buf_put_u8(text, ',');
}

static void put_csv(struct buf *text, uint64_t index, const json_t *record)
{
        buf_put_decimal(text, index);
        for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
                put_column(text, record, columns[i]);
        buf_put_string(text, "\r\n");
}

static void put_head(struct buf *text)
{
        buf_put_string(text, "index");
        for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
                buf_put_format(text, ",%s", columns[i]);
        buf_put_string(text, "\r\n");
}

static int export_entry(uint64_t index, struct view bytes, void *context)
{
        struct export *export = context;
        _cleanup_(json_decrefp) json_t *record = NULL;
        int r = hashedrekord_is(bytes) ? -ENOENT : record_parse(bytes, &record, NULL);

        if (r == -ENOMEM)
                return r;
        if (r == -ENOENT) /* it repeats what the record before it says */
                return 0;
        if (r < 0) {
                export->wrong++;
                return 0;
        }
        if (export->csv) {
                put_csv(&export->text, index, record);
        } else {
                buf_put_format(&export->text,
                               "{\"index\":%llu,\"record\":", (unsigned long long)index);
                buf_put_view(&export->text, bytes);
                buf_put_string(&export->text, "}\n");
        }
        return export->text.size >= FLUSH_SIZE ? flush(export) : 0;
}

static int read_format(const struct invocation *invocation, int *ret_csv, struct problem *problem)
{
        const char *format = option_value(invocation, OPTION_FORMAT);

        *ret_csv = format && string_equal(format, "csv");
        if (!format || *ret_csv || string_equal(format, "ndjson"))
                return 0;
        return problem_set(problem, -EINVAL, "--format: expected ndjson or csv, found \"%.32s\"",
                           format);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(journal_freep) struct journal *journal = NULL;
        struct export export = {.problem = problem};
        uint64_t next = 0;
        int r = read_format(invocation, &export.csv, problem), flushed;

        if (r == 0)
                r = journal_open(invocation->operands[0], &journal, problem);
        if (r < 0)
                return answer_of(r, problem);
        if (export.csv)
                put_head(&export.text);
        r = journal_walk(journal, 0, export_entry, &export, &next, problem);
        flushed = flush(&export);
        buf_done(&export.text);
        if (r < 0 || flushed < 0)
                return answer_of(r < 0 ? r : flushed, problem);
        if (export.wrong == 0)
                return ANSWER_YES;
        (void)problem_set(problem, 0, "%s: %llu of %llu entries are no records, and left out",
                          invocation->operands[0], (unsigned long long)export.wrong,
                          (unsigned long long)next);
        return ANSWER_NO;
}

static const char *const formats[] = {"ndjson", "csv", NULL};

const struct verb verb_journal_export = {
        .group = "journal",
        .name = "export",
        .operands = "DIR",
        .help = "write the records of a journal for databases; verifies nothing",
        .operands_min = 1,
        .operands_max = 1,
        .options =
                {
                        [OPTION_FORMAT] = {"format", NULL, "FORMAT", "ndjson, or csv",
                                           .words = formats},
                },
        .run = run,
};
