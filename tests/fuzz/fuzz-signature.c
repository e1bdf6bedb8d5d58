/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/format.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* A P-256 key that somebody made once; nobody needs its private half. */
#define PEM                                                                                        \
        "-----BEGIN PUBLIC KEY-----\n"                                                             \
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEiYQkvPHH7ArVcS6z+1OvYTftzJE9\n"                       \
        "hb7EdQypGombxA5/DAURozG3wifpNSu2OW924sW6sp+2a/w/+nKi8P3SAA==\n"                           \
        "-----END PUBLIC KEY-----\n"

static int hash_nothing(struct format_content *content, const char *hash, struct view trailer,
                        uint8_t *ret, struct problem *problem)
{
        size_t size;

        (void)content, (void)problem;
        return digest_of_parts(hash, &trailer, 1, ret, &size);
}

/* Whatever format the bytes are taken for: nothing but the documented errors, and nobody has signed
 * it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct pubkey *key;
        _cleanup_(signature_done) struct signature signature = {};
        struct format_content content = {hash_nothing, "nothing"};
        struct format_signer signer = {.algorithm = algorithm_find("ecdsa-p256"),
                                       .name = "model",
                                       .created = 1763805600,
                                       .name_space = "file"};
        struct problem problem = {};
        int r;

        if (!key) {
                r = pubkey_from_pem(view_string(PEM), &key);
                assert(r == 0);
        }
        signer.pubkey = key;
        r = signature_parse(view_of(data, size), &signature, &problem);
        assert(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0 || signature.format->is_logged)
                return 0;
        r = signature_digest(&signature, &signer, &content, &problem);
        assert(r == 0 || r == -EKEYREJECTED);
        if (r == 0)
                r = pubkey_verify(key, signer.algorithm,
                                  view_of(signature.digest, signature.digest_size),
                                  buf_view(&signature.value));
        assert(r == -EKEYREJECTED);
        return 0;
}
