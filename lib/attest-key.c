/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/attest-key.h"

int attest_key_parse(struct view bytes, enum attest_key_type expected, struct attest_key *ret,
                     struct problem *problem)
{
        struct reader reader = reader_init(bytes);
        struct attest_key attest = {.type = expected};
        int r = attest_read_head(&reader, (uint16_t)expected, "a key", &attest.head, problem);

        if (r < 0)
                return r;
        attest.name = attest_read_sized(&reader);
        attest.further = attest_read_sized(&reader);
        r = attest_read_end(&reader, bytes, problem);
        if (r == 0)
                *ret = attest;
        return r;
}
