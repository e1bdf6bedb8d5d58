/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"
#include "lib/evidence-check.h"
#include "lib/file.h"
#include "tests/driver/endorsed.h"
#include "tests/driver/keytest.h"

#include <errno.h>
#include <fcntl.h>

/* Evidence that the driver makes with software TPMs, checked as a stranger would, and against
 * tpm2-tools both ways. */

#define NONCE "01234567890123456789012345678901"

static const char *program;
static struct authorities *authorities;
static const struct evidence_question plain = {.nonce = {(const uint8_t *)NONCE, 32}};

static void open_tpm(struct client *client, const struct swtpm *swtpm)
{
        const char *const settings[] = {"TCTI", swtpm->tcti, NULL};

        client_start(client, program);
        expect_integer(client_open(client, "tpm0", settings, NULL), FRAME_OK);
}

/* A key as it would be in a ring. */
struct subject {
        struct client_key made;
        struct keyring_key entry;
        json_t *created_for;
        uint32_t slot;
};

static void make_subject(struct client *client, const char *algorithm, const char *const *options,
                         struct subject *ret)
{
        struct sha256 outside;
        const char *counter;

        *ret = (struct subject){.entry = {.name = "model", .version = 1}};
        ret->created_for = created_for_new("model", 1, "example.org/host",
                                           "2026-11-25T10:00:00.000000Z", "7.1");
        expect_integer(created_for_digest(ret->created_for, &outside), 0);
        memcpy(ret->made.outside, outside.bytes, SHA256_SIZE);
        ret->entry.algorithm = algorithm_find(algorithm);
        expect_integer(client_generate_with(client, algorithm, options, &ret->made), FRAME_OK);
        expect_integer(
                client_load(client, algorithm, buf_view(&ret->made.handle), &ret->slot, NULL),
                FRAME_OK);
        expect_integer(pubkey_from_spki(buf_view(&ret->made.spki), &ret->entry.pubkey), 0);
        counter = facts_get(&ret->made.facts, "UseCounter");
        if (counter)
                expect_integer(gate_counter_parse(counter, &ret->entry.gate.counter), 0);
}

static void subject_done(struct subject *subject)
{
        client_key_done(&subject->made);
        pubkey_free(subject->entry.pubkey);
        json_decref(subject->created_for);
}

static void attest(struct client *client, const struct subject *subject,
                   const struct evidence_question *question, struct evidence *ret)
{
        _cleanup_(buf_done) struct buf text = {};
        struct problem problem = {};

        expect_integer(client_attest(client, subject->slot, question, &text), FRAME_OK);
        if (client->reason[0])
                (void)fprintf(stderr, "attest: %s\n", client->reason);
        expect_integer(evidence_parse(buf_view(&text), ret, &problem), 0);
        expect_text(view_string(problem.text), "");
}

static void expect_good(const struct evidence *evidence, const struct keyring_key *key,
                        struct evidence_proof *ret)
{
        struct problem problem = {};

        expect_integer(evidence_check(evidence, key, ret, &problem), 0);
        expect_integer(evidence_check_nonce(evidence, ret, plain.nonce, &problem), 0);
        expect_integer(evidence_check_authority(evidence, key, authorities, ret, &problem), 0);
        expect_text(view_string(problem.text), "");
        expect_text(view_string(ret->device.manufacturer), "id:00001014");
        expect_text(view_string(ret->device.model), "swtpm");
        expect(!ret->bound);
}

static void algorithms(const struct swtpm *swtpm)
{
        static const char *const counted[] = {"UseCounter", "yes", NULL}, *const none[] = {NULL};
        static const struct {
                const char *algorithm;
                const char *const *options;
        } cases[] = {{"ecdsa-p256", none},
                     {"ecdsa-p384", none},
                     {"rsa-2048", none},
                     {"rsa-2048-pss", none},
                     {"ecdsa-p256", counted}};
        struct client client;

        open_tpm(&client, swtpm);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(evidence_proof_done) struct evidence_proof proof = {};
                _cleanup_(evidence_done) struct evidence evidence;
                struct subject subject;

                test_label = cases[i].algorithm;
                make_subject(&client, cases[i].algorithm, cases[i].options, &subject);
                attest(&client, &subject, &plain, &evidence);
                expect_good(&evidence, &subject.entry, &proof);
                expect_integer(evidence.certificate_count, 2);
                keytest_sign(&client, subject.entry.algorithm, subject.slot,
                             buf_view(&subject.made.spki));
                subject_done(&subject);
        }
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        test_label = "";
}

/* The same question, with what was kept of a key's creation. */
static struct evidence_question creation_of(const struct buf *kept)
{
        struct evidence_question question = plain;

        question.creation = buf_view(kept);
        return question;
}

static void expect_created(struct client *client, const struct subject *subject)
{
        const struct evidence_question question = creation_of(&subject->made.creation);
        _cleanup_(evidence_proof_done) struct evidence_proof proof = {};
        _cleanup_(evidence_done) struct evidence evidence;
        _cleanup_(buf_done) struct buf registers = {};

        attest(client, subject, &question, &evidence);
        expect_integer(evidence_set_created_for(&evidence, subject->created_for), 0);
        expect_good(&evidence, &subject->entry, &proof);
        expect_integer(proof.creation.proved, 1);
        creation_put_registers(&registers, &proof.creation.data);
        expect_text(buf_view(&registers), "sha256:0,1,2,3,4,5,6,7");
}

/* What the TPM does not certify is not there, and the key is attested all the same. */
static void expect_not_created(struct client *client, const struct subject *subject,
                               const struct buf *kept, const char *reason)
{
        const struct evidence_question question = creation_of(kept);
        _cleanup_(evidence_proof_done) struct evidence_proof proof = {};
        _cleanup_(evidence_done) struct evidence evidence;
        const char *said;

        test_label = reason;
        attest(client, subject, &question, &evidence);
        expect_good(&evidence, &subject->entry, &proof);
        expect_integer(proof.creation.proved, 0);
        said = facts_get(&evidence.self_asserted, EVIDENCE_NO_CREATION);
        expect_text(view_string(said ? said : ""), reason);
        test_label = "";
}

static void spoilt_creations(struct client *client, struct subject *subject,
                             const struct subject *other)
{
        static const char foreign[] =
                "the TPM does not take the ticket of the creation for its own";
        static const char malformed[] = "what was kept of the creation is malformed";
        struct buf *kept = &subject->made.creation;

        expect_not_created(client, subject, &other->made.creation, foreign);
        expect(kept->size > 20);
        kept->data[20] ^= 1; /* of the digest of the registers */
        expect_not_created(client, subject, kept, foreign);
        kept->data[20] ^= 1;
        kept->data[kept->size - 1] ^= 1; /* of the ticket */
        expect_not_created(client, subject, kept, foreign);
        kept->data[kept->size - 1] ^= 1;
        for (size_t size = 1; size < kept->size; size += 7) {
                struct buf cut = *kept;

                cut.size = size;
                expect_not_created(client, subject, &cut, malformed);
        }
        expect_not_created(client, subject, &(struct buf){}, "");
        expect_created(client, subject);
}

static void load_again(struct client *client, struct subject *subject)
{
        expect_integer(client_load(client, subject->entry.algorithm->name,
                                   buf_view(&subject->made.handle), &subject->slot, NULL),
                       FRAME_OK);
}

/* Shown at once, by another process, and after a reset of the TPM. */
static void creations(struct swtpm *swtpm)
{
        static const char *const counted[] = {"UseCounter", "yes", NULL}, *const none[] = {NULL};
        struct subject subject, other, gated;
        struct client client;

        open_tpm(&client, swtpm);
        make_subject(&client, "ecdsa-p256", none, &subject);
        make_subject(&client, "rsa-2048", none, &other);
        make_subject(&client, "ecdsa-p256", counted, &gated);
        expect_created(&client, &subject);
        expect_created(&client, &other);
        expect_created(&client, &gated);
        spoilt_creations(&client, &subject, &other);
        keytest_sign(&client, subject.entry.algorithm, subject.slot, buf_view(&subject.made.spki));
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        swtpm_stop(swtpm);
        swtpm_start(swtpm, "tpm");
        open_tpm(&client, swtpm);
        load_again(&client, &subject);
        expect_created(&client, &subject);
        load_again(&client, &gated);
        expect_created(&client, &gated);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        subject_done(&subject);
        subject_done(&other);
        subject_done(&gated);
}

/* Finds the certificate with a key of that kind. */
static struct certificate *certificate_of(const struct evidence *evidence, const char *kind)
{
        for (size_t i = 0; i < evidence->certificate_count; i++) {
                struct certificate *certificate = NULL;
                const struct endorsement *row = NULL;

                expect_integer(
                        certificate_parse(buf_view(&evidence->certificates[i]), &certificate), 0);
                expect_integer(credential_endorsement(certificate_spki(certificate), &row), 0);
                if (row && string_equal(row->name, kind))
                        return certificate;
                certificate_free(certificate);
        }
        expect(0);
        return NULL;
}

static struct evidence_question question_of(const struct challenge *challenge)
{
        return (struct evidence_question){
                .nonce = view_of(challenge->nonce, sizeof(challenge->nonce)),
                .endorsement = challenge->endorsement->name,
                .blob = buf_view(&challenge->credential.blob),
                .encrypted = buf_view(&challenge->credential.encrypted)};
}

static void answer(struct client *client, struct subject *subject, const struct evidence *known,
                   const char *kind)
{
        _cleanup_(evidence_proof_done) struct evidence_proof before = {}, proof = {};
        _cleanup_(certificate_freep) struct certificate *certificate = certificate_of(known, kind);
        _cleanup_(challenge_done) struct challenge challenge = {};
        _cleanup_(evidence_done) struct evidence evidence;
        struct challenge_secret secret;
        struct evidence_question question;
        struct problem problem = {};

        test_label = kind;
        expect_integer(evidence_check(known, &subject->entry, &before, &problem), 0);
        expect_integer(challenge_make(certificate, &before.attestation_name, &challenge, &secret),
                       0);
        question = question_of(&challenge);
        attest(client, subject, &question, &evidence);
        expect_integer(evidence_check(&evidence, &subject->entry, &proof, &problem), 0);
        expect_integer(evidence_check_nonce(&evidence, &proof, question.nonce, &problem), 0);
        expect_integer(evidence_check_secret(&evidence, &secret, authorities, &proof, &problem), 0);
        expect_integer(proof.bound, 1);
        secret.secret[0] ^= 1;
        expect_integer(evidence_check_secret(&evidence, &secret, authorities, &proof, &problem),
                       -EKEYREJECTED);
        expect_text(view_string(problem.text), "challenge: the answer is wrong");
        test_label = "";
}

/* A challenge for another TPM, for another attestation key, and one that was changed. */
static void refusals(struct client *client, struct client *stranger, struct subject *subject,
                     struct evidence *known, struct evidence *foreign)
{
        static const char reason[] = "the challenge is not for this TPM and its attestation key";
        _cleanup_(evidence_proof_done) struct evidence_proof proof = {};
        _cleanup_(certificate_freep) struct certificate *certificate =
                certificate_of(foreign, "rsa-2048");
        _cleanup_(challenge_done) struct challenge challenge = {};
        _cleanup_(buf_done) struct buf text = {};
        struct challenge_secret secret;
        struct evidence_question question;
        struct problem problem = {};

        test_label = "another TPM";
        expect_integer(evidence_check(known, &subject->entry, &proof, &problem), 0);
        expect_integer(challenge_make(certificate, &proof.attestation_name, &challenge, &secret),
                       0);
        question = question_of(&challenge);
        expect_integer(client_attest(client, subject->slot, &question, &text), FRAME_MISMATCH);
        expect_text(view_string(client->reason), reason);
        test_label = "another attestation key"; /* the TPM is that of the certificate */
        expect_integer(client_attest(stranger, subject->slot, &question, &text), FRAME_MISMATCH);
        expect_text(view_string(stranger->reason), reason);
        test_label = "garbage";
        question.blob = view_string("garbage");
        expect_integer(client_attest(client, subject->slot, &question, &text), FRAME_MISMATCH);
        test_label = "no such slot";
        expect_integer(client_attest(client, 77, &plain, &text), FRAME_NO_KEY);
        test_label = "half a challenge";
        question.blob = view_of(NULL, 0);
        expect_integer(client_attest(client, subject->slot, &question, &text), FRAME_BAD_REQUEST);
        test_label = "";
        keytest_sign(client, subject->entry.algorithm, subject->slot,
                     buf_view(&subject->made.spki));
}

static void challenges(const struct swtpm *swtpm, const struct swtpm *other)
{
        static const char *const none[] = {NULL};
        _cleanup_(evidence_done) struct evidence known, foreign;
        struct subject subject, strange, more[2];
        struct client client, stranger;

        open_tpm(&client, swtpm);
        open_tpm(&stranger, other);
        make_subject(&client, "ecdsa-p256", none, &subject);
        make_subject(&stranger, "ecdsa-p256", none, &strange);
        for (size_t i = 0; i < ARRAY_SIZE(more); i++) /* the TPM is full */
                make_subject(&client, "ecdsa-p256", none, &more[i]);
        attest(&client, &subject, &plain, &known);
        attest(&stranger, &strange, &plain, &foreign);
        answer(&client, &subject, &known, "rsa-2048");
        answer(&client, &subject, &known, "ecc-p384");
        refusals(&client, &stranger, &subject, &known, &foreign);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        expect_integer(client_stop(&stranger), EXIT_SUCCESS);
        subject_done(&subject);
        subject_done(&strange);
        for (size_t i = 0; i < ARRAY_SIZE(more); i++)
                subject_done(&more[i]);
}

static void read_into(const char *name, size_t skip, struct buf *ret)
{
        _cleanup_(buf_done) struct buf bytes = {};
        char path[EQUIPMENT_PATH_MAX];

        expect_integer(file_read(AT_FDCWD, equipment_path(path, name), &bytes, NULL), 0);
        expect(bytes.size > skip);
        if (bytes.size > skip)
                buf_put(ret, bytes.data + skip, bytes.size - skip);
}

static void shell(const struct swtpm *swtpm, const char *script)
{
        const char *const arguments[] = {"/bin/sh", "-ec", script, NULL};

        if (setenv("FOLDER", equipment_folder(), 1) < 0)
                exit(EXIT_FAILURE);
        expect_integer(swtpm_run(swtpm, arguments), 0);
}

/* The file of tpm2_makecredential: magic, version, TPM2B_ID_OBJECT, TPM2B_ENCRYPTED_SECRET. */
static void answer_tool(struct client *client, const struct subject *subject)
{
        _cleanup_(buf_done) struct buf bytes = {}, expected = {};
        _cleanup_(evidence_done) struct evidence evidence;
        struct evidence_question question = {.nonce = plain.nonce, .endorsement = "rsa-2048"};
        struct reader reader;

        read_into("credential", 8, &bytes);
        read_into("secret", 0, &expected);
        reader = reader_init(buf_view(&bytes));
        question.blob = reader_bytes(&reader, reader_u16(&reader));
        question.encrypted = reader_bytes(&reader, reader_u16(&reader));
        expect_integer(reader_end(&reader), 0);
        attest(client, subject, &question, &evidence);
        expect_view(buf_view(&evidence.activated), buf_view(&expected));
}

static void tool_challenges(const struct swtpm *swtpm)
{
        static const char *const none[] = {NULL};
        _cleanup_(evidence_proof_done) struct evidence_proof proof = {};
        _cleanup_(evidence_done) struct evidence known;
        char name[HEX_SIZE(TPM_NAME_SIZE)];
        struct subject subject;
        struct client client;

        test_label = "tpm2_makecredential";
        equipment_need("tpm2_makecredential");
        open_tpm(&client, swtpm);
        make_subject(&client, "ecdsa-p256", none, &subject);
        attest(&client, &subject, &plain, &known);
        expect_integer(evidence_check(&known, &subject.entry, &proof, NULL), 0);
        if (setenv("NAME", hex_encode(tpm_name_view(&proof.attestation_name), name), 1) < 0)
                exit(EXIT_FAILURE);
        equipment_write("secret", 0600, "what the tool keeps to itself");
        shell(swtpm, "cd $FOLDER; tpm2_readpublic -c 0x81010001 -o ek.pub >/dev/null;"
                     "tpm2_makecredential -T none -u ek.pub -s secret -n $NAME -o credential");
        answer_tool(&client, &subject);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        subject_done(&subject);
        test_label = "";
}

/* Files of tpm2-tools: TPM2B_PUBLIC, TPMS_ATTEST, TPMT_SIGNATURE. */
static void tool_attests(const struct swtpm *swtpm)
{
        _cleanup_(evidence_proof_done) struct evidence_proof proof = {};
        _cleanup_(evidence_done) struct evidence evidence;
        _cleanup_(buf_done) struct buf pem = {};
        struct keyring_key entry = {.name = "model", .version = 1};
        struct problem problem = {};

        test_label = "tpm2_certify";
        shell(swtpm,
              "cd $FOLDER; a='fixedtpm|fixedparent|sensitivedataorigin|userwithauth';"
              "tpm2_createek -Q -c ek.ctx -G rsa -u ek.pub;"
              "tpm2_createak -Q -C ek.ctx -c ak.ctx -G rsa -s rsassa -g sha256 -u ak.pub -n ak.name;"
              "tpm2_flushcontext -t; tpm2_createprimary -Q -C o -c parent.ctx; tpm2_flushcontext -t;"
              "tpm2_create -Q -C parent.ctx -G ecc256:ecdsa-sha256:null -a \"$a|noda|sign\" -u key.pub"
              " -r key.priv; tpm2_flushcontext -t;"
              "tpm2_load -Q -C parent.ctx -u key.pub -r key.priv -c key.ctx; tpm2_flushcontext -t;"
              "tpm2_certify -Q -c key.ctx -C ak.ctx -g sha256 -o attest -s signature;"
              "tpm2_flushcontext -t; tpm2_readpublic -Q -c key.ctx -f pem -o key.pem;"
              "tpm2_flushcontext -t");
        evidence_init(&evidence);
        evidence.kind = EVIDENCE_TPM2;
        read_into("ak.pub", 2, &evidence.parts[EVIDENCE_ATTESTATION_KEY]);
        read_into("key.pub", 2, &evidence.parts[EVIDENCE_PUBLIC]);
        read_into("attest", 0, &evidence.parts[EVIDENCE_ATTESTATION]);
        read_into("signature", 0, &evidence.parts[EVIDENCE_SIGNATURE]);
        read_into("key.pem", 0, &pem);
        entry.algorithm = algorithm_find("ecdsa-p256");
        expect_integer(pubkey_from_pem(buf_view(&pem), &entry.pubkey), 0);
        expect_integer(evidence_check(&evidence, &entry, &proof, &problem), 0);
        expect_text(view_string(problem.text), "");
        pubkey_free(entry.pubkey);
        test_label = "";
}

int main(int argc, char **argv)
{
        struct swtpm swtpm, other;
        struct problem problem = {};
        char path[EQUIPMENT_PATH_MAX];

        if (argc != 2)
                return EXIT_FAILURE;
        program = argv[1];
        swtpm_manufacture("tpm", "ca");
        swtpm_manufacture("other", "ca");
        expect_integer(authorities_load(equipment_path(path, "ca"), &authorities, &problem), 0);
        swtpm_start(&swtpm, "tpm");
        swtpm_start(&other, "other");
        algorithms(&swtpm);
        creations(&swtpm);
        challenges(&swtpm, &other);
        tool_challenges(&swtpm);
        tool_attests(&swtpm);
        swtpm_stop(&swtpm);
        swtpm_stop(&other);
        authorities_free(authorities);
        return keytest_result() == EXIT_SUCCESS ? test_result() : EXIT_FAILURE;
}
