/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/json.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* The canonical text of a value is the canonical text of what it reads as, and equal to it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(json_decrefp) json_t *object = NULL, *again = NULL;
        _cleanup_(buf_done) struct buf text = {}, second = {};
        struct problem problem = {};
        int r = json_parse_object(view_of(data, size), &object, &problem);

        assert(r == 0 || r == -EBADMSG);
        assert((r == 0) == (problem.text[0] == '\0') && (r == 0) == (object != NULL));
        if (r < 0)
                return 0;
        json_put(&text, object);
        assert(buf_error(&text) == 0);
        r = json_parse_object(buf_view(&text), &again, &problem);
        assert(r == 0);
        assert(json_is_plain(object) == json_is_plain(again));
        assert(!json_is_plain(object) || json_equal(object, again));
        json_put(&second, again);
        assert(view_equal(buf_view(&text), buf_view(&second)));
        return 0;
}
