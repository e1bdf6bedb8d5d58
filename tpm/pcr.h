/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The platform configuration registers: what firmware, loader and kernel have measured since the
 * machine was started.
 */

#include "lib/buf.h"
#include "lib/problem.h"

/* Appends the SHA-256 digests of all registers, from 0 on, each with its length before it. All are
 * of one moment: read again until nothing changed in between. -EOPNOTSUPP: the TPM has no such
 * bank; -EAGAIN: they change all the time; -EIO: it answers something else than it was asked;
 * -ENODEV. */
int pcr_read(void *device, struct buf *ret, struct problem *problem) _must_use_;
