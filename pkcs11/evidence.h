/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a PKCS#11 token says of one of its keys: the attributes, which nobody vouches for, and the
 * certificates that it holds for the key and for their issuers. A vendor that attests keys puts
 * such a chain there.
 */

#include "lib/driver.h"
#include "pkcs11/token.h"

/* Adds them to @ret. The errors of struct driver's attest(). */
int evidence_of_key(struct token *token, CK_OBJECT_HANDLE private, struct view id,
                    struct evidence *ret, struct problem *problem) _must_use_;
