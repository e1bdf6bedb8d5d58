/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keystore.h"
#include "lib/json.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* Whatever is accepted is a table of requests, each of which can be answered again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(json_decrefp) json_t *requests = NULL;
        struct problem problem = {};
        int r = keystore_parse_requests(view_of(data, size), &requests, &problem);
        const char *id;
        json_t *request;

        assert(r == 0 || r == -EBADMSG);
        assert((r == 0) == (problem.text[0] == '\0'));
        assert((r == 0) == (requests != NULL));
        if (r < 0)
                return 0;
        assert(json_object_size(requests) <= KEYSTORE_REQUESTS_MAX);
        json_object_foreach (requests, id, request) {
                json_int_t version = json_member_integer(request, "version", 0);

                assert(key_name_is_valid(id));
                assert(json_member_string(request, "method")[0]);
                assert(version >= 1 && version <= UINT32_MAX);
        }
        return 0;
}
