/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * UTF-8 as RFC 3629 has it: shortest form, no surrogates, nothing above U+10FFFF.
 */

#include "lib/buf.h"

/* Bytes of the character that @text begins with, or 0 if it begins with none. */
size_t utf8_length(struct view text);

int utf8_is_valid(struct view text);

/* Replaces, in place, what is no UTF-8 and what is a control character by question marks: then the
 * text can be a string of JSON, and no terminal obeys it. */
void utf8_make_printable(char *text);

/* Whether @text begins with a control character: U+0000 to U+001F, U+007F to U+009F. A terminal may
 * obey those of the second range as it does ESC. */
int utf8_is_control(struct view text);

/* Whether @text begins with a character of Unicode's property White_Space. */
int utf8_is_space(struct view text);
