/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Binary in lines of base64 between `-----BEGIN LABEL-----` and `-----END LABEL-----`, as PEM
 * (RFC 7468), SSH signatures and OpenPGP (RFC 4880 §6.2) have it.
 */

#include "lib/reader.h"

/* Whether the text begins so. */
int armor_is(struct view text, const char *label);

/* Appends lines of @columns characters. */
void armor_put(struct buf *buf, const char *label, size_t columns, struct view bytes);

/* The same with the empty line and the checksum of OpenPGP. */
void armor_put_openpgp(struct buf *buf, const char *label, struct view bytes);

/* Appends the bytes of the one block that fills @text. Lines may be of any length and end in CR LF;
 * headers, as OpenPGP has them, are skipped, its checksum is checked. -EBADMSG; the error of @ret.
 */
int armor_parse(struct view text, const char *label, struct buf *ret) _must_use_;
