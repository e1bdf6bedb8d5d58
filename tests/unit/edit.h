/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A valid text with one place changed: the smallest difference that a parser has to notice, and the
 * words it has to say about it.
 */

#include "tests/test.h"

static inline void expect_contains_at(const char *found, const char *part, const char *file,
                                      int line)
{
        if (strstr(found, part))
                return;
        test_failures++;
        (void)fprintf(stderr, "%s:%d: %s%sfound \"%s\", expected it to contain \"%s\"\n", file,
                      line, test_label, test_label[0] ? ": " : "", found, part);
}

#define expect_contains(found, part) expect_contains_at(found, part, __FILE__, __LINE__)

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
