/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a driver process gives up before it touches a secret: core dumps, being traced, new
 * privileges, and outliving its agent.
 */

#include "lib/macro.h"

/* @agent is the socket to the agent. -ENODEV: the agent is gone already; else the errno. */
int harden_driver(int agent) _must_use_;
