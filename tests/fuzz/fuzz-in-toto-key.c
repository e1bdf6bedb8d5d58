/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/in-toto-key.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* What was read can be written, and is the same key when it is read again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(in_toto_key_done) struct in_toto_key key = {}, again = {};
        struct problem problem = {};
        json_t *object;
        int r = in_toto_key_parse_file(view_of(data, size), &key, &problem);

        assert(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        assert(in_toto_key_id_is_valid(key.id));
        object = in_toto_key_to_json(&key);
        assert(object);
        r = in_toto_key_parse(object, key.id, &again, NULL);
        json_decref(object);
        assert(r == 0 && in_toto_key_is_same(&key, &again) && string_equal(key.id, again.id));
        return 0;
}
