/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Conditions on a JSON value, as `predicate.runDetails.builder.id=https://example.org/b`: a path
 * and what must be there.
 *
 * Names of the path are parted by '.', and a number is a place in an array; a name with other
 * characters than letters, digits, '_', '-', '/' and ':' stands in quotation marks. The path ends
 * at the first '=' outside of them. What must be there is the text of a string, or the JSON of a
 * number, true, false or null.
 */

#include "lib/json.h"

#define WHERE_TEXT_MAX ((size_t)4096)

/* 0 if @condition can be one. -EBADMSG with what is wrong. */
int where_check(const char *condition, struct problem *problem) _must_use_;

/* 0 if and only if it holds for @value. -EKEYREJECTED: it does not, with what was found; -EBADMSG
 * as where_check(). */
int where_holds(const json_t *value, const char *condition, struct problem *problem) _must_use_;
