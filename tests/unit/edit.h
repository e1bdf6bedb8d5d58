/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A valid text with one place changed: the smallest difference that a parser has to notice.
 */

#include "lib/buf.h"

/* Appends @text with the first @from replaced by @to; @from must be there. */
static inline void edit_first(struct buf *ret, struct view text, const char *from, const char *to)
{
        const uint8_t *found = memmem(text.data, text.size, from, strlen(from));
        size_t before;

        assert(found);
        before = (size_t)(found - text.data);
        buf_put(ret, text.data, before);
        buf_put_string(ret, to);
        buf_put(ret, found + strlen(from), text.size - before - strlen(from));
}
