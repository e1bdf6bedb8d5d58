/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ring.h"

#include <errno.h>

#include "lib/keyring-seal.h"
#include "lib/tlog-proof.h"

#define RING_CALLS_MAX ((size_t)4096) /* that wait: they outlive their connections */

/* A ring on its way: record, checkpoint, proof. */
struct sealing {
        struct agent *agent;
        struct buf line; /* the ring itself */
        struct buf text; /* with the proof after it; empty until it is there */
        uint64_t index;  /* of the record */
        struct call *calls;
        struct sealer_waiter waiter;
};

struct sealing *sealing_free(struct sealing *sealing)
{
        if (!sealing)
                return NULL;
        buf_done(&sealing->line);
        buf_done(&sealing->text);
        free(sealing);
        return NULL;
}
DEFINE_CLEANUP(struct sealing *, sealing_free)

static void reply(struct call *call, const struct buf *ring)
{
        call_reply(call, json_pack("{s:s%}", "keyRing", (const char *)ring->data, ring->size));
}

static int wants_unsigned(const struct call *call)
{
        return json_is_true(json_object_get(call->message.parameters, "unsigned"));
}

static int put_line(const struct agent *agent, struct buf *ret)
{
        ret->limit = KEYRING_SIZE_MAX;
        return keystore_put_ring(agent->store, agent->config->origin, ret);
}

static struct call *take_calls(struct agent *agent)
{
        struct call *calls = agent->ring_calls;

        agent->ring_calls = NULL;
        agent->ring_call_count = 0;
        return calls;
}

/* What it was made for has been answered. It is kept if it is good for those who come later. */
static void end_sealing(struct sealing *sealing)
{
        struct agent *agent = sealing->agent;

        agent->sealing = NULL;
        sealing->calls = NULL;
        if (sealing->text.size > 0) {
                (void)sealing_free(agent->sealed_ring);
                agent->sealed_ring = sealing;
        } else {
                (void)sealing_free(sealing);
        }
        agent_answer_ring_calls(agent);
        agent_progress_ended(agent);
}

static int put_text(struct sealing *sealing, const struct sealed *sealed, struct problem *problem)
{
        _cleanup_(buf_done) struct buf proof = BUF_INIT(TLOG_PROOF_SIZE_MAX), text = {};
        int r = agent_prove(sealing->agent, sealing->index, sealed, &proof, problem);

        if (r < 0)
                return r;
        buf_put_view(&text, buf_view(&sealing->line));
        buf_put_view(&text, buf_view(&proof));
        if (buf_error(&text))
                return buf_error(&text);
        sealing->text = text;
        text = (struct buf){};
        return 0;
}

static void on_sealed(struct sealer_waiter *waiter, int error, const struct sealed *sealed,
                      const struct problem *problem)
{
        struct sealing *sealing = waiter->context;
        struct problem reason = {};
        int r = error < 0 ? error : put_text(sealing, sealed, &reason);

        for (struct call *call = sealing->calls, *next; call; call = next) {
                next = call->parked;
                if (r == 0)
                        reply(call, &sealing->text);
                else if (error < 0)
                        agent_fail_checkpoint(sealing->agent, call, sealing->index, error, problem);
                else
                        call_fail(call, "Busy", "record %llu: no proof: %s",
                                  (unsigned long long)sealing->index, problem_text(&reason, r));
        }
        end_sealing(sealing);
}

static void on_recorded(void *context, int error, uint64_t index)
{
        struct sealing *sealing = context;

        if (error < 0) {
                for (struct call *call = sealing->calls, *next; call; call = next) {
                        next = call->parked;
                        agent_fail_journal(sealing->agent, call, error);
                }
                end_sealing(sealing);
                return;
        }
        sealing->index = index;
        sealing->waiter = (struct sealer_waiter){
                .size = index + 1,
                .done = on_sealed,
                .context = sealing,
        };
        sealer_wait(sealing->agent->sealer, &sealing->waiter);
}

/* Records the ring as it is now, for all that wait. */
static void begin(struct sealing *sealing)
{
        struct agent *agent = sealing->agent;
        _cleanup_(buf_done) struct buf digest = {};
        json_t *record = recorder_begin(&agent->recorder, "keyring");
        int r;

        keyring_put_digest(&digest, buf_view(&sealing->line));
        buf_put_u8(&digest, '\0');
        if (buf_error(&digest)) {
                json_decref(record);
                record = NULL;
        }
        if (record)
                recorder_set(record, "digest", (const char *)digest.data);
        sealing->calls = take_calls(agent);
        agent->sealing = sealing;
        agent->in_progress++;
        r = recorder_append(&agent->recorder, record, on_recorded, sealing);
        if (r < 0)
                on_recorded(sealing, r, 0);
}

static void fail_all(struct agent *agent, int error, const struct problem *problem)
{
        for (struct call *call = take_calls(agent), *next; call; call = next) {
                next = call->parked;
                if (error == -ENOMEM)
                        call_fail(call, "Busy", "out of memory");
                else
                        agent_fail_log_token(agent, call, error, problem);
        }
}

/* All that wait want a signed one. */
static void seal(struct agent *agent)
{
        _cleanup_(sealing_freep) struct sealing *sealing = calloc(1, sizeof(*sealing));
        const struct sealing *last = agent->sealed_ring;
        struct problem problem = {};
        int r = sealing ? put_line(agent, &sealing->line) : -ENOMEM;

        if (r == 0 && last && view_equal(buf_view(&last->line), buf_view(&sealing->line))) {
                for (struct call *call = take_calls(agent), *next; call; call = next) {
                        next = call->parked;
                        reply(call, &last->text);
                }
                return;
        }
        if (r == 0)
                r = agent->stopping || agent->finishing
                            ? problem_set(&problem, -ENODEV, "the agent is stopping")
                            : sealer_check(agent->sealer, &problem);
        if (r < 0) {
                fail_all(agent, r, &problem);
                return;
        }
        sealing->agent = agent;
        begin(TAKE_PTR(sealing));
}

static void answer_unsigned(struct agent *agent, struct call *call)
{
        _cleanup_(buf_done) struct buf line = {};

        if (put_line(agent, &line) < 0)
                call_fail(call, "Busy", "out of memory");
        else
                reply(call, &line);
}

static void answer_all_unsigned(struct agent *agent)
{
        struct call *call = take_calls(agent), *next;

        for (; call; call = next) {
                next = call->parked;
                if (wants_unsigned(call)) {
                        answer_unsigned(agent, call);
                        continue;
                }
                call->parked = agent->ring_calls;
                agent->ring_calls = call;
                agent->ring_call_count++;
        }
}

/* At the very first start the log key is still being made when the agent is ready. A ring without
 * it verifies nothing. */
void agent_answer_ring_calls(struct agent *agent)
{
        int ending = agent->stopping || agent->finishing;

        if (!agent->ring_calls || (!ending && agent_log_key_is_coming(agent)))
                return;
        answer_all_unsigned(agent);
        if (agent->ring_calls && (ending || (!agent->sealing && agent->unsettled == 0)))
                seal(agent);
}

/* A signed one is a record and a checkpoint: not of a journal that may be an older one. */
void agent_get_key_ring(struct agent *agent, struct call *call)
{
        if (!wants_unsigned(call) && agent_wait_for_anchor(agent, call))
                return; /* it comes again */
        if (agent->ring_call_count >= RING_CALLS_MAX) {
                call_fail(call, "Busy", "%zu calls wait for the key ring already",
                          agent->ring_call_count);
                return;
        }
        call->parked = agent->ring_calls;
        agent->ring_calls = call;
        agent->ring_call_count++;
        agent_answer_ring_calls(agent);
}

void agent_key_unsettled(struct agent *agent)
{
        agent->unsettled++;
}

void agent_key_settled(struct agent *agent)
{
        agent->unsettled--;
}
