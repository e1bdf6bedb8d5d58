/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/evidence-check.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

static const char pem[] = "-----BEGIN PUBLIC KEY-----\n"
                          "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n"
                          "6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n"
                          "-----END PUBLIC KEY-----\n";

/* Nothing that comes from outside vouches for this key. */
static void check(const struct evidence *evidence)
{
        _cleanup_(evidence_proof_done) struct evidence_proof proof;
        struct keyring_key key = {.name = "k", .version = 1};
        struct problem problem = {};
        int r = pubkey_from_pem(view_string(pem), &key.pubkey);

        assert(r == 0);
        key.algorithm = algorithm_find("ecdsa-p256");
        r = evidence_check(evidence, &key, &proof, &problem);
        assert(r == -EBADMSG || r == -EKEYREJECTED || evidence->kind == EVIDENCE_PKCS11);
        assert((r == 0) == (problem.text[0] == '\0'));
        pubkey_free(key.pubkey);
}

/* What was read is written canonically, which reads as the same again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(evidence_done) struct evidence evidence, again;
        _cleanup_(buf_done) struct buf once = {}, twice = {};
        struct problem problem = {};
        int r = evidence_parse(view_of(data, size), &evidence, &problem);

        evidence_init(&again);
        assert(r == 0 || r == -EBADMSG);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        check(&evidence);
        r = evidence_put(&once, &evidence);
        assert(r == 0 || r == -EMSGSIZE); /* escapes take more than what they stand for */
        if (r < 0)
                return 0;
        r = evidence_parse(buf_view(&once), &again, NULL);
        assert(r == 0);
        r = evidence_put(&twice, &again);
        assert(r == 0 && view_equal(buf_view(&once), buf_view(&twice)));
        return 0;
}
