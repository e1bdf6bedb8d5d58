/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "agent/agent.h"
#include "agent/search.h"
#include "lib/tlog-proof.h"

#define PROVINGS_MAX 4096 /* that are on their way: they outlive their connections */

int agent_put_proof(struct agent *agent, uint64_t index, const struct buf *record,
                    const struct sealed *sealed, struct buf *ret, struct problem *problem)
{
        struct tlog_proof proof = {
                .extra = *record, /* borrowed */
                .has_extra = 1,
                .index = index,
                .checkpoint = sealed->note,
        };
        int r = writer_prove(agent->writer, index, sealed->checkpoint.size, &proof.path, problem);

        return r < 0 ? r : tlog_proof_put(ret, &proof);
}

int agent_prove(struct agent *agent, uint64_t index, const struct sealed *sealed, struct buf *ret,
                struct problem *problem)
{
        _cleanup_(buf_done) struct buf record = BUF_INIT(ENTRY_SIZE_MAX);
        int r = writer_read_entry(agent->writer, index, &record, problem);

        return r < 0 ? r : agent_put_proof(agent, index, &record, sealed, ret, problem);
}

/* A proof that somebody asked for. */
struct proving {
        struct agent *agent;
        struct call *call;
        uint64_t index;
        struct sealer_waiter waiter;
};

static void answer(struct proving *proving, const struct sealed *sealed)
{
        _cleanup_(buf_done) struct buf proof = BUF_INIT(TLOG_PROOF_SIZE_MAX);
        struct problem problem = {};
        int r = agent_prove(proving->agent, proving->index, sealed, &proof, &problem);

        if (r < 0)
                call_fail(proving->call, "NoProof", "record %llu: %s",
                          (unsigned long long)proving->index, problem_text(&problem, r));
        else
                call_reply(proving->call,
                           json_pack("{s:I, s:s%}", "index", (json_int_t)proving->index, "proof",
                                     (const char *)proof.data, proof.size));
}

static void proving_end(struct proving *proving)
{
        struct agent *agent = proving->agent;

        free(proving);
        agent->provings--;
        agent_progress_ended(agent);
}

static void on_sealed(struct sealer_waiter *waiter, int error, const struct sealed *sealed,
                      const struct problem *problem)
{
        struct proving *proving = waiter->context;

        if (error < 0)
                call_fail(proving->call, "NoProof", "record %llu: no checkpoint: %s",
                          (unsigned long long)proving->index, problem_text(problem, error));
        else
                answer(proving, sealed);
        proving_end(proving);
}

static void wait_for_checkpoint(struct proving *proving, uint64_t index)
{
        proving->index = index;
        proving->waiter = (struct sealer_waiter){index + 1, on_sealed, proving, NULL};
        sealer_wait(proving->agent->sealer, &proving->waiter);
}

static int is_wanted(void *context)
{
        const struct proving *proving = context;

        return proving->call->connection != NULL;
}

static void on_found(void *context, int error, uint64_t index, const struct problem *problem)
{
        struct proving *proving = context;
        const char *digest = json_member_string(proving->call->message.parameters, "digest");

        if (error == 0) {
                wait_for_checkpoint(proving, index);
                return;
        }
        if (error == -ENOENT)
                call_fail(proving->call, "NoSuchRecord",
                          "no signature of %.150s among the newest %d records; \"hallmark journal "
                          "prove\" looks through all",
                          digest, SEARCH_RECORDS);
        else if (error == -ECANCELED)
                call_fail(proving->call, "Busy", "the agent is stopping");
        else
                call_fail(proving->call, "NoProof", "%.150s: %s", digest,
                          problem_text(problem, error));
        proving_end(proving);
}

/* Anybody may ask: what is not a whole digest would be looked for in every record. */
static int is_digest(const char *text)
{
        static const char *const algorithms[] = {"ecdsa-p256", "ecdsa-p384"}; /* of either hash */
        uint8_t digest[DIGEST_SIZE_MAX];

        for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++)
                if (digest_parse(text, algorithm_find(algorithms[i]), digest, NULL) == 0)
                        return 1;
        return 0;
}

/* Whether there can be such a record. */
static int check(const struct agent *agent, const char *digest, json_int_t index,
                 struct problem *problem)
{
        uint64_t size = writer_head(agent->writer).size;

        if ((digest != NULL) == (index >= 0))
                return problem_set(problem, -EINVAL, "expected either index, from 0, or digest");
        if (digest && !is_digest(digest))
                return problem_set(problem, -EINVAL,
                                   "digest: expected sha256:HEX or sha384:HEX, found \"%.64s\"",
                                   digest);
        if (!digest && (uint64_t)index >= size)
                return problem_set(problem, -ENOENT, "record %llu: there are %llu",
                                   (unsigned long long)index, (unsigned long long)size);
        return 0;
}

/* NULL: @call has been answered. */
static struct proving *begin(struct agent *agent, struct call *call)
{
        struct proving *proving;

        if (agent->provings >= PROVINGS_MAX) {
                call_fail(call, "Busy", "%u proofs are being made already", agent->provings);
                return NULL;
        }
        proving = calloc(1, sizeof(*proving));
        if (!proving) {
                call_fail(call, "Busy", "out of memory");
                return NULL;
        }
        *proving = (struct proving){.agent = agent, .call = call};
        agent->provings++;
        agent->in_progress++;
        return proving;
}

static void search(struct proving *proving, const char *digest)
{
        const struct search_question question = {digest, is_wanted, on_found, proving};
        int r = searches_begin(proving->agent->searches, &question);

        if (r == 0)
                return;
        call_fail(proving->call, "Busy", "%s",
                  r == -EBUSY ? "too many digests are being looked for" : strerror(-r));
        proving_end(proving);
}

void agent_get_proof(struct agent *agent, struct call *call)
{
        const char *digest = json_member_string(call->message.parameters, "digest");
        json_int_t index = json_member_integer(call->message.parameters, "index", -1);
        struct problem problem = {};
        struct proving *proving;
        int r = check(agent, digest, index, &problem);

        if (r < 0) {
                call_fail(call, "NoSuchRecord", "%s", problem_text(&problem, r));
                return;
        }
        proving = begin(agent, call);
        if (!proving)
                return;
        if (digest)
                search(proving, digest);
        else
                wait_for_checkpoint(proving, (uint64_t)index);
}
