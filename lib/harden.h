/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a driver process gives up before it touches a secret: core dumps, being traced, new
 * privileges, and outliving its agent.
 */

#include "lib/macro.h"

/* @agent is the socket to the agent. -ENODEV: the agent is gone already; else the errno. */
int harden_driver(int agent) _must_use_;

/* Between the two, the process outlives its agent: around what a library must not be killed in, as
 * it leaves half of what it keeps then; for ten minutes at most. Afterwards it ends at once if the
 * agent is gone. */
void harden_outlive_agent(void);
void harden_end_with_agent(int agent);
