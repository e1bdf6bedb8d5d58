/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/option.h"
#include "cli/output.h"
#include "lib/journal-proof.h"

enum { OPTION_OUTPUT, OPTION_COSIGNED };

static int prove(const char *path, uint64_t index, int cosigned, struct buf *ret,
                 struct problem *problem)
{
        _cleanup_(journal_freep) struct journal *journal = NULL;
        _cleanup_(journal_head_done) struct journal_head head = {};
        _cleanup_(tlog_proof_done) struct tlog_proof proof = {};
        int r;

        r = journal_open(path, &journal, problem);
        if (r == 0)
                r = cosigned ? journal_read_cosigned_head(journal, &head, problem)
                             : journal_read_head(journal, &head, problem);
        if (r == 0)
                r = journal_prove(journal, &head, index, &proof, problem);
        if (r == 0)
                r = tlog_proof_put(ret, &proof);
        return r;
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        const char *output = option_value(invocation, OPTION_OUTPUT);
        _cleanup_(buf_done) struct buf text = BUF_INIT(TLOG_PROOF_SIZE_MAX);
        uint64_t index = 0;
        int r;

        if (view_parse_decimal(view_string(invocation->operands[0]), &index) < 0) {
                (void)problem_set(problem, -EINVAL,
                                  "journal prove: expected the number of a record, found \"%s\"",
                                  invocation->operands[0]);
                return ANSWER_UNKNOWN;
        }
        r = prove(invocation->operands[1], index, option_value(invocation, OPTION_COSIGNED) != NULL,
                  &text, problem);
        if (r == -ENOENT) {
                (void)problem_set(problem, r, "%s: no proof", invocation->operands[1]);
                return ANSWER_NO;
        }
        if (r == 0)
                r = output_write_file(output ? output : "-", buf_view(&text), problem);
        return answer_of(r, problem);
}

const struct verb verb_journal_prove = {
        .group = "journal",
        .name = "prove",
        .operands = "INDEX DIR",
        .help = "write the proof that a record is in a journal: record, path, checkpoint",
        .operands_min = 2,
        .operands_max = 2,
        .options =
                {
                        [OPTION_OUTPUT] = {"output", "o", "FILE",
                                           "where to write the proof; - is standard output"},
                        [OPTION_COSIGNED] = {"cosigned", NULL, NULL,
                                             "for the newest checkpoint that witnesses cosigned"},
                },
        .run = run,
};
