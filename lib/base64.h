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

/* The same text in pieces, in the standard alphabet or in the URL-safe one of RFC 4648 §5, which
 * may lack the padding. A text is in one of them. */
struct base64_stream {
        struct buf *ret;
        struct buf chunk; /* in the standard alphabet, not decoded yet */
        int is_standard, is_url_safe;
        int is_padded; /* nothing may follow */
};

/* Appends to the buf what can be decoded. -EBADMSG; else the error of the buf. */
int base64_stream_put(struct base64_stream *stream, struct view text) _must_use_;
int base64_stream_end(struct base64_stream *stream) _must_use_;
void base64_stream_done(struct base64_stream *stream);
