/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/utf8.h"
#include "lib/wildcard.h"
#include "tests/fuzz/fuzz.h"

/* Pattern, NUL, text. With stars around it, what matched goes on matching, in whatever it stands.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(buf_done) struct buf both = {}, wide = {};
        const uint8_t *end = memchr(data, 0, size);
        const char *pattern, *text;

        if (!end || size > 4096 || memchr(end + 1, 0, size - (size_t)(end + 1 - data)) ||
            !utf8_is_valid(view_of(data, (size_t)(end - data))) ||
            !utf8_is_valid(view_of(end + 1, size - (size_t)(end + 1 - data))))
                return 0;
        buf_put(&both, data, size);
        buf_put_u8(&both, 0);
        assert(!buf_error(&both));
        pattern = (const char *)both.data;
        text = pattern + strlen(pattern) + 1;
        assert(wildcard_matches("*", text));
        if (!wildcard_is_pattern(pattern))
                assert(wildcard_matches(pattern, text) == string_equal(pattern, text));
        if (!wildcard_matches(pattern, text))
                return 0;
        buf_put_u8(&wide, '*');
        buf_put_string(&wide, pattern);
        buf_put(&wide, "*", 2);
        assert(!buf_error(&wide) && wildcard_matches((const char *)wide.data, text));
        return 0;
}
