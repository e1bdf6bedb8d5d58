/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "cli/http-journal.h"
#include "cli/journal-report.h"
#include "cli/option.h"
#include "cli/output.h"
#include "lib/file.h"
#include "lib/keyring-set.h"

enum {
        OPTION_KEYRING,
        OPTION_ORIGIN,
        OPTION_SINCE,
        OPTION_STATE,
        OPTION_FROM_START,
        OPTION_POLICY,
        OPTION_REQUIRE_SEALED,
        OPTION_TPM_CA,
        OPTION_CHALLENGE,
        OPTION_EVIDENCE,
};

/* What a replay is given, from files. */
struct given {
        struct keyring_set set;
        struct keyring ring; /* of the journal's origin; borrows */
        struct buf *notes;   /* earlier checkpoints */
        struct replay_earlier *since;
        size_t since_count;
        struct buf state; /* empty: there is none yet */
};

static void given_done(struct given *given)
{
        keyring_set_done(&given->set);
        for (size_t i = 0; i < given->since_count; i++)
                buf_done(&given->notes[i]);
        free(given->notes);
        free(given->since);
        buf_done(&given->state);
}

/* Without policy, all is well; in a journal that is not good, no quorum is. */
static int check_quorum(const struct journal *journal, struct replay_result *result,
                        struct journal_report *report)
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
                journal_report_finding(&finding, report);
        }
        return report->error;
}

static void check_sealed(struct replay_result *result, struct journal_report *report)
{
        const struct replay_finding finding = {result->checkpoint.size, "checkpoint",
                                               "records from here on are not sealed: expected a "
                                               "checkpoint that covers them"};

        if (result->unsealed == 0)
                return;
        result->findings++;
        result->range_count = 0;
        journal_report_finding(&finding, report);
}

static int load_since(const struct invocation *invocation, struct given *ret,
                      struct problem *problem)
{
        const char *path;
        size_t count = 0;
        int r = 0;

        while (option_value_at(invocation, OPTION_SINCE, count))
                count++;
        ret->notes = calloc(count + 1, sizeof(*ret->notes));
        ret->since = calloc(count + 1, sizeof(*ret->since));
        if (!ret->notes || !ret->since)
                return -ENOMEM;
        while (r == 0 && (path = option_value_at(invocation, OPTION_SINCE, ret->since_count))) {
                struct buf *note = &ret->notes[ret->since_count];

                note->limit = NOTE_SIZE_MAX;
                r = file_read(AT_FDCWD, path, note, problem);
                ret->since[ret->since_count++] = (struct replay_earlier){path, buf_view(note), {}};
        }
        return r;
}

/* The first time there is none. An empty one is no state. */
static int load_state(const struct invocation *invocation, struct given *ret,
                      struct problem *problem)
{
        const char *path = option_value(invocation, OPTION_STATE);
        struct problem reason = {};
        int r;

        if (!path && option_value(invocation, OPTION_FROM_START))
                return problem_set(problem, -EINVAL,
                                   "journal verify: --from-start: expected --state");
        if (!path)
                return 0;
        ret->state.limit = REPLAY_SAVED_MAX;
        r = file_read(AT_FDCWD, path, &ret->state, &reason);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return problem_set(problem, r, "%s", problem_text(&reason, r));
        return ret->state.size > 0 ? 0 : problem_set(problem, -EBADMSG, "%s: empty", path);
}

/* Without the secret of a challenge, a certificate says nothing of the attestation key. */
static int load_endorsed(const struct invocation *invocation, const struct keyring *ring,
                         struct journal_endorsed *ret, struct problem *problem)
{
        const char *ca = option_value(invocation, OPTION_TPM_CA), *path;
        int others = option_value(invocation, OPTION_CHALLENGE) ||
                     option_value(invocation, OPTION_EVIDENCE);
        int r;

        if (!ca && !others)
                return 0;
        if (!ca || !option_value(invocation, OPTION_CHALLENGE))
                return problem_set(problem, -EINVAL,
                                   "journal verify: expected --tpm-ca and --challenge together");
        r = attestation_trust_add_authorities(&ret->trust, ca, problem);
        for (size_t i = 0; r == 0 && (path = option_value_at(invocation, OPTION_CHALLENGE, i)); i++)
                r = attestation_trust_add_secret(&ret->trust, path, problem);
        for (size_t i = 0; r == 0 && (path = option_value_at(invocation, OPTION_EVIDENCE, i)); i++)
                r = journal_endorsed_add(ret, path, problem);
        return r < 0 ? r : journal_endorsed_add_ring(ret, ring, problem);
}

static int load(const struct invocation *invocation, struct given *ret, struct quorum *ret_quorum,
                struct problem *problem)
{
        const char *policy = option_value(invocation, OPTION_POLICY);
        const char *ring = option_value(invocation, OPTION_KEYRING);
        int r;

        if (!ring)
                return problem_set(problem, -EINVAL, "journal verify: expected --keyring");
        r = keyring_set_load(ring, &ret->set, problem);
        if (r == 0)
                r = load_since(invocation, ret, problem);
        if (r == 0)
                r = load_state(invocation, ret, problem);
        if (r == 0 && policy)
                r = quorum_load(policy, ret_quorum, problem);
        return r;
}

static int open_journal(const char *operand, struct journal **ret, struct problem *problem)
{
        return http_is_url(operand) ? http_journal_open(operand, ret, problem)
                                    : journal_open(operand, ret, problem);
}

/* Whose journal it has to be is for whoever asks to say, and not for the journal. */
static int choose_ring(const struct invocation *invocation, struct given *ret,
                       struct problem *problem)
{
        const char *origin = option_value(invocation, OPTION_ORIGIN);
        const char *path = option_value(invocation, OPTION_KEYRING);
        const struct keyring *ring = &ret->set.rings[0];

        if (!origin && ret->set.count > 1)
                return problem_set(problem, -EINVAL,
                                   "journal verify: %s: key rings of %zu origins: expected "
                                   "--origin, whose journal it has to be",
                                   path, ret->set.count);
        if (origin)
                ring = keyring_set_find(&ret->set, view_string(origin));
        if (!ring)
                return problem_set(problem, -ENOKEY, "%s: there is no key ring of \"%.150s\"", path,
                                   origin);
        ret->ring = *ring;
        return 0;
}

/* What was proved replaces what was before; when nothing was, that stays. */
static int store_state(const struct invocation *invocation, const struct given *given,
                       const struct buf *kept, struct problem *problem)
{
        const char *path = option_value(invocation, OPTION_STATE);

        if (!path)
                return 0;
        if (buf_error(kept))
                return problem_set(problem, buf_error(kept),
                                   "%s: not written: longer than %zu bytes", path,
                                   REPLAY_SAVED_MAX);
        if (kept->size == 0 || view_equal(buf_view(kept), buf_view(&given->state)))
                return 0;
        return output_write_file(path, buf_view(kept), problem);
}

static void set_seen(const struct quorum *quorum, struct key_moment *ret)
{
        uint64_t time = quorum_time(quorum);

        if (time > 0)
                key_moment_seen(time, ret);
}

/* By when witnesses had seen the checkpoint, and earlier ones of which they say so. */
static int find_seen(struct given *given, const struct journal_quorum *quorum,
                     struct key_moment *ret, struct problem *problem)
{
        if (!quorum->quorum.policy)
                return 0;
        if (quorum->reached && quorum->file == 0)
                set_seen(&quorum->quorum, ret);
        for (size_t i = 0; i < given->since_count; i++) {
                struct quorum earlier = {.policy = quorum->quorum.policy};
                int r = quorum_verify(&earlier, given->since[i].text, NULL);

                if (r == -ENOMEM)
                        return problem_set(problem, r, "%s", strerror(ENOMEM));
                if (r == 0)
                        set_seen(&earlier, &given->since[i].seen);
        }
        return 0;
}

static int replay(const struct invocation *invocation, struct given *given,
                  struct journal_report *report, struct replay_result *ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf kept = BUF_INIT(REPLAY_SAVED_MAX);
        _cleanup_(journal_freep) struct journal *journal = NULL;
        struct replay_options options = {
                .keep = option_value(invocation, OPTION_STATE) ? &kept : NULL,
                .anew = option_value(invocation, OPTION_FROM_START) != NULL,
                .finding = journal_report_finding,
                .progress = isatty(STDERR_FILENO) ? journal_report_progress : NULL,
                .context = report};
        int r = load(invocation, given, &report->quorum->quorum, problem);

        if (r == 0)
                r = choose_ring(invocation, given, problem);
        if (r == 0)
                r = open_journal(invocation->operands[0], &journal, problem);
        if (r == 0)
                r = load_endorsed(invocation, &given->ring, report->endorsed, problem);
        if (r == 0 && report->quorum->quorum.policy)
                r = journal_quorum_find(report->quorum, journal, given->ring.origin, problem);
        if (r < 0)
                return r;
        r = find_seen(given, report->quorum, &options.seen, problem);
        if (r < 0)
                return r;
        options.since = given->since;
        options.since_count = given->since_count;
        options.saved = buf_view(&given->state);
        report->origin = given->ring.origin;
        r = replay_journal(journal, &given->ring, &options, ret, problem);
        if (r == 0)
                r = store_state(invocation, given, &kept, problem);
        if (r == 0 && option_value(invocation, OPTION_REQUIRE_SEALED))
                check_sealed(ret, report);
        if (r == 0)
                r = journal_endorsed_check(report->endorsed, &given->ring, ret,
                                           journal_report_finding, report);
        if (r == 0)
                r = check_quorum(journal, ret, report);
        return r < 0 ? r : report->error;
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(journal_quorum_done) struct journal_quorum quorum = {};
        _cleanup_(journal_endorsed_done) struct journal_endorsed endorsed = {};
        struct journal_report report = {.json = invocation->json,
                                        .percent = JOURNAL_REPORT_NO_PERCENT,
                                        .quorum = &quorum,
                                        .endorsed = &endorsed,
                                        .problem = problem};
        _cleanup_(given_done) struct given given = {};
        struct replay_result result = {};
        int r = replay(invocation, &given, &report, &result, problem);

        if (r == 0)
                r = journal_report_result(&report, &result, invocation->operands[0]);
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
                        [OPTION_ORIGIN] =
                                {"origin", NULL, "ORIGIN",
                                 "whose journal it has to be, of several rings in a file"},
                        [OPTION_SINCE] =
                                {"since", "s", "FILE",
                                 "an earlier checkpoint, which must be a part of this journal", 1},
                        [OPTION_STATE] = {"state", NULL, "FILE",
                                          "go on from what the last time was verified, and note "
                                          "it for the next"},
                        [OPTION_FROM_START] = {"from-start", NULL, NULL,
                                               "verify what is noted in the state again"},
                        [OPTION_POLICY] = {"policy", NULL, "FILE",
                                           "the witnesses who must have cosigned a checkpoint"},
                        [OPTION_REQUIRE_SEALED] = {"require-sealed", NULL, NULL,
                                                   "records after the checkpoint are a finding"},
                        [OPTION_TPM_CA] = {"tpm-ca", NULL, "DIR",
                                           "the authorities who must vouch for the TPMs that sign"},
                        [OPTION_CHALLENGE] = {"challenge", "c", "FILE",
                                              "the secret of a challenge that a TPM answered", 1},
                        [OPTION_EVIDENCE] =
                                {"evidence", "e", "FILE",
                                 "the attestation that has the answer, if the ring does not", 1},
                },
        .run = run,
};
