/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The counter that a journal is anchored with (lib/anchor.h), in this TPM.
 *
 * A counter begins one above the largest that the TPM ever had, which no command tells. So that the
 * agent can announce the first step as well, a scratch counter takes one before it, at the same
 * handle, and is removed again: the real one begins one above that. Each of these states has a Name
 * of its own, so that a crash between any two of them is known for what it is.
 */

#include "lib/driver.h"

/* Implements struct driver (lib/driver.h). Needs the owner's authorization to PREPARE. */
int anchor_step(void *device, const struct driver_anchor_wish *wish, struct driver_anchor *ret,
                struct problem *problem);
