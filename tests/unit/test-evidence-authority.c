/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"
#include "tests/unit/authority.h"
#include "tests/unit/forged-tpm.h"

#include <errno.h>

/* A maker of TPMs: root, issuer, and the folder of a verifier with the root's certificate. */
struct maker {
        struct folder folder;
        struct authority root, issuer;
        struct authorities *authorities;
};

static void maker_start(struct maker *maker)
{
        maker->folder = folder_new();
        maker->root = authority_new(NULL, "root");
        maker->issuer = authority_new(&maker->root, "issuer");
        authority_write_pem(&maker->folder, "root.pem", maker->root.x509);
        folder_write(&maker->folder, "signkey.pem", view_string("no certificate\n"));
        expect_integer(authorities_load(maker->folder.path, &maker->authorities, NULL), 0);
}

static void maker_done(struct maker *maker)
{
        authorities_free(maker->authorities);
        authority_done(&maker->root);
        authority_done(&maker->issuer);
        folder_done(&maker->folder);
}

static void add(struct evidence *evidence, X509 *x509)
{
        _cleanup_(buf_done) struct buf der = {};

        authority_put_der(x509, &der);
        expect_integer(evidence_add_certificate(evidence, buf_view(&der)), 0);
}

/* A TPM of that maker: the endorsement key is a program's, too. */
struct endorsed {
        struct forged_tpm tpm;
        struct evidence evidence;
        struct evidence_proof proof;
        EVP_PKEY *key;
        X509 *x509;
};

static void endorsed_start(struct endorsed *endorsed, const struct authority *issuer,
                           enum certificate_kind kind, long seconds)
{
        *endorsed = (struct endorsed){.key = key_new(algorithm_find("ecdsa-p256"))};
        forged_start(&endorsed->tpm);
        evidence_init(&endorsed->evidence);
        forged_make(&endorsed->tpm, &endorsed->evidence);
        endorsed->x509 = authority_issue(issuer, endorsed->key, "TPM", kind, seconds);
        add(&endorsed->evidence, endorsed->x509);
        expect_integer(
                evidence_check(&endorsed->evidence, &endorsed->tpm.key, &endorsed->proof, NULL), 0);
}

static void endorsed_done(struct endorsed *endorsed)
{
        evidence_proof_done(&endorsed->proof);
        evidence_done(&endorsed->evidence);
        forged_done(&endorsed->tpm);
        X509_free(endorsed->x509);
        EVP_PKEY_free(endorsed->key);
}

static void expect_authority(struct endorsed *endorsed, const struct maker *maker,
                             const char *reason)
{
        struct problem problem = {};
        int r = evidence_check_authority(&endorsed->evidence, &endorsed->tpm.key,
                                         maker->authorities, &endorsed->proof, &problem);

        expect_integer(r, reason[0] ? -EKEYREJECTED : 0);
        expect_text(view_string(problem.text), reason);
}

static void test_chains(const struct maker *maker, const struct maker *other)
{
        struct endorsed direct, through, foreign, late, plain;

        endorsed_start(&direct, &maker->root, CERTIFICATE_ENDORSEMENT, 60);
        expect_authority(&direct, maker, "");
        expect_text(view_string(direct.proof.device.manufacturer), "id:00001014");

        endorsed_start(&through, &maker->issuer, CERTIFICATE_ENDORSEMENT, 60);
        expect_authority(&through, maker,
                         "certificate issued by \"CN=issuer\": unable to get local issuer "
                         "certificate");
        add(&through.evidence, maker->issuer.x509);
        expect_authority(&through, maker, "");

        endorsed_start(&foreign, &other->root, CERTIFICATE_ENDORSEMENT, 60);
        add(&foreign.evidence, other->root.x509); /* of no use to bring along */
        test_label = "another maker";
        expect_integer(evidence_check_authority(&foreign.evidence, &foreign.tpm.key,
                                                maker->authorities, &foreign.proof, NULL),
                       -EKEYREJECTED);
        test_label = "";

        endorsed_start(&late, &maker->root, CERTIFICATE_ENDORSEMENT, -60);
        expect_authority(&late, maker,
                         "certificate issued by \"CN=root\": certificate has expired");

        endorsed_start(&plain, &maker->root, CERTIFICATE_KEY, 60);
        expect_authority(&plain, maker, "there is no certificate of an endorsement key");
        endorsed_done(&direct);
        endorsed_done(&through);
        endorsed_done(&foreign);
        endorsed_done(&late);
        endorsed_done(&plain);
}

static void expect_secret(struct endorsed *endorsed, const struct maker *maker,
                          const struct challenge_secret *secret, const char *reason)
{
        struct problem problem = {};
        int r = evidence_check_secret(&endorsed->evidence, secret, maker->authorities,
                                      &endorsed->proof, &problem);

        expect_integer(r, reason[0] ? -EKEYREJECTED : 0);
        expect_text(view_string(problem.text), reason);
        expect_integer(endorsed->proof.bound, !reason[0]);
}

/* Whoever knows the secret passes: the proof is that nobody but the TPM can. */
static void test_secret(const struct maker *maker)
{
        _cleanup_(certificate_freep) struct certificate *certificate = NULL;
        _cleanup_(challenge_done) struct challenge challenge = {};
        struct challenge_secret secret, other;
        struct endorsed endorsed;

        endorsed_start(&endorsed, &maker->root, CERTIFICATE_ENDORSEMENT, 60);
        certificate = authority_parsed(endorsed.x509);
        expect_integer(
                challenge_make(certificate, &endorsed.proof.attestation_name, &challenge, &secret),
                0);
        expect_secret(&endorsed, maker, &secret, "challenge: it was not answered");
        buf_put(&endorsed.evidence.activated, secret.nonce, sizeof(secret.secret));
        expect_secret(&endorsed, maker, &secret, "challenge: the answer is wrong");
        buf_clear(&endorsed.evidence.activated);
        buf_put(&endorsed.evidence.activated, secret.secret, sizeof(secret.secret));
        other = secret;
        other.attestation_key.bytes[5] ^= 1;
        expect_secret(&endorsed, maker, &other,
                      "challenge: it was made for another attestation key");
        other = secret;
        other.certificate.bytes[5] ^= 1;
        expect_secret(&endorsed, maker, &other,
                      "challenge: it was made for another endorsement key");
        expect_secret(&endorsed, maker, &secret, "");
        endorsed_done(&endorsed);
}

/* YubiHSM-style: the certificate is the key's own. */
static void test_pkcs11(const struct maker *maker)
{
        struct endorsed endorsed;
        X509 *x509;

        endorsed_start(&endorsed, &maker->root, CERTIFICATE_KEY, 60);
        endorsed.evidence.kind = EVIDENCE_PKCS11;
        expect_authority(&endorsed, maker, "there is no certificate of the key");
        x509 = authority_issue(&maker->issuer, endorsed.tpm.subject, "attested", CERTIFICATE_KEY,
                               60);
        add(&endorsed.evidence, x509);
        add(&endorsed.evidence, maker->issuer.x509);
        expect_authority(&endorsed, maker, "");
        X509_free(x509);
        endorsed_done(&endorsed);
}

static void test_folders(void)
{
        struct folder folder = folder_new();
        struct authorities *authorities = NULL;
        struct problem problem = {};
        char expected[128];

        expect_integer(authorities_load(folder.path, &authorities, &problem), -ENOENT);
        (void)snprintf(expected, sizeof(expected),
                       "%s: no file holds the certificate of a root authority", folder.path);
        expect_text(view_string(problem.text), expected);
        expect_integer(authorities_load("/nonexistent", &authorities, NULL), -ENOENT);
        expect(!authorities);
        folder_done(&folder);
}

int main(void)
{
        struct maker maker = {}, other = {};

        maker_start(&maker);
        maker_start(&other);
        test_chains(&maker, &other);
        test_secret(&maker);
        test_pkcs11(&maker);
        test_folders();
        maker_done(&maker);
        maker_done(&other);
        return test_result();
}
