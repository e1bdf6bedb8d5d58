/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/evidence.h"
#include "tests/test.h"

#include <errno.h>

#define TPM                                                                                        \
        "{\"attestation\":\"AAAA\",\"attestationKey\":\"AAAB\",\"certificates\":[\"AAAC\"],"       \
        "\"kind\":\"tpm2\",\"public\":\"AAAD\",\"selfAsserted\":{\"model\":\"x\"},"                \
        "\"signature\":\"AAAE\"}"

#define CREATED_FOR                                                                                \
        "\"createdFor\":{\"key\":\"model\",\"origin\":\"example.org/host\","                       \
        "\"time\":\"2026-11-25T10:00:00.000000Z\",\"version\":1},"

static void test_good(void)
{
        static const char *const texts[] = {
                TPM,
                "{\"kind\":\"pkcs11\",\"selfAsserted\":{}}",
                "{\"activated\":\"00ff\",\"attestation\":\"AAAA\",\"attestationKey\":\"AAAB\"," CREATED_FOR
                "\"creation\":\"AAAA\",\"creationAttestation\":\"AAAA\","
                "\"creationSignature\":\"AAAA\",\"kind\":\"tpm2\",\"parent\":\"AAAF\","
                "\"public\":\"AAAD\",\"selfAsserted\":{},\"signature\":\"AAAE\"}",
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_(evidence_done) struct evidence evidence;
                _cleanup_(buf_done) struct buf again = {};

                expect_integer(evidence_parse(view_string(texts[i]), &evidence, NULL), 0);
                expect_integer(evidence_put(&again, &evidence), 0);
                expect_text(buf_view(&again), texts[i]);
        }
}

static void test_refused(void)
{
        static const struct {
                const char *text, *reason;
        } cases[] = {
                {"{\"kind\":\"tpm1\",\"selfAsserted\":{}}",
                 "evidence: kind: expected tpm2 or pkcs11"},
                {"{\"kind\":\"tpm2\",\"selfAsserted\":{}}",
                 "evidence: attestation: expected a string"},
                {"{\"kind\":\"pkcs11\",\"public\":\"AAAA\",\"selfAsserted\":{}}",
                 "evidence: public: expected none of PKCS#11"},
                {"{\"activated\":\"00\",\"kind\":\"pkcs11\",\"selfAsserted\":{}}",
                 "evidence: activated: expected none of PKCS#11"},
                {"{\"certificates\":[],\"kind\":\"pkcs11\",\"selfAsserted\":{}}",
                 "evidence: certificates: expected 1 to 8 of them"},
                {"{\"certificates\":[7],\"kind\":\"pkcs11\",\"selfAsserted\":{}}",
                 "evidence: certificates: expected strings"},
                {"{\"certificates\":[\"?\"],\"kind\":\"pkcs11\",\"selfAsserted\":{}}",
                 "evidence: certificates: expected at most 8192 bytes in base64, and not none"},
                {"{\"kind\":\"pkcs11\",\"selfAsserted\":{\"a\":1}}",
                 "evidence: selfAsserted: expected strings"},
                {"{\"activated\":\"0\",\"attestation\":\"AAAA\",\"attestationKey\":\"AAAB\","
                 "\"kind\":\"tpm2\",\"public\":\"AAAD\",\"selfAsserted\":{},"
                 "\"signature\":\"AAAE\"}",
                 "evidence: activated: expected 1 to 48 bytes in hexadecimal"},
                {"{\"attestation\":\"AAAA\",\"attestationKey\":\"AAAB\",\"creation\":\"AAAA\","
                 "\"kind\":\"tpm2\",\"public\":\"AAAD\",\"selfAsserted\":{},"
                 "\"signature\":\"AAAE\"}",
                 "evidence: creation: expected it with creationAttestation, creationSignature and "
                 "parent"},
                {"{\"attestation\":\"AAAA\",\"attestationKey\":\"AAAB\"," CREATED_FOR
                 "\"kind\":\"tpm2\",\"public\":\"AAAD\",\"selfAsserted\":{},"
                 "\"signature\":\"AAAE\"}",
                 "evidence: createdFor: expected it with creation"},
                {"{" CREATED_FOR "\"kind\":\"pkcs11\",\"selfAsserted\":{}}",
                 "evidence: createdFor: expected none of PKCS#11"},
                {"{\"createdFor\":{\"key\":\"model\"},\"kind\":\"tpm2\",\"selfAsserted\":{}}",
                 "evidence: createdFor: member \"origin\" is missing"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(evidence_done) struct evidence evidence;
                struct problem problem = {};

                test_label = cases[i].reason;
                expect_integer(evidence_parse(view_string(cases[i].text), &evidence, &problem),
                               -EBADMSG);
                expect_text(view_string(problem.text), cases[i].reason);
        }
        test_label = "";
}

/* What a token has too much of is left out; a record has room for the rest. */
static void test_limits(void)
{
        _cleanup_(evidence_done) struct evidence evidence;
        _cleanup_(buf_done) struct buf large = {}, text = {};

        evidence_init(&evidence);
        for (size_t i = 0; i <= EVIDENCE_PART_MAX; i++)
                buf_put_u8(&large, (uint8_t)i);
        expect_integer(evidence_add_certificate(&evidence, buf_view(&large)), 0);
        expect_integer(evidence.certificate_count, 0);
        for (size_t i = 0; i < 2 * EVIDENCE_CERTIFICATES_MAX; i++)
                expect_integer(
                        evidence_add_certificate(&evidence, view_of(large.data + i / 2, 100)), 0);
        expect_integer(evidence.certificate_count, EVIDENCE_CERTIFICATES_MAX);
        evidence.kind = EVIDENCE_PKCS11;
        expect_integer(evidence_put(&text, &evidence), 0);
        buf_put_view(&evidence.certificates[0], view_of(large.data, EVIDENCE_PART_MAX - 100));
        for (size_t i = 1; i < EVIDENCE_CERTIFICATES_MAX; i++)
                buf_put_view(&evidence.certificates[i],
                             view_of(large.data, EVIDENCE_PART_MAX - 100));
        expect_integer(evidence_put(&text, &evidence), -EMSGSIZE);
}

/* All of it goes, and a reason comes; that of the token is the first. */
static void test_dropped(void)
{
        _cleanup_(evidence_done) struct evidence evidence;
        _cleanup_(buf_done) struct buf text = {};

        evidence_init(&evidence);
        expect_integer(
                evidence_parse(
                        view_string(
                                "{\"attestation\":\"AAAA\",\"attestationKey\":\"AAAB\"," CREATED_FOR
                                "\"creation\":\"AAAA\",\"creationAttestation\":\"AAAA\","
                                "\"creationSignature\":\"AAAA\",\"kind\":\"tpm2\","
                                "\"parent\":\"AAAF\",\"public\":\"AAAD\","
                                "\"selfAsserted\":{},\"signature\":\"AAAE\"}"),
                        &evidence, NULL),
                0);
        expect_integer(evidence_drop_creation(&evidence, "why"), 0);
        expect_integer(evidence_drop_creation(&evidence, "once more"), 0);
        expect_integer(evidence_put(&text, &evidence), 0);
        expect_text(buf_view(&text), "{\"attestation\":\"AAAA\",\"attestationKey\":\"AAAB\","
                                     "\"kind\":\"tpm2\",\"public\":\"AAAD\","
                                     "\"selfAsserted\":{\"creation\":\"why\"},"
                                     "\"signature\":\"AAAE\"}");
}

int main(void)
{
        test_dropped();
        test_good();
        test_refused();
        test_limits();
        return test_result();
}
