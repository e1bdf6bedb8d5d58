/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/add-checkpoint.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#define TEXT "tests.invalid/agent\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
#define KEY  "w.invalid+05462008+BBCuK8bMnBBpuLMh3vrDPFQGJGSgEIItr60gtENCmNd3"

static void read_size(struct view body)
{
        _cleanup_(buf_done) struct buf again = {};
        uint64_t size;
        int r = add_checkpoint_read_size(body, &size, NULL);

        assert(r == 0 || r == -EBADMSG);
        if (r < 0)
                return;
        buf_put_decimal(&again, size);
        buf_put_u8(&again, '\n');
        assert(view_equal(buf_view(&again), body));
}

/* Nobody has the private key: what verifies without is a fault. */
static void read_cosignature(struct view body)
{
        _cleanup_(buf_done) struct buf line = {};
        _cleanup_(vkey_done) struct vkey key = {};
        struct problem problem = {};
        uint64_t time = 0;
        int r = vkey_parse(view_string(KEY), &key, NULL);

        assert(r == 0);
        r = add_checkpoint_read_cosignature(body, view_string(TEXT), &key, &line, &time, &problem);
        assert(r == -EBADMSG || r == -ENOKEY || r == -EKEYREJECTED);
        assert(problem.text[0] && line.size == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size > ADD_CHECKPOINT_ANSWER_MAX)
                return 0;
        read_size(view_of(data, size));
        read_cosignature(view_of(data, size));
        return 0;
}
