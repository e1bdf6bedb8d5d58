/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/challenge.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

static void check_secret(struct view text)
{
        _cleanup_(buf_done) struct buf once = {}, twice = {};
        struct challenge_secret secret;
        struct problem problem = {};
        int r = challenge_secret_parse(text, &secret, &problem);

        assert(r == 0 || r == -EBADMSG);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return;
        r = challenge_secret_put(&once, &secret);
        assert(r == 0);
        r = challenge_secret_parse(buf_view(&once), &secret, NULL);
        assert(r == 0);
        r = challenge_secret_put(&twice, &secret);
        assert(r == 0 && view_equal(buf_view(&once), buf_view(&twice)));
}

/* What was read is written canonically, which reads as the same again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(buf_done) struct buf once = {}, twice = {};
        _cleanup_(challenge_done) struct challenge challenge, again = {};
        struct problem problem = {};
        int r;

        check_secret(view_of(data, size));
        r = challenge_parse(view_of(data, size), &challenge, &problem);
        assert(r == 0 || r == -EBADMSG);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        r = challenge_put(&once, &challenge);
        assert(r == 0);
        r = challenge_parse(buf_view(&once), &again, NULL);
        assert(r == 0);
        r = challenge_put(&twice, &again);
        assert(r == 0 && view_equal(buf_view(&once), buf_view(&twice)));
        return 0;
}
