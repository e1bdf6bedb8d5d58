/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A journal that is verified while it grows, by an auditor who comes back, must get the verdict
 * that it gets in one go: the same findings, the same levels, the same numbers.
 */

#include "lib/replay.h"
#include "tests/test.h"
#include "tests/unit/made-journal.h"

#define STEPS_FOUND 64

struct steps_found {
        struct replay_result result;
        size_t count;
        struct {
                uint64_t index;
                char text[PROBLEM_TEXT_MAX];
        } findings[STEPS_FOUND];
};

/* Not where it was: a record moves from a partial bundle to a wider one. */
static inline void steps_note(const struct replay_finding *finding, void *context)
{
        struct steps_found *found = context;
        size_t i = found->count++;

        assert(i < STEPS_FOUND);
        found->findings[i].index = finding->index;
        (void)snprintf(found->findings[i].text, PROBLEM_TEXT_MAX, "%s", finding->text);
}

/* One visit of the auditor, who has @state from the last one. */
static inline int steps_visit(const struct made_journal *made, struct buf *state,
                              struct steps_found *ret, struct problem *problem)
{
        _cleanup_(journal_freep) struct journal *journal = made_open(made);
        _cleanup_(buf_done) struct buf keep = BUF_INIT(REPLAY_SAVED_MAX);
        const struct replay_options options = {
                .saved = buf_view(state), .keep = &keep, .finding = steps_note, .context = ret};
        int r;

        *ret = (struct steps_found){};
        r = replay_journal(journal, &made->ring, &options, &ret->result, problem);
        if (r < 0 || keep.size == 0)
                return r;
        buf_clear(state);
        buf_put_view(state, buf_view(&keep));
        return buf_error(state);
}

static inline int steps_has(const struct steps_found *found, uint64_t index, const char *text)
{
        for (size_t i = 0; i < found->count; i++)
                if (found->findings[i].index == index &&
                    string_equal(found->findings[i].text, text))
                        return 1;
        return 0;
}

static inline void steps_compare(const struct steps_found *one, const struct steps_found *many)
{
        expect_integer(many->count, one->count);
        expect_integer(many->result.findings, one->result.findings);
        expect_integer(many->result.records, one->result.records);
        expect_integer(many->result.signatures, one->result.signatures);
        expect_integer(many->result.unsealed, one->result.unsealed);
        for (size_t i = 0; i < one->count; i++)
                if (!steps_has(many, one->findings[i].index, one->findings[i].text))
                        expect_text(view_string("nothing"), one->findings[i].text);
        expect_integer(many->result.range_count, one->result.range_count);
        for (size_t i = 0; i < one->result.range_count && i < REPLAY_RANGES_MAX; i++) {
                const struct replay_range *x = &one->result.ranges[i], *y = &many->result.ranges[i];

                expect_integer(y->level, x->level);
                expect_integer(y->first, x->first);
                expect_integer(y->end, x->end);
                expect_integer(y->broken, x->broken);
                expect_text(view_string(y->of), x->of);
        }
}

/* An empty folder for the same records. */
static inline void steps_begin(struct made_journal *made)
{
        folder_done(&made->folder);
        made->folder = folder_new();
}

/* Verifies the journal at each of @sizes, ascending, and at last as a whole with those records that
 * are in no checkpoint; and compares that with one go. @spoil, if any, does to the folder what
 * somebody does each time. */
static inline void steps_expect_same(struct made_journal *made, const size_t *sizes, size_t count,
                                     void (*spoil)(struct made_journal *made))
{
        _cleanup_(buf_done) struct buf state = BUF_INIT(REPLAY_SAVED_MAX);
        _cleanup_(buf_done) struct buf nothing = BUF_INIT(REPLAY_SAVED_MAX);
        struct steps_found one, many;
        struct problem problem = {};

        steps_begin(made);
        for (size_t i = 0; i < count; i++) {
                made_publish(made, sizes[i]);
                if (i + 1 == count && made->count > sizes[i])
                        made_write_segment(made, sizes[i], made->count, 7);
                if (spoil)
                        spoil(made);
                expect_integer(steps_visit(made, &state, &many, &problem), 0);
                expect_text(view_string(problem.text), "");
                expect(state.size > 0);
                if (i > 0)
                        expect_integer(many.result.before, sizes[i - 1]);
        }
        expect_integer(steps_visit(made, &nothing, &one, NULL), 0);
        expect_integer(one.result.before, 0);
        steps_compare(&one, &many);
        /* Nor does a visit to a journal that has not grown change anything. */
        expect_integer(steps_visit(made, &state, &many, NULL), 0);
        steps_compare(&one, &many);
}

/* A small journal, cut at each record, and at every one. */
static inline void steps_expect_same_anywhere(struct made_journal *made)
{
        size_t sizes[MADE_MAX];

        for (size_t cut = 1; cut < made->count; cut++) {
                sizes[0] = cut;
                sizes[1] = made->count;
                steps_expect_same(made, sizes, 2, NULL);
        }
        for (size_t i = 0; i < made->count; i++)
                sizes[i] = i + 1;
        if (made->count > 0)
                steps_expect_same(made, sizes, made->count, NULL);
}
