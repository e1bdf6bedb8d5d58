/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"
#include "lib/hashedrekord.h"
#include "lib/merkle-proof.h"
#include "tests/unit/edit.h"
#include "tests/unit/key.h"

#include <errno.h>

#define DIGEST "aOZWslHmfoNYvvhIOrDVHGYZ8+ehqfDnWDjUH/No9yg="
#define SIGNATURE                                                                                  \
        "MEQCIEfMLZlnJcxlGIR7L+oLSvx8qiv4kssxS70+ydm5z1VAAiA3ZbUTs4agQ7MJKwiwhCjY1TjF3/e0lbwin6IG" \
        "Rqo9KQ=="
#define KEY                                                                                        \
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAErbAqpGLwY5yA9xLCs+Q/ABfPSInM7aNeJrLnIa0vz1YK+FNkQTpK" \
        "1zUPDRawSCxMpzAHnzQC7Q8D08cKEov6WA=="

/* Entry 547661 of log2025-1.rekor.sigstore.dev, and its proof in the tree of 547662 entries. */
#define REAL                                                                                       \
        "{\"apiVersion\":\"0.0.2\",\"kind\":\"hashedrekord\",\"spec\":{\"hashedRekordV002\":{"     \
        "\"data\":{\"algorithm\":\"SHA2_256\",\"digest\":\"" DIGEST "\"},"                         \
        "\"signature\":{\"content\":\"" SIGNATURE "\",\"verifier\":{"                              \
        "\"keyDetails\":\"PKIX_ECDSA_P256_SHA_256\",\"publicKey\":{\"rawBytes\":\"" KEY "\"}}}}}}"
#define REAL_ROOT "7RWSUbM+ujfNrvzW3aAVOlR4N/DpSkj7UFsrP88eWjU="

static const char *const real_path[] = {
        "BkzMrLyYowuXn+yIe8NI1oY5D3G73NsIjIocg2QxFo4=",
        "Y4F3KK9z9otPVvLNB5tOd1KL4gaj1lexR9nbSjkmuNA=",
        "jkQJszeTZtX69g3pb3TxvKCjkNGjgMXO8ht2yVf1AZw=",
        "SjRcvDjLTsm1V1HSohsP5yqAO3SDUVxlWg0K9W6A0Wc=",
        "0PWEyLOIQWLneeTADefZeDL2eGMRT6+awivqEBvFn4w=",
        "c/r+rEb6/qwM4r3+lPpcW6qMnRSQVvebPLKWuP7YnJc=",
        "WQhTVl2mcZCBaS8cTrA3CTowILh6rBVSfv3NyoQX+Cw=",
        "Ap/nxW5j+2r/b2cfSeM0rH34nPxgI2H/cdbclL1xAzM=",
        "l1FM1pPGNwXMsSWMJCosxVTHqfz97V6F4PqRVR7+aCs=",
        "iZn3pq6vdeTpKFjYkaY9qat2D603yJ6y6TkD0PXLiCo=",
};

static struct sha256 hash_of(const char *base64)
{
        _cleanup_(buf_done) struct buf bytes = {};
        struct sha256 hash = {};
        int r = base64_decode(&bytes, view_string(base64));

        assert(r == 0 && bytes.size == SHA256_SIZE);
        memcpy(hash.bytes, bytes.data, SHA256_SIZE);
        return hash;
}

/* What Rekor wrote is what is read and written here: its signature verifies, and its own proof
 * leads from the text to the root that the public log signed. */
static void test_real(void)
{
        _cleanup_(hashedrekord_done) struct hashedrekord entry = {};
        _cleanup_(buf_done) struct buf again = {};
        struct merkle_proof path = {.count = ARRAY_SIZE(real_path)};
        struct sha256 leaf = merkle_leaf(view_string(REAL)), root = hash_of(REAL_ROOT);
        struct view digest = view_of(entry.digest, SHA256_SIZE);

        expect(hashedrekord_is(view_string(REAL)));
        expect_integer(hashedrekord_parse(view_string(REAL), &entry, NULL), 0);
        expect(entry.algorithm == algorithm_find("ecdsa-p256"));
        expect_integer(
                pubkey_verify(entry.pubkey, entry.algorithm, digest, buf_view(&entry.signature)),
                0);
        expect_integer(hashedrekord_put(&again, entry.pubkey, entry.algorithm, digest,
                                        buf_view(&entry.signature)),
                       0);
        expect_text(buf_view(&again), REAL);
        for (size_t i = 0; i < path.count; i++)
                path.hash[i] = hash_of(real_path[i]);
        expect_integer(merkle_verify_inclusion(&leaf, 547661, &path, 547662, &root), 0);
}

static const struct {
        const char *from, *to;
        int error;
        const char *reason;
} edits[] = {
        {"{\"apiVersion\"", " {\"apiVersion\"", -EBADMSG, "up to data.algorithm"},
        {"0.0.2", "0.0.1", -EBADMSG, "up to data.algorithm"},
        {"hashedrekord", "dsse", -EBADMSG, "up to data.algorithm"},
        {"hashedRekordV002", "hashedRekordV0_0_2", -EBADMSG, "up to data.algorithm"},
        {",\"digest\"", ", \"digest\"", -EBADMSG, "up to data.digest"},
        {"\"},\"signature\"", "\",\"x\":1},\"signature\"", -EBADMSG, "up to signature.content"},
        {"\"verifier\"", "\"keyid\":\"\",\"verifier\"", -EBADMSG, "up to verifier.keyDetails"},
        {"\"publicKey\"", "\"x509Certificate\"", -EBADMSG, "up to publicKey.rawBytes"},
        {"}}}}}}", "}}}}}", -EBADMSG, "nothing more"},
        {"}}}}}}", "}}}}}}\n", -EBADMSG, "nothing more"},
        {"SHA2_256", "SHA2_384", -EBADMSG, "data.algorithm: PKIX_ECDSA_P256_SHA_256 signs"},
        {"SHA2_256", "sha256", -EBADMSG, "data.algorithm: PKIX_ECDSA_P256_SHA_256 signs"},
        {"PKIX_ECDSA_P256_SHA_256", "PKIX_ED25519", -EOPNOTSUPP, "unknown \"PKIX_ED25519\""},
        {"PKIX_ECDSA_P256_SHA_256", "PKIX_RSA_PSS_2048_SHA256", -EOPNOTSUPP, "no key for PKIX_RSA"},
        {DIGEST, "aOZWsg==", -EBADMSG, "data.digest: expected 32 bytes, found 4"},
        {DIGEST, "", -EBADMSG, "data.digest: empty"},
        {"8+ehqf", "8-ehqf", -EBADMSG, "data.digest: no standard base64"},
        {"Rqo9KQ==", "Rqo9KR==", -EBADMSG, "signature.content: no standard base64"},
        {"Rqo9KQ==", "Rqo9KQ", -EBADMSG, "signature.content: no standard base64"},
        {SIGNATURE, "", -EBADMSG, "signature.content: empty"},
        {"MFkw", "MFkx", -EBADMSG, "publicKey.rawBytes: no SubjectPublicKeyInfo"},
        {"6WA==", "6WQ==", -EBADMSG, "publicKey.rawBytes: no SubjectPublicKeyInfo"},
        {KEY, "", -EBADMSG, "publicKey.rawBytes: empty"},
};

static void test_edits(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
                _cleanup_(hashedrekord_done) struct hashedrekord entry = {};
                _cleanup_(buf_done) struct buf edited = {};
                struct problem problem = {};

                test_label = edits[i].to;
                edit_first(&edited, view_string(REAL), edits[i].from, edits[i].to);
                expect_integer(hashedrekord_parse(buf_view(&edited), &entry, &problem),
                               edits[i].error);
                expect_contains(problem.text, edits[i].reason);
                expect(!entry.pubkey);
        }
        test_label = "";
}

static void test_sizes(void)
{
        _cleanup_(hashedrekord_done) struct hashedrekord entry = {};
        _cleanup_(buf_done) struct buf edited = {}, large = {}, small = BUF_INIT(64);
        struct problem problem = {};
        int r = hashedrekord_parse(view_string(REAL), &entry, NULL);

        assert(r == 0);
        expect_integer(hashedrekord_put(&small, entry.pubkey, entry.algorithm,
                                        view_of(entry.digest, SHA256_SIZE),
                                        buf_view(&entry.signature)),
                       -EMSGSIZE);
        while (large.size < 5600)
                buf_put_u8(&large, 'A');
        buf_put_u8(&large, '\0');
        edit_first(&edited, view_string(REAL), SIGNATURE, (const char *)large.data);
        expect_integer(hashedrekord_parse(buf_view(&edited), &entry, &problem), -EBADMSG);
        expect_contains(problem.text, "signature.content: longer than 4096 bytes");
        while (edited.size <= HASHEDREKORD_SIZE_MAX)
                buf_put_u8(&edited, '}');
        problem.text[0] = '\0';
        expect_integer(hashedrekord_parse(buf_view(&edited), &entry, &problem), -EBADMSG);
        expect_contains(problem.text, "longer than 8192 bytes");
}

/* Every algorithm has a text, which is read as that algorithm: an RSA key fits two of them. */
static void test_algorithms(void)
{
        static const uint8_t digest[DIGEST_SIZE_MAX] = {1, 2, 3};
        const struct algorithm *algorithm;

        for (size_t i = 0; (algorithm = algorithm_at(i)) && !algorithm_signs_messages(algorithm);
             i++) {
                _cleanup_(key_freep) EVP_PKEY *pair = key_new(algorithm);
                _cleanup_(pubkey_freep) struct pubkey *key = key_public(pair);
                _cleanup_(hashedrekord_done) struct hashedrekord entry = {};
                _cleanup_(buf_done) struct buf text = {};
                struct view bytes = view_of(digest, algorithm->digest_size);

                test_label = algorithm->name;
                expect_integer(hashedrekord_put(&text, key, algorithm, bytes, view_string("s")), 0);
                expect_integer(hashedrekord_parse(buf_view(&text), &entry, NULL), 0);
                expect(entry.algorithm == algorithm);
                expect_integer(hashedrekord_restates(buf_view(&text), key, algorithm, bytes,
                                                     view_string("s"), NULL),
                               0);
        }
        test_label = "";
}

static void expect_difference(const struct hashedrekord *entry, struct view digest,
                              struct view signature, const char *reason)
{
        struct problem problem = {};

        expect_integer(hashedrekord_restates(view_string(REAL), entry->pubkey, entry->algorithm,
                                             digest, signature, &problem),
                       -EKEYREJECTED);
        expect_contains(problem.text, reason);
}

static void test_restates(void)
{
        _cleanup_(key_freep) EVP_PKEY *pair = key_new(algorithm_find("ecdsa-p256"));
        _cleanup_(pubkey_freep) struct pubkey *other = key_public(pair);
        _cleanup_(hashedrekord_done) struct hashedrekord entry = {};
        struct view digest = view_of(entry.digest, SHA256_SIZE), signature;
        uint8_t zeros[SHA256_SIZE] = {};
        struct problem problem = {};
        int r = hashedrekord_parse(view_string(REAL), &entry, NULL);

        assert(r == 0);
        signature = buf_view(&entry.signature);
        expect_integer(hashedrekord_restates(view_string(REAL), entry.pubkey, entry.algorithm,
                                             digest, signature, NULL),
                       0);
        expect_difference(&entry, view_of(zeros, sizeof(zeros)), signature, "another digest");
        expect_difference(&entry, digest, view_string("s"), "another signature");
        expect_integer(hashedrekord_restates(view_string(REAL), other, entry.algorithm, digest,
                                             signature, &problem),
                       -EKEYREJECTED);
        expect_contains(problem.text, "another public key");
        problem.text[0] = '\0';
        expect_integer(hashedrekord_restates(view_string(REAL), entry.pubkey,
                                             algorithm_find("rsa-2048"), digest, signature,
                                             &problem),
                       -EKEYREJECTED);
        expect_contains(problem.text, "another algorithm");
        problem.text[0] = '\0';
        expect_integer(hashedrekord_restates(view_string("{}"), entry.pubkey, entry.algorithm,
                                             digest, signature, &problem),
                       -EBADMSG);
        expect_contains(problem.text, "not the canonical text");
}

static void test_is(void)
{
        expect(!hashedrekord_is(view_string("")));
        expect(!hashedrekord_is(view_string("{\"apiVersion\":\"0.0.2\",\"kind\":\"hashedrekor")));
        expect(!hashedrekord_is(view_string("{\"boot\":\"\"}")));
        expect(hashedrekord_is(view_string("{\"apiVersion\":\"0.0.2\",\"kind\":\"hashedrekord\"")));
}

int main(void)
{
        test_real();
        test_edits();
        test_sizes();
        test_algorithms();
        test_restates();
        test_is();
        return test_result();
}
