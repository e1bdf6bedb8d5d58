/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sessions inside the TPM, each for one command: started, used, ended by the TPM together with that
 * command. None is ever idle, or left behind by a success.
 */

#include "tpm/device.h"

/* Starts an unbound, unsalted session of @type. A TPM that has no room for one, or that cannot save
 * any more of them (context gap), is emptied of sessions first. */
int session_start(struct device *device, TPM2_SE type, ESYS_TR *ret,
                  struct problem *problem) _must_use_;

/* To be called after the command: @error tells whether the TPM has ended the session already. */
void session_end(struct device *device, ESYS_TR session, int error);
