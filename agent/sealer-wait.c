/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sealer-parts.h"

static void add_waiter(struct sealer *sealer, struct sealer_waiter *waiter)
{
        waiter->next = NULL;
        *sealer->waiters_end = waiter;
        sealer->waiters_end = &waiter->next;
}

void sealer_wait(struct sealer *sealer, struct sealer_waiter *waiter)
{
        add_waiter(sealer, waiter);
        /* Failing is not in it: the source exists and only changes its state. */
        (void)sd_event_source_set_enabled(sealer->soon, SD_EVENT_ONESHOT);
}

struct sealer_waiter *sealer_take_waiters(struct sealer *sealer, uint64_t size)
{
        struct sealer_waiter *waiter = sealer->waiters, *next, *taken = NULL, **end = &taken;

        sealer->waiters = NULL;
        sealer->waiters_end = &sealer->waiters;
        for (; waiter; waiter = next) {
                next = waiter->next;
                if (waiter->size > size) {
                        add_waiter(sealer, waiter);
                        continue;
                }
                waiter->next = NULL;
                *end = waiter;
                end = &waiter->next;
        }
        return taken;
}

void sealer_answer(const struct sealer *sealer, struct sealer_waiter *taken, int error,
                   const struct problem *problem)
{
        const struct sealed sealed = {sealer->newest, buf_view(&sealer->note)};

        for (struct sealer_waiter *waiter = taken, *next; waiter; waiter = next) {
                next = waiter->next;
                waiter->done(waiter, error, &sealed, problem);
        }
}
