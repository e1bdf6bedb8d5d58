/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Times as records and key rings write them, in seconds since 1970.
 */

#include "lib/buf.h"

/* "2026-11-22T10:00:00.000000Z", the fraction is cut. -EBADMSG. */
int utc_parse(const char *text, uint64_t *ret) _must_use_;

/* "2026-11-22T10:00:00Z", with any number of digits of a fraction or none, as other people's
 * metadata has it: in microseconds since 1970. Offsets other than Z are not taken. -EBADMSG. */
int utc_parse_moment(const char *text, uint64_t *ret) _must_use_;

/* Appends "20261122100000Z", as GeneralizedTime and `allowed_signers` have it. */
void utc_put_digits(struct buf *buf, uint64_t seconds);
