/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Base64 with the standard alphabet and padding (RFC 4648 §4).
 *
 * The decoder is strict: no white space, padding as it must be, unused bits zero, so that there is
 * exactly one text for given bytes.
 */

#include "lib/reader.h"

#define BASE64_SIZE(bytes) (((bytes) + 2) / 3 * 4)

void base64_encode(struct buf *buf, struct view bytes);

/* Appends the decoded bytes. -EBADMSG: not canonical base64, and nothing was appended; else the
 * error of @buf. */
int base64_decode(struct buf *buf, struct view text) _must_use_;
