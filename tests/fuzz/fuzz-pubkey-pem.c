/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/pubkey.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* Many texts hold the same key; the one written out holds it too, and nothing else. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(pubkey_freep) struct pubkey *key = NULL, *again = NULL;
        _cleanup_(buf_done) struct buf pem = {}, second = {};
        int r = pubkey_from_pem(view_of(data, size), &key);

        assert(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
        assert((r == 0) == (key != NULL));
        if (r < 0)
                return 0;
        pubkey_put_pem(key, &pem);
        r = pubkey_from_pem(buf_view(&pem), &again);
        assert(r == 0);
        assert(view_equal(pubkey_spki(key), pubkey_spki(again)));
        pubkey_put_pem(again, &second);
        assert(view_equal(buf_view(&pem), buf_view(&second)));
        return 0;
}
