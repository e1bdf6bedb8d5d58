/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Objects of a token: finding them and reading their attributes, with every size bounded.
 */

#include "pkcs11/token.h"

#define OBJECT_ATTRIBUTE_MAX ((size_t)8192) /* bytes: a certificate; a modulus has 1024 at most */

#define OBJECT_FOUND_MAX 8
#define OBJECT_ID_SIZE   16 /* bytes of CKA_ID of our keys */

struct objects {
        CK_OBJECT_HANDLE handle[OBJECT_FOUND_MAX];
        CK_ULONG count;
};

/* The first OBJECT_FOUND_MAX objects of that class whose attribute @type has that value. */
int object_find(struct token *token, CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE type,
                struct view value, struct objects *ret, struct problem *problem) _must_use_;

/* Appends the attribute's bytes. -EKEYREJECTED: the object has none, or one that is too long. */
int object_read(struct token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                struct buf *ret, struct problem *problem) _must_use_;

/* The value of a boolean attribute; one that the token does not know is @fallback. */
int object_read_flag(struct token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                     int fallback, int *ret) _must_use_;
