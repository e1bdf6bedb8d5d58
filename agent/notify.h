/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the service manager is told of the agent, sd_notify(3). Nothing here waits: while the
 * manager does not read, the newest state is kept and said a little later. sd_notify() itself, and
 * with it the watchdog of sd-event, would keep the loop until there is room.
 */

#include <systemd/sd-event.h>

#include "lib/problem.h"

struct notifier;

/* Nobody is told anything where the environment names no socket. As long as @event runs, the
 * watchdog is told so, if the manager wants that. */
int notifier_new(sd_event *event, struct notifier **ret) _must_use_;
struct notifier *notifier_free(struct notifier *notifier);

/* @state: lines of NAME=VALUE, less than NOTIFIER_STATE_MAX bytes. */
#define NOTIFIER_STATE_MAX 512
void notifier_say(struct notifier *notifier, const char *state);
