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

/* RFC 8410 §10.1. */
#define ED25519_PEM                                                                                \
        "-----BEGIN PUBLIC KEY-----\n"                                                             \
        "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"                           \
        "-----END PUBLIC KEY-----\n"

static int read_nothing(struct format_content *content, struct buf *ret, struct problem *problem)
{
        (void)content, (void)problem;
        return buf_error(ret);
}

static void expect_not_by(const char *algorithm, const char *pem, struct signature *signature)
{
        struct format_content content = {hash_nothing, "nothing", read_nothing};
        struct format_signer signer = {.algorithm = algorithm_find(algorithm),
                                       .name = "model",
                                       .created = 1763805600,
                                       .name_space = "file"};
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        struct problem problem = {};
        int r = pubkey_from_pem(view_string(pem), &key);

        assert(r == 0);
        signer.pubkey = key;
        r = signature_digest(signature, &signer, &content, &problem);
        assert(r == 0 || r == -EKEYREJECTED);
        if (r == 0)
                r = signature_verify(signature, &signer, key);
        assert(r == -EKEYREJECTED);
}

/* Whatever format the bytes are taken for: nothing but the documented errors, and nobody has signed
 * it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(signature_done) struct signature signature = {};
        struct problem problem = {};
        int r;

        r = signature_parse(view_of(data, size), &signature, &problem);
        assert(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0 || signature.format->is_logged)
                return 0;
        expect_not_by("ecdsa-p256", PEM, &signature);
        expect_not_by("ed25519", ED25519_PEM, &signature);
        return 0;
}
