/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/option.h"
#include "cli/output.h"
#include "lib/consistency.h"
#include "lib/journal-proof.h"
#include "lib/record.h"

enum { OPTION_OUTPUT, OPTION_DIGEST, OPTION_CONSISTENCY, OPTION_COSIGNED };

/* The kinds of proof, by the operands that they take before DIR. */
enum { OPERANDS_DIGEST, OPERANDS_INDEX, OPERANDS_CONSISTENCY };

struct source {
        struct journal *journal;
        struct journal_head head;
};

static void source_done(struct source *source)
{
        journal_head_done(&source->head);
        (void)journal_free(source->journal);
}

static int read_number(const char *text, const char *what, uint64_t *ret, struct problem *problem)
{
        if (view_parse_decimal(view_string(text), ret) == 0)
                return 0;
        return problem_set(problem, -EINVAL,
                           "journal prove: expected the number of %s, found \"%s\"", what, text);
}

struct search {
        const char *digest;
        uint64_t end; /* of what the checkpoint covers */
        uint64_t index;
        int found;
};

static int look_at(uint64_t index, struct view entry, void *context)
{
        struct search *search = context;

        if (index < search->end && record_signs(entry, search->digest)) {
                search->index = index;
                search->found = 1;
        }
        return 0;
}

/* The newest signature of the digest that the checkpoint covers. */
static int find_digest(const struct source *source, const char *digest, uint64_t *ret,
                       struct problem *problem)
{
        struct search search = {.digest = digest, .end = source->head.size};
        uint64_t next;
        int r = journal_walk(source->journal, 0, look_at, &search, &next, problem);

        if (r < 0)
                return r;
        if (!search.found)
                return problem_set(problem, -ENOENT,
                                   "%.150s: no signature among the %llu records of the checkpoint",
                                   digest, (unsigned long long)source->head.size);
        *ret = search.index;
        return 0;
}

static int prove_inclusion(const struct source *source, uint64_t index, struct buf *ret,
                           struct problem *problem)
{
        _cleanup_(tlog_proof_done) struct tlog_proof proof = {};
        int r = journal_prove(source->journal, &source->head, index, &proof, problem);

        return r < 0 ? r : tlog_proof_put(ret, &proof);
}

static int prove_consistency(const struct source *source, const char *const *sizes, struct buf *ret,
                             struct problem *problem)
{
        struct merkle_proof proof = {};
        uint64_t old, size;
        int r = read_number(sizes[0], "records before", &old, problem);

        if (r == 0)
                r = read_number(sizes[1], "records after", &size, problem);
        if (r == 0 && size > source->head.size)
                r = problem_set(problem, -ENOENT,
                                "%llu records: the checkpoint covers %llu records",
                                (unsigned long long)size, (unsigned long long)source->head.size);
        if (r == 0 && old > size)
                r = problem_set(problem, -EINVAL, "%llu records cannot go on from %llu",
                                (unsigned long long)size, (unsigned long long)old);
        if (r == 0)
                r = journal_prove_consistency(source->journal, old, size, &proof, problem);
        if (r < 0)
                return r;
        consistency_put(ret, &proof);
        return buf_error(ret);
}

static int prove(const struct invocation *invocation, const struct source *source, struct buf *ret,
                 struct problem *problem)
{
        const char *digest = option_value(invocation, OPTION_DIGEST);
        uint64_t index;
        int r;

        if (option_value(invocation, OPTION_CONSISTENCY))
                return prove_consistency(source, invocation->operands, ret, problem);
        r = digest ? find_digest(source, digest, &index, problem)
                   : read_number(invocation->operands[0], "a record", &index, problem);
        return r < 0 ? r : prove_inclusion(source, index, ret, problem);
}

static int check_usage(const struct invocation *invocation, struct problem *problem)
{
        int by_digest = option_value(invocation, OPTION_DIGEST) != NULL;
        int consistency = option_value(invocation, OPTION_CONSISTENCY) != NULL;
        size_t wanted = consistency ? OPERANDS_CONSISTENCY
                        : by_digest ? OPERANDS_DIGEST
                                    : OPERANDS_INDEX;

        if (by_digest && consistency)
                return problem_set(problem, -EINVAL,
                                   "journal prove: expected only one of --digest and "
                                   "--consistency");
        if (invocation->operand_count != wanted + 1)
                return problem_set(problem, -EINVAL, "journal prove: expected %s",
                                   consistency ? "--consistency OLD NEW DIR"
                                   : by_digest ? "--digest HASH:HEX DIR"
                                               : "INDEX DIR");
        return 0;
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        const char *output = option_value(invocation, OPTION_OUTPUT), *path;
        _cleanup_(buf_done) struct buf text = BUF_INIT(TLOG_PROOF_SIZE_MAX);
        _cleanup_(source_done) struct source source = {};
        int r = check_usage(invocation, problem);

        if (r < 0)
                return answer_of(r, problem);
        path = invocation->operands[invocation->operand_count - 1];
        r = journal_open(path, &source.journal, problem);
        if (r == 0)
                r = option_value(invocation, OPTION_COSIGNED)
                            ? journal_read_cosigned_head(source.journal, &source.head, problem)
                            : journal_read_head(source.journal, &source.head, problem);
        if (r == 0)
                r = prove(invocation, &source, &text, problem);
        if (r == -ENOENT) {
                (void)problem_set(problem, r, "%s: no proof", path);
                return ANSWER_NO;
        }
        if (r == 0)
                r = output_write_file(output ? output : "-", buf_view(&text), problem);
        return answer_of(r, problem);
}

const struct verb verb_journal_prove = {
        .group = "journal",
        .name = "prove",
        .operands = "[INDEX | OLD NEW] DIR",
        .help = "write the proof that a record is in a journal: record, path, checkpoint",
        .operands_min = 1,
        .operands_max = 3,
        .options =
                {
                        [OPTION_OUTPUT] = {"output", "o", "FILE",
                                           "where to write the proof; - is standard output"},
                        [OPTION_DIGEST] = {"digest", "d", "HASH:HEX",
                                           "of the newest signature of this digest"},
                        [OPTION_CONSISTENCY] = {"consistency", NULL, NULL,
                                                "that NEW records go on from the first OLD of "
                                                "them, instead"},
                        [OPTION_COSIGNED] = {"cosigned", NULL, NULL,
                                             "for the newest checkpoint that witnesses cosigned"},
                },
        .run = run,
};
