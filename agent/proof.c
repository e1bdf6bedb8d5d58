/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "agent/agent.h"
#include "lib/tlog-proof.h"

#define PROVINGS_MAX 4096 /* that wait: they outlive their connections */

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

static void on_sealed(struct sealer_waiter *waiter, int error, const struct sealed *sealed,
                      const struct problem *problem)
{
        struct proving *proving = waiter->context;
        struct agent *agent = proving->agent;

        if (error < 0)
                call_fail(proving->call, "NoProof", "record %llu: no checkpoint: %s",
                          (unsigned long long)proving->index, problem_text(problem, error));
        else
                answer(proving, sealed);
        free(proving);
        agent->provings--;
        agent_progress_ended(agent);
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

static int find_digest(struct agent *agent, const char *digest, uint64_t *ret,
                       struct problem *problem)
{
        int r;

        if (!is_digest(digest))
                return problem_set(problem, -EINVAL,
                                   "digest: expected sha256:HEX or sha384:HEX, found \"%.64s\"",
                                   digest);
        r = writer_find_signature(agent->writer, digest, ret, problem);
        if (r == -ENOENT)
                return problem_set(problem, r,
                                   "no signature of %.150s among the newest %d records; \"hallmark "
                                   "journal prove\" looks through all",
                                   digest, WRITER_FIND_MAX);
        return r;
}

/* Which record it is about. If there is none, @call has been answered. */
static int find_record(struct agent *agent, struct call *call, uint64_t *ret)
{
        const char *digest = json_member_string(call->message.parameters, "digest");
        json_int_t index = json_member_integer(call->message.parameters, "index", -1);
        uint64_t size = writer_head(agent->writer).size;
        struct problem problem = {};
        int r = 0;

        *ret = (uint64_t)index;
        if ((digest != NULL) == (index >= 0))
                r = problem_set(&problem, -EINVAL, "expected either index, from 0, or digest");
        else if (digest)
                r = find_digest(agent, digest, ret, &problem);
        else if (*ret >= size)
                r = problem_set(&problem, -ENOENT, "record %llu: there are %llu",
                                (unsigned long long)*ret, (unsigned long long)size);
        if (r < 0)
                call_fail(call, "NoSuchRecord", "%s", problem_text(&problem, r));
        return r == 0;
}

void agent_get_proof(struct agent *agent, struct call *call)
{
        struct proving *proving;
        uint64_t index = 0;

        if (!find_record(agent, call, &index))
                return;
        if (agent->provings >= PROVINGS_MAX) {
                call_fail(call, "Busy", "%u calls wait for the next checkpoint already",
                          agent->provings);
                return;
        }
        proving = calloc(1, sizeof(*proving));
        if (!proving) {
                call_fail(call, "Busy", "out of memory");
                return;
        }
        *proving = (struct proving){.agent = agent, .call = call, .index = index};
        proving->waiter = (struct sealer_waiter){index + 1, on_sealed, proving, NULL};
        agent->provings++;
        agent->in_progress++;
        sealer_wait(agent->sealer, &proving->waiter);
}
