/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Patterns of paths as in-toto's rules have them, which are those of Python's fnmatch: `*` is any
 * number of any characters, also of `/`; `?` is one; `[a-c]` is one of these, `[!a-c]` one that is
 * none of these. There is no escape but `[*]`; a `[` that nothing closes stands for itself.
 */

#include "lib/macro.h"

/* Both are valid UTF-8. Takes at most the product of their lengths. */
int wildcard_matches(const char *pattern, const char *text);

/* Whether a pattern can match another text than itself. */
int wildcard_is_pattern(const char *text);
