/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Times as records and key rings write them, in seconds since 1970.
 */

#include "lib/buf.h"

/* "2026-11-22T10:00:00.000000Z", the fraction is cut. -EBADMSG. */
int utc_parse(const char *text, uint64_t *ret) _must_use_;

/* Appends "20261122100000Z", as GeneralizedTime and `allowed_signers` have it. */
void utc_put_digits(struct buf *buf, uint64_t seconds);
