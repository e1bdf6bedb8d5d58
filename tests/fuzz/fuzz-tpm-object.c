/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tpm-object.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

static void check_signature(struct view bytes)
{
        const struct algorithm *algorithm;

        for (size_t i = 0; (algorithm = algorithm_at(i)); i++) {
                _cleanup_(buf_done) struct buf signature = {};
                int r = tpm_signature_put(&signature, algorithm, bytes);

                assert(r == 0 || r == -EBADMSG);
                assert(r < 0 || signature.size <= algorithm->signature_max + 72);
        }
}

static void check_key(const struct tpm_object *object)
{
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        int r = tpm_object_pubkey(object, &key);

        assert(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
        assert((r == 0) == (key != NULL));
}

/* What was parsed is written again, and must be what was read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(buf_done) struct buf again = {};
        struct problem problem = {};
        struct tpm_object object;
        int r;

        check_signature(view_of(data, size));
        r = tpm_object_parse(view_of(data, size), &object, &problem);
        assert(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        tpm_object_put(&again, &object);
        assert(view_equal(buf_view(&again), view_of(data, size)));
        check_key(&object);
        return 0;
}
