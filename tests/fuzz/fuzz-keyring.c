/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/keyring-seal.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* A ring has one text: what is accepted is what would be written. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(keyring_done) struct keyring ring = {};
        _cleanup_(buf_done) struct buf again = {};
        struct problem problem = {};
        int r = keyring_parse(view_of(data, size), &ring, &problem);

        assert(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
        assert((r == 0) == (problem.text[0] == '\0'));
        assert((r == 0) == (ring.origin != NULL));
        if (r < 0)
                return 0;
        r = keyring_put(&again, ring.origin, ring.keys, ring.count);
        assert(r == 0);
        if (ring.seal)
                buf_put_view(&again, buf_view(&ring.seal->text));
        assert(view_equal(buf_view(&again), view_of(data, size)));
        for (size_t i = 0; i < ring.count; i++) {
                struct keyring_key *key = &ring.keys[i];

                assert(key_name_is_valid(key->name));
                assert(key->imported[0] ? !key->token[0] : key_name_is_valid(key->token));
                assert(keyring_find(&ring, key->name, key->version) == key);
                assert(keyring_find_fingerprint(&ring, pubkey_fingerprint(key->pubkey)) == key);
        }
        return 0;
}
