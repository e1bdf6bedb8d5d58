/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/signed-message.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* Whoever parses a key verifies with it: no bytes of the input are a signature of it. */
static void check_verify(struct pubkey *key, struct view signature)
{
        const struct algorithm *algorithm;
        static const uint8_t digest[DIGEST_SIZE_MAX] = {1};

        for (size_t i = 0; (algorithm = algorithm_at(i)); i++) {
                int r = signed_message_verify(key, algorithm,
                                              view_of(digest, algorithm->digest_size),
                                              view_of(digest, sizeof(digest)), signature);

                assert(r == (pubkey_fits(key, algorithm) ? -EKEYREJECTED : -EOPNOTSUPP));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(pubkey_freep) struct pubkey *key = NULL, *again = NULL;
        _cleanup_(buf_done) struct buf pem = {};
        struct view der = view_of(data, size);
        int r = pubkey_from_spki(der, &key);

        assert(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
        assert((r == 0) == (key != NULL));
        if (r < 0)
                return 0;
        assert(view_equal(pubkey_spki(key), der));
        pubkey_put_pem(key, &pem);
        r = pubkey_from_pem(buf_view(&pem), &again);
        assert(r == 0);
        assert(view_equal(pubkey_spki(again), der));
        check_verify(key, der);
        return 0;
}
