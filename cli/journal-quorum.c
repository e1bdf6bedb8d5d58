/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/journal-quorum.h"

#include <errno.h>

#include "lib/journal-proof.h"

const char *const journal_quorum_files[JOURNAL_QUORUM_FILES] = {"checkpoint", JOURNAL_COSIGNED};

void journal_quorum_done(struct journal_quorum *quorum)
{
        if (quorum)
                quorum_done(&quorum->quorum);
}

static int open_note(struct journal_quorum *quorum, struct view bytes, const char *origin,
                     struct problem *reason)
{
        _cleanup_(note_done) struct note note = {};
        int r = note_parse(bytes, &note, reason);

        if (r == 0)
                r = checkpoint_parse_text(note.text, origin, &quorum->checkpoint, reason);
        return r < 0 ? r : quorum_verify(&quorum->quorum, bytes, reason);
}

int journal_quorum_find(struct journal_quorum *quorum, const struct journal *journal,
                        const char *origin, struct problem *problem)
{
        static int (*const read[JOURNAL_QUORUM_FILES])(const struct journal *journal,
                                                       struct buf *ret, struct problem *problem) = {
                journal_read_checkpoint, journal_read_cosigned};

        for (size_t i = 0; i < JOURNAL_QUORUM_FILES && !quorum->reached; i++) {
                _cleanup_(buf_done) struct buf bytes = BUF_INIT(NOTE_SIZE_MAX);
                struct problem reading = {};
                int r = read[i](journal, &bytes, &reading);

                if (r == -ENOENT && i == 0)
                        (void)problem_set(&quorum->reason[0], r, "policy: no such file");
                if (r == -ENOENT)
                        continue;
                if (r < 0)
                        return problem_set(problem, r, "%s", problem_text(&reading, r));
                r = open_note(quorum, buf_view(&bytes), origin, &quorum->reason[i]);
                if (r == -ENOMEM)
                        return r;
                quorum->reached = r == 0;
                quorum->file = i;
        }
        return 0;
}

int journal_quorum_tie(struct journal_quorum *quorum, const struct journal *journal,
                       const struct checkpoint *verified, struct problem *problem)
{
        const struct checkpoint *cosigned = &quorum->checkpoint;
        struct merkle_proof proof = {};
        int r = 0;

        if (!quorum->reached)
                return 0;
        if (cosigned->size <= verified->size)
                r = journal_prove_consistency(journal, cosigned->size, verified->size, &proof,
                                              problem);
        if (r < 0)
                return r;
        if (cosigned->size <= verified->size &&
            merkle_verify_consistency(cosigned, verified, &proof) == 0)
                return 0;
        quorum->reached = 0;
        (void)problem_set(&quorum->reason[quorum->file], -EKEYREJECTED,
                          "policy: the witnesses have cosigned %llu records, and the journal does "
                          "not go on from these",
                          (unsigned long long)cosigned->size);
        return 0;
}
