/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/in-toto-link.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(in_toto_link_done) struct in_toto_link link = {};
        struct problem problem = {};
        json_t *object = NULL;
        int r = json_parse_object(view_of(data, size), &object, NULL);

        if (r < 0)
                return 0;
        r = in_toto_link_from_statement(object, &link, &problem);
        json_decref(object);
        assert(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        assert(in_toto_name_is_valid(link.name) && link.type && link.predicate);
        for (size_t i = 1; i < link.materials.count; i++)
                assert(strcmp(link.materials.items[i - 1].path, link.materials.items[i].path) < 0);
        return 0;
}
