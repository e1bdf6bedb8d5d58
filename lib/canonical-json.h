/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The canonical JSON of OLPC, which securesystemslib signs: members in the order of their names, no
 * white space, and in strings nothing but `\` and `"` escaped. So a control character stands as it
 * is, and the text is not always JSON.
 */

#include "lib/json.h"

/* Appends the text. -EBADMSG: a number that is no integer, which has no such text; -ENOMEM,
 * -EMSGSIZE. */
int canonical_json_put(struct buf *buf, const json_t *value, struct problem *problem) _must_use_;
