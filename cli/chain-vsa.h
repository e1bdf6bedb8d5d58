/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The verification summary (SLSA VSA v1) of a chain: what was verified, by whom, against which
 * layout and with which attestations.
 */

#include "cli/chain.h"

#define VSA_SLSA_VERSION "1.0"

/* Writes it where --vsa says, if it does: in an envelope that the agent has signed with --key, or
 * as it is without one. */
enum answer chain_write_vsa(const struct chain_check *check, struct problem *problem);
