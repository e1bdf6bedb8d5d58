/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"
#include "tests/unit/forged-tpm.h"

#include <errno.h>

static void expect_check(const struct forged_tpm *tpm, const struct evidence *evidence,
                         const char *reason)
{
        _cleanup_(evidence_proof_done) struct evidence_proof proof;
        struct problem problem = {};
        int r = evidence_check(evidence, &tpm->key, &proof, &problem);

        expect(r == (reason[0] ? -EKEYREJECTED : 0) || r == -EBADMSG);
        expect_text(view_string(problem.text), reason);
}

static void test_good(void)
{
        _cleanup_(forged_done) struct forged_tpm tpm;
        _cleanup_(evidence_done) struct evidence evidence;
        _cleanup_(evidence_proof_done) struct evidence_proof proof;
        struct problem problem = {};

        forged_start(&tpm);
        evidence_init(&evidence);
        forged_make(&tpm, &evidence);
        expect_check(&tpm, &evidence, "");
        expect_integer(evidence_check(&evidence, &tpm.key, &proof, NULL), 0);
        expect_integer(proof.creation.proved, 0);
        expect_text(view_string(proof.firmware), "1.2.3.4");
        expect_integer(evidence_check_nonce(&evidence, &proof, tpm.nonce, &problem), 0);
        expect_integer(evidence_check_nonce(&evidence, &proof, view_string("replayed"), &problem),
                       -EKEYREJECTED);
        expect_text(view_string(problem.text), "nonce: the attestation answers to another one");
}

/* What a public area says against a key. */
static void test_attributes(void)
{
        static const struct {
                uint32_t flipped;
                int attester;
                const char *reason;
        } cases[] = {
                {TPM_OBJECT_FIXED_TPM, 0,
                 "key: expected the attribute fixedTPM set, found it clear"},
                {TPM_OBJECT_FIXED_PARENT, 0,
                 "key: expected the attribute fixedParent set, found it clear"},
                {TPM_OBJECT_BORN_INSIDE, 0,
                 "key: expected the attribute sensitiveDataOrigin set, found it clear"},
                {TPM_OBJECT_NO_DA, 0, "key: expected the attribute noDA set, found it clear"},
                {TPM_OBJECT_RESTRICTED, 0,
                 "key: expected the attribute restricted clear, found it set"},
                {TPM_OBJECT_DECRYPT, 0, "key: expected the attribute decrypt clear, found it set"},
                {TPM_OBJECT_SIGN, 0, "the evidence is about another key than model version 1"},
                {TPM_OBJECT_USER_WITH_AUTH, 0,
                 "key: expected the attribute userWithAuth set, found it clear"},
                {TPM_OBJECT_FIXED_TPM, 1,
                 "attestation key: expected the attribute fixedTPM set, found it clear"},
                {TPM_OBJECT_FIXED_PARENT, 1,
                 "attestation key: expected the attribute fixedParent set, found it clear"},
                {TPM_OBJECT_BORN_INSIDE, 1,
                 "attestation key: expected the attribute sensitiveDataOrigin set, found it clear"},
                {TPM_OBJECT_RESTRICTED, 1,
                 "attestation key: expected the attribute restricted set, found it clear"},
                {TPM_OBJECT_SIGN, 1,
                 "attestation key: expected the attribute sign set, found it clear"},
                {TPM_OBJECT_DECRYPT, 1,
                 "attestation key: expected the attribute decrypt clear, found it set"},
                {TPM_OBJECT_NO_DA, 1, ""},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(forged_done) struct forged_tpm tpm;
                _cleanup_(evidence_done) struct evidence evidence;

                test_label = cases[i].reason;
                forged_start(&tpm);
                if (cases[i].attester)
                        tpm.attester_area.attributes ^= cases[i].flipped;
                else
                        tpm.subject_area.attributes ^= cases[i].flipped;
                evidence_init(&evidence);
                forged_make(&tpm, &evidence);
                expect_check(&tpm, &evidence, cases[i].reason);
        }
        test_label = "";
}

static void not_generated(struct forged_tpm *tpm)
{
        tpm->magic = 0xfe544347;
}

static void quote(struct forged_tpm *tpm)
{
        tpm->type = 0x8018;
}

static void other_hash(struct forged_tpm *tpm)
{
        tpm->subject_area.name_hash = 0xc;
}

static void other_key(struct forged_tpm *tpm)
{
        EVP_PKEY *key = key_new(tpm->key.algorithm);

        pubkey_free(tpm->key.pubkey);
        tpm->key.pubkey = key_public(key);
        EVP_PKEY_free(key);
}

static void other_algorithm(struct forged_tpm *tpm)
{
        tpm->subject_area.scheme_hash = 0xc;
}

static void any_policy(struct forged_tpm *tpm)
{
        static const uint8_t policy[32];

        tpm->subject_area.policy = view_of(policy, sizeof(policy));
}

static void no_policy(struct forged_tpm *tpm)
{
        tpm->key.gate.counter = GATE_COUNTER_FIRST;
        tpm->subject_area.attributes &= ~TPM_OBJECT_USER_WITH_AUTH;
}

static void unfixed_scheme(struct forged_tpm *tpm)
{
        tpm->attester_area.scheme = 0x10;
}

/* What a forger changes before the attestation key signs. */
static void test_before(void)
{
        static const struct {
                void (*change)(struct forged_tpm *tpm);
                const char *reason;
        } cases[] = {
                {not_generated, "attestation: does not begin as what a TPM makes"},
                {quote, "attestation: expected one of a key (0x8017), found type 0x8018"},
                {other_hash, "key: its Name is no SHA-256"},
                {other_key, "the evidence is about another key than model version 1"},
                {other_algorithm, "the evidence is about another key than model version 1"},
                {any_policy, "key: its policy is not that of its witness and use counter"},
                {no_policy, "key: its policy is not that of its witness and use counter"},
                {unfixed_scheme, "attestation key: no public key that is known here"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(forged_done) struct forged_tpm tpm;
                _cleanup_(evidence_done) struct evidence evidence;

                test_label = cases[i].reason;
                forged_start(&tpm);
                cases[i].change(&tpm);
                evidence_init(&evidence);
                forged_make(&tpm, &evidence);
                expect_check(&tpm, &evidence, cases[i].reason);
        }
        test_label = "";
}

/* What somebody changes afterwards: one bit of one part. */
static void test_after(void)
{
        static const struct {
                enum evidence_part part;
                size_t byte;
                const char *reason;
        } cases[] = {
                {EVIDENCE_ATTESTATION, 20, "the attestation is not signed by the attestation key"},
                {EVIDENCE_SIGNATURE, 40, "the attestation is not signed by the attestation key"},
                {EVIDENCE_SIGNATURE, 0, "the attestation is not signed by the attestation key"},
                {EVIDENCE_ATTESTATION_KEY, 40, "attestation key: no public key that is known here"},
                {EVIDENCE_PUBLIC, 40,
                 "the attestation is about another key than the public area's"},
                {EVIDENCE_PUBLIC, 4, "the attestation is about another key than the public area's"},
                {EVIDENCE_CREATION, 3, "creation data: not the attested one"},
                {EVIDENCE_CREATION_ATTESTATION, 20,
                 "the attestation is not signed by the attestation key"},
                {EVIDENCE_CREATION_SIGNATURE, 40,
                 "the attestation is not signed by the attestation key"},
                {EVIDENCE_PARENT, 40,
                 "creation data: made under another parent than the one given"},
                {EVIDENCE_PARENT, 7, "parent: expected the attribute fixedTPM set, found it clear"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(forged_done) struct forged_tpm tpm;
                _cleanup_(evidence_done) struct evidence evidence;

                test_label = cases[i].reason;
                forged_start(&tpm);
                tpm.creation.said = 1;
                evidence_init(&evidence);
                forged_make(&tpm, &evidence);
                evidence.parts[cases[i].part].data[cases[i].byte] ^=
                        cases[i].part == EVIDENCE_PARENT ? 2 : 1;
                expect_check(&tpm, &evidence, cases[i].reason);
        }
        test_label = "";
}

static void created_quote(struct forged_tpm *tpm)
{
        tpm->creation.type = 0x8017;
}

static void created_other_key(struct forged_tpm *tpm)
{
        static struct tpm_name other;

        other = forged_name(&tpm->attester_area);
        tpm->creation.name = tpm_name_view(&other);
}

static void created_long_ago(struct forged_tpm *tpm)
{
        tpm->creation.nonce = view_string("nonce of another");
}

static void created_under_other(struct forged_tpm *tpm)
{
        tpm->creation.given_parent.x = tpm->creation.given_parent.y;
}

static void created_under_signer(struct forged_tpm *tpm)
{
        tpm->creation.parent.attributes &= ~TPM_OBJECT_DECRYPT;
        tpm->creation.given_parent = tpm->creation.parent;
}

static void created_under_migrating(struct forged_tpm *tpm)
{
        tpm->creation.parent.attributes &= ~TPM_OBJECT_FIXED_TPM;
        tpm->creation.given_parent = tpm->creation.parent;
}

static void created_elsewhere(struct forged_tpm *tpm)
{
        tpm->creation.hierarchy = 0x40000007;
}

static void moved_since(struct forged_tpm *tpm)
{
        tpm->moved = 1;
}

static void created_at_locality(struct forged_tpm *tpm)
{
        tpm->creation.locality = 8;
}

static void created_for_other(struct forged_tpm *tpm)
{
        tpm->creation.key = "another";
}

static void created_for_renamed(struct forged_tpm *tpm)
{
        tpm->creation.key = tpm->creation.given_key = "another";
}

static void created_for_version(struct forged_tpm *tpm)
{
        tpm->creation.version = tpm->creation.given_version = 2;
}

static void created_for_nothing(struct forged_tpm *tpm)
{
        tpm->creation.given_key = NULL;
}

/* What is said about the creation of a key is of this one, or nothing of all that holds. */
static void test_creation(void)
{
        static const struct {
                void (*change)(struct forged_tpm *tpm);
                const char *reason;
        } cases[] = {
                {created_quote, "attestation: expected one of a key (0x801a), found type 0x8017"},
                {created_other_key, "the attestation is about another key than the public area's"},
                {created_long_ago, "creation: it is attested for another nonce than the key"},
                {created_under_other,
                 "creation data: made under another parent than the one given"},
                {created_under_signer,
                 "parent: expected the attribute decrypt set, found it clear"},
                {created_under_migrating,
                 "parent: expected the attribute fixedTPM set, found it clear"},
                {created_elsewhere, "creation data: its parent is no primary key of the owner"},
                {moved_since, "the key is certified under another parent than it was made under"},
                {created_at_locality, "creation data: made at locality 0x08, and not at 0x01"},
                {created_for_other, "creation data: made for something else than createdFor says"},
                {created_for_renamed,
                 "createdFor: made as key another version 1, and not as model version 1"},
                {created_for_version,
                 "createdFor: made as key model version 2, and not as model version 1"},
                {created_for_nothing, "createdFor: there is none"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(forged_done) struct forged_tpm tpm;
                _cleanup_(evidence_done) struct evidence evidence;

                test_label = cases[i].reason;
                forged_start(&tpm);
                tpm.creation.said = 1;
                cases[i].change(&tpm);
                evidence_init(&evidence);
                forged_make(&tpm, &evidence);
                expect_check(&tpm, &evidence, cases[i].reason);
                /* The key is as good as it was. */
                expect_integer(evidence_drop_creation(&evidence, "why"), 0);
                expect_check(&tpm, &evidence, "");
        }
        test_label = "";
}

static void test_created(void)
{
        _cleanup_(forged_done) struct forged_tpm tpm;
        _cleanup_(buf_done) struct buf registers = {};
        struct tpm_name parent;

        forged_start(&tpm);
        tpm.creation.said = 1;
        parent = forged_name(&tpm.creation.parent);
        for (size_t cut = 0; cut <= 150; cut++) { /* a TPM that attests no creation data */
                _cleanup_(evidence_done) struct evidence evidence;
                _cleanup_(evidence_proof_done) struct evidence_proof proof;

                evidence_init(&evidence);
                tpm.creation.cut = cut;
                forged_make(&tpm, &evidence);
                expect_check(&tpm, &evidence, cut ? "creation data: malformed" : "");
                expect_integer(evidence_check(&evidence, &tpm.key, &proof, NULL),
                               cut ? -EBADMSG : 0);
                expect_integer(proof.creation.proved, cut == 0);
                if (cut > 0)
                        continue;
                expect_view(tpm_name_view(&proof.creation.parent), tpm_name_view(&parent));
                creation_put_registers(&registers, &proof.creation.data);
                expect_text(buf_view(&registers), "sha256:0,1,2,3,4,5,6,7");
        }
}

static void test_firmware(void)
{
        _cleanup_(forged_done) struct forged_tpm tpm;
        _cleanup_(evidence_done) struct evidence evidence;

        forged_start(&tpm);
        evidence_init(&evidence);
        forged_make(&tpm, &evidence);
        facts_done(&evidence.self_asserted);
        expect_check(&tpm, &evidence, "");
        expect_integer(facts_add(&evidence.self_asserted, "firmware", "9.9.9.9"), 0);
        expect_check(&tpm, &evidence, "firmware: the TPM attests 1.2.3.4, and says 9.9.9.9");
}

/* The gate of a key is part of its Name, so it is certified with it. */
static void test_gate(void)
{
        _cleanup_(forged_done) struct forged_tpm tpm;
        _cleanup_(evidence_done) struct evidence evidence;
        struct sha256 policy;

        forged_start(&tpm);
        tpm.key.gate.counter = GATE_COUNTER_FIRST;
        expect_integer(gate_policy(&tpm.key.gate, &policy), 0);
        tpm.subject_area.policy = sha256_view(&policy);
        tpm.subject_area.attributes &= ~TPM_OBJECT_USER_WITH_AUTH;
        evidence_init(&evidence);
        forged_make(&tpm, &evidence);
        expect_check(&tpm, &evidence, "");
        tpm.key.gate.counter++;
        expect_check(&tpm, &evidence, "key: its policy is not that of its witness and use counter");
        tpm.key.gate.counter = 0;
        expect_check(&tpm, &evidence,
                     "key: expected the attribute userWithAuth set, found it clear");
}

static void test_pkcs11(void)
{
        _cleanup_(forged_done) struct forged_tpm tpm;
        _cleanup_(evidence_done) struct evidence evidence;
        _cleanup_(evidence_proof_done) struct evidence_proof proof = {};
        struct challenge_secret secret = {};
        struct problem problem = {};

        forged_start(&tpm);
        evidence_init(&evidence);
        evidence.kind = EVIDENCE_PKCS11;
        expect_check(&tpm, &evidence, "");
        expect_integer(evidence_check_nonce(&evidence, &proof, tpm.nonce, &problem), -EKEYREJECTED);
        expect_text(view_string(problem.text),
                    "nonce: nothing that a PKCS#11 token says answers to one");
        expect_integer(evidence_check_secret(&evidence, &secret, NULL, &proof, NULL),
                       -EKEYREJECTED);
}

int main(void)
{
        test_good();
        test_attributes();
        test_before();
        test_after();
        test_creation();
        test_created();
        test_firmware();
        test_gate();
        test_pkcs11();
        return test_result();
}
