/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the service manager says of the unit that a caller is in: asked over D-Bus, without waiting.
 *
 * Nothing of it comes from the caller. What is not said in time, or does not agree with what the
 * kernel says of the caller, is not observed.
 */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "agent/caller.h"
#include "lib/problem.h"

#define OBSERVER_TIMEOUT_USEC ((uint64_t)5 * 1000000)

struct observer;

/* @unit is an object with `execStart fragmentPath invocationId name`, and is the function's; NULL:
 * not observed, with the reason. The observer is gone when it is called. */
typedef void (*observer_function)(void *context, json_t *unit, const struct problem *problem);

/* Asks about the unit of the caller. @done is called later, and exactly once, unless
 * observer_free() comes before. Negative, with the reason: there is nothing to ask, or nobody. */
int observer_new(sd_event *event, const struct caller *caller, observer_function done,
                 void *context, struct observer **ret, struct problem *problem) _must_use_;
struct observer *observer_free(struct observer *observer);

/* Of the reply to GetAll for all interfaces of a unit. -EBADMSG: no such reply; -EKEYREJECTED: it
 * is not about this place and invocation; -ENOMEM. */
int observer_read(sd_bus_message *reply, const struct caller_place *place, const char *invocation,
                  json_t **ret, struct problem *problem) _must_use_;
