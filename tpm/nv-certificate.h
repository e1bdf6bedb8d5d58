/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The certificates that the maker of a TPM has left in its memory: those of the endorsement keys,
 * and of the authorities that issued them.
 */

#include "lib/evidence.h"
#include "tpm/device.h"

/* Adds all that can be read; an index that is not there, that is not for everybody to read, or that
 * holds no DER is passed over. -ENODEV, -ENOMEM. */
int nv_certificates_add(struct device *device, struct evidence *evidence,
                        struct problem *problem) _must_use_;
