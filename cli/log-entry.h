/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The log entry that goes into the bundle of a signature by a transparent key.
 */

#include "cli/verb.h"
#include "lib/tlog-entry.h"

/* Makes it of the agent's proof, with the log key in the agent's key ring, and verifies it: nothing
 * is put into a bundle that hallmark verify would refuse. */
enum answer log_entry_make(const struct invocation *invocation, const char *proof,
                           const struct tlog_statement *statement, struct tlog_entry *ret,
                           struct problem *problem);
