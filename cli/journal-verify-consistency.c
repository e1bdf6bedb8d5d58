/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>

#include "cli/option.h"
#include "cli/output.h"
#include "cli/quorum.h"
#include "lib/consistency.h"
#include "lib/file.h"
#include "lib/log-keys.h"

enum { OPTION_KEYRING, OPTION_PROOF, OPTION_POLICY };

/* What a checkpoint is to be signed by. */
struct signers {
        struct keyring ring;
        struct quorum quorum;
};

static void signers_done(struct signers *signers)
{
        keyring_done(&signers->ring);
        quorum_done(&signers->quorum);
}

/* A checkpoint has no time of its own: what witnesses have seen is all there is. */
static int check_log_key(struct signers *signers, struct view text, const struct keyring_key *key,
                         struct problem *problem)
{
        struct key_moment seen = {};
        int r = 0;

        if (signers->quorum.policy) {
                r = quorum_verify(&signers->quorum, text, problem);
                if (quorum_time(&signers->quorum) > 0)
                        key_moment_seen(quorum_time(&signers->quorum), &seen);
        }
        return r < 0 ? r : log_key_check(key, &seen, &seen, problem);
}

/* A file with a checkpoint that a log key of the ring has signed. -EKEYREJECTED when it is not. */
static int load_checkpoint(const char *path, struct signers *signers, struct checkpoint *ret,
                           struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(NOTE_SIZE_MAX);
        const struct keyring_key *key = NULL;
        int r = file_read(AT_FDCWD, path, &text, problem);

        if (r < 0)
                return r;
        r = log_keys_open_in(buf_view(&text), &signers->ring, ret, &key, problem);
        if (r < 0 && r != -ENOMEM)
                r = problem_set(problem, -EKEYREJECTED, "not signed by a log key of the key ring");
        if (r == 0)
                r = check_log_key(signers, buf_view(&text), key, problem);
        return r < 0 ? problem_prefix(problem, r, "%s", path) : 0;
}

static int load_proof(const char *path, struct merkle_proof *ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(CONSISTENCY_SIZE_MAX);
        int r = file_read(AT_FDCWD, path, &text, problem);

        if (r < 0)
                return r;
        r = consistency_parse(buf_view(&text), ret, problem);
        return r == -EBADMSG ? problem_prefix(problem, -EKEYREJECTED, "%s", path) : r;
}

static int verify(const struct invocation *invocation, struct checkpoint *ret_old,
                  struct checkpoint *ret_new, struct problem *problem)
{
        const char *policy = option_value(invocation, OPTION_POLICY);
        _cleanup_(signers_done) struct signers signers = {};
        struct merkle_proof proof = {};
        int r;

        r = keyring_load(option_value(invocation, OPTION_KEYRING), &signers.ring, problem);
        if (r == 0 && policy)
                r = quorum_load(policy, &signers.quorum, problem);
        if (r == 0)
                r = load_checkpoint(invocation->operands[0], &signers, ret_old, problem);
        if (r == 0)
                r = load_checkpoint(invocation->operands[1], &signers, ret_new, problem);
        if (r == 0)
                r = load_proof(option_value(invocation, OPTION_PROOF), &proof, problem);
        if (r < 0)
                return r;
        if (merkle_verify_consistency(ret_old, ret_new, &proof) == 0)
                return 0;
        return problem_set(problem, -EKEYREJECTED,
                           "the proof does not show that the %llu records of %s go on from the "
                           "%llu of %s",
                           (unsigned long long)ret_new->size, invocation->operands[1],
                           (unsigned long long)ret_old->size, invocation->operands[0]);
}

static int print_facts(const struct checkpoint *old, const struct checkpoint *new, int json,
                       struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};

        if (json)
                return output_write_json(json_pack("{s:b, s:I, s:I}", "consistent", 1, "old",
                                                   (json_int_t)old->size, "new",
                                                   (json_int_t) new->size),
                                         problem);
        buf_put_format(&text, "consistent: %llu records go on from the first %llu of them\n",
                       (unsigned long long)new->size, (unsigned long long)old->size);
        return output_write(&text, problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        struct checkpoint old = {}, new = {};
        int r = 0;

        if (!option_value(invocation, OPTION_KEYRING) || !option_value(invocation, OPTION_PROOF))
                r = problem_set(problem, -EINVAL,
                                "journal verify-consistency: expected --keyring and --proof");
        if (r == 0)
                r = verify(invocation, &old, &new, problem);
        if (r == 0)
                return answer_of(print_facts(&old, &new, invocation->json, problem), problem);
        if (r != -EKEYREJECTED)
                return answer_of(r, problem);
        if (invocation->json &&
            output_write_json(json_pack("{s:b, s:s}", "consistent", 0, "reason", problem->text),
                              problem) < 0)
                return ANSWER_UNKNOWN;
        return ANSWER_NO;
}

const struct verb verb_journal_verify_consistency = {
        .group = "journal",
        .name = "verify-consistency",
        .operands = "OLD NEW",
        .help = "tell whether a checkpoint goes on from another one; needs no journal",
        .operands_min = 2,
        .operands_max = 2,
        .options =
                {
                        [OPTION_KEYRING] = {"keyring", "r", "FILE",
                                            "the key ring whose log keys to trust"},
                        [OPTION_PROOF] = {"proof", "p", "FILE",
                                          "what journal prove --consistency has written"},
                        [OPTION_POLICY] = {"policy", NULL, "FILE",
                                           "the witnesses who must have cosigned both"},
                },
        .run = run,
};
