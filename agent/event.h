/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the agent tells the system journal: one line and a message id (agent/message.h) each, so
 * that `journalctl -x` shows the catalog text. Never a PIN, a payload or an authorization value.
 */

#include <syslog.h>

#include "lib/macro.h"

/* @id is one of MESSAGE_… or NULL. Goes to the system journal when the agent runs as a service,
 * else to standard error. */
void event_log(int priority, const char *id, const char *format, ...) _printf_(3, 4);
