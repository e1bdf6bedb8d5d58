/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The owner hierarchy's authorization: read when a command needs it, and forgotten after that one
 * command. HMAC sessions prove it without sending it over the bus.
 */

#include "tpm/device.h"

/* @ret is the session for one command that names ESYS_TR_RH_OWNER. -EACCES: the secret cannot be
 * read. */
int owner_begin(struct device *device, ESYS_TR *ret, struct problem *problem) _must_use_;

/* To be called after the command, with its outcome. */
void owner_end(struct device *device, ESYS_TR session, int error);
