/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * DER (ITU-T X.690): the few constructions that certificates, CMS and signatures need.
 *
 * Reading takes minimal lengths and the expected tag only; anything else makes the reader bad.
 */

#include "lib/reader.h"

#define DER_INTEGER      0x02
#define DER_BIT_STRING   0x03
#define DER_OCTET_STRING 0x04
#define DER_NULL         0x05
#define DER_OID          0x06
#define DER_UTF8         0x0c
#define DER_UTC_TIME     0x17
#define DER_TIME         0x18 /* GeneralizedTime */
#define DER_SEQUENCE     0x30
#define DER_SET          0x31
#define DER_CONTEXT(n)   (0xa0 | (n)) /* constructed */

/* Appends one value. */
void der_put(struct buf *buf, uint8_t tag, struct view content);

/* Appends a value that holds those of @content; the error of @content sticks in @buf. */
void der_put_of(struct buf *buf, uint8_t tag, const struct buf *content);

/* Appends a positive INTEGER; @bytes is big-endian, with any number of leading zeros. */
void der_put_unsigned(struct buf *buf, struct view bytes);

/* The content of the next value, which has that tag. */
struct view der_read(struct reader *reader, uint8_t tag);

/* The next value with its tag and length. */
struct view der_read_whole(struct reader *reader, uint8_t tag);

/* The content of a positive INTEGER, with the zero byte in front that keeps it positive. */
struct view der_read_unsigned(struct reader *reader);

/* Whether the next value has that tag. */
int der_is_next(const struct reader *reader, uint8_t tag);
