/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/attest.h"
#include "lib/base64.h"
#include "lib/command-audit.h"
#include "lib/pubkey.h"
#include "tests/driver/equipment.h"
#include "tests/driver/keytest.h"
#include "tests/test.h"

#include <errno.h>

#define SIGNATURES 20

static const char *program;

/* What the driver says of the TPM, and the digest computed from what it answers. */
struct rig {
        struct client client;
        struct facts facts;
        const struct algorithm *algorithm;
        struct buf handle, spki;
        uint32_t slot;
        uint8_t name[COMMAND_AUDIT_NAME_SIZE]; /* of the attestation key */
        struct sha256 digest;
        uint64_t counter;
};

static void start(struct rig *rig, const struct swtpm *swtpm)
{
        const char *const settings[] = {"TCTI", swtpm->tcti, "Audit", "yes", NULL};
        const char *name;

        client_start(&rig->client, program);
        expect_integer(client_open(&rig->client, "tpm0", settings, &rig->facts), FRAME_OK);
        name = facts_get(&rig->facts, "attestation-name");
        expect(name && hex_decode(view_string(name), rig->name, sizeof(rig->name)) == 0);
}

static void stop(struct rig *rig)
{
        expect_integer(client_stop(&rig->client), EXIT_SUCCESS);
        facts_done(&rig->facts);
}

static void sign(struct rig *rig)
{
        _cleanup_(buf_done) struct buf fields = {}, answer = {}, again = {}, signature = {};
        struct view digest = keytest_digest(rig->algorithm), der, name, response;
        struct reader reader;

        client_put_sign(&fields, rig->slot, digest);
        expect_integer(client_call(&rig->client, FRAME_SIGN, buf_view(&fields), &answer), FRAME_OK);
        reader = reader_init(buf_view(&answer));
        der = reader_sized(&reader);
        name = reader_sized(&reader);
        response = reader_sized(&reader);
        expect_integer(reader_end(&reader), 0);
        expect_integer(name.size, COMMAND_AUDIT_NAME_SIZE);
        expect_integer(command_audit_put_signature(&again, rig->algorithm, der), 0);
        expect_view(buf_view(&again), response);
        expect_integer(command_audit_read_signature(response, rig->algorithm, &signature), 0);
        expect_view(buf_view(&signature), der);
        command_audit_add_sign(&rig->digest, name, digest, response);
}

static void look(struct rig *rig, int attest, struct buf *ret)
{
        _cleanup_(buf_done) struct buf fields = {}, answer = {};
        struct view qualifying = view_of("12345678901234567890123456789012", attest ? 32 : 0);
        struct view name = view_of(rig->name, attest ? sizeof(rig->name) : 0);
        struct reader reader;

        buf_put_u8(&fields, (uint8_t)attest);
        buf_put_sized(&fields, qualifying);
        expect_integer(client_call(&rig->client, FRAME_AUDIT, buf_view(&fields), &answer),
                       FRAME_OK);
        reader = reader_init(buf_view(&answer));
        buf_clear(ret);
        buf_put_view(ret, reader_sized(&reader));
        expect_integer(reader_end(&reader), 0);
        if (attest)
                rig->digest = (struct sha256){};
        command_audit_add_look(&rig->digest, name, qualifying, buf_view(ret));
}

/* What the TPM said must be @digest. */
static void check(struct rig *rig, const struct buf *response, const struct sha256 *digest,
                  uint64_t counter)
{
        const struct sha256 list = command_audit_list();
        struct view bytes, signature;
        struct attest_audit attest;

        expect_integer(command_audit_read_look(buf_view(response), &bytes, &signature), 0);
        expect_integer(attest_parse_audit(bytes, &attest, NULL), 0);
        expect_view(attest.digest, sha256_view(digest));
        expect_view(attest.commands, sha256_view(&list));
        expect_integer(attest.algorithm, COMMAND_AUDIT_ALGORITHM);
        expect_integer(attest.counter, counter);
}

static void check_signature(struct rig *rig, const struct buf *response)
{
        const char *text = facts_get(&rig->facts, "attestation-key");
        _cleanup_(buf_done) struct buf spki = {}, der = {};
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");
        struct view bytes, signature;
        struct sha256 hash;

        expect(text && base64_decode(&spki, view_string(text)) == 0 &&
               pubkey_from_spki(buf_view(&spki), &key) == 0);
        expect_integer(command_audit_read_look(buf_view(response), &bytes, &signature), 0);
        expect_integer(command_audit_read_signature(signature, algorithm, &der), 0);
        hash = sha256_of(bytes);
        expect_integer(pubkey_verify(key, algorithm, sha256_view(&hash), buf_view(&der)), 0);
}

static uint64_t counter_of(const struct buf *response)
{
        struct view bytes, signature;
        struct attest_audit attest = {};

        expect_integer(command_audit_read_look(buf_view(response), &bytes, &signature), 0);
        expect_integer(attest_parse_audit(bytes, &attest, NULL), 0);
        return attest.counter;
}

/* Two intervals; a look in the middle of each, and a process that goes between them. */
static void intervals(struct rig *rig, const struct swtpm *swtpm)
{
        _cleanup_(buf_done) struct buf response = {};
        struct sha256 before;

        look(rig, 1, &response);
        rig->counter = counter_of(&response);
        for (unsigned interval = 1; interval <= 2; interval++) {
                for (unsigned i = 0; i < SIGNATURES; i++)
                        sign(rig);
                before = rig->digest;
                look(rig, 0, &response);
                check(rig, &response, &before, rig->counter + interval);
                if (interval == 1) {
                        stop(rig);
                        start(rig, swtpm);
                        expect_integer(client_load(&rig->client, rig->algorithm->name,
                                                   buf_view(&rig->handle), &rig->slot, NULL),
                                       FRAME_OK);
                }
                before = rig->digest;
                look(rig, 1, &response);
                check(rig, &response, &before, rig->counter + interval);
                check_signature(rig, &response);
        }
}

/* A reset loses the digest, and what is attested then says so. */
static void reset(struct rig *rig, struct swtpm *swtpm)
{
        _cleanup_(buf_done) struct buf response = {};
        struct view bytes, signature;
        struct attest_audit attest = {};

        stop(rig);
        swtpm_stop(swtpm);
        swtpm_start(swtpm, "audited");
        start(rig, swtpm);
        look(rig, 1, &response);
        expect_integer(command_audit_read_look(buf_view(&response), &bytes, &signature), 0);
        expect_integer(attest_parse_audit(bytes, &attest, NULL), 0);
        expect_integer(attest.digest.size, 0);
        expect_integer(attest.counter, rig->counter + 3);
        look(rig, 0, &response);
        expect_integer(counter_of(&response), rig->counter + 4);
}

/* The look is refused by a process that was not told to audit. */
static void without_audit(const struct swtpm *swtpm)
{
        const char *const settings[] = {"TCTI", swtpm->tcti, NULL};
        _cleanup_(buf_done) struct buf fields = {};
        struct client client;

        client_start(&client, program);
        expect_integer(client_open(&client, "tpm0", settings, NULL), FRAME_OK);
        buf_put_u8(&fields, 0);
        buf_put_sized(&fields, view_of(NULL, 0));
        expect_integer(client_call(&client, FRAME_AUDIT, buf_view(&fields), NULL),
                       FRAME_UNSUPPORTED);
        buf_clear(&fields);
        buf_put_u8(&fields, 2);
        buf_put_sized(&fields, view_of(NULL, 0));
        expect_integer(client_call(&client, FRAME_AUDIT, buf_view(&fields), NULL),
                       FRAME_BAD_REQUEST);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
        struct rig rig = {.algorithm = algorithm_find("ecdsa-p256")};
        struct swtpm swtpm;

        assert(argc == 2);
        program = argv[1];
        equipment_need("swtpm");
        swtpm_start(&swtpm, "audited");
        without_audit(&swtpm);
        start(&rig, &swtpm);
        expect_integer(
                client_generate(&rig.client, rig.algorithm->name, "key", &rig.handle, &rig.spki),
                FRAME_OK);
        expect_integer(client_load(&rig.client, rig.algorithm->name, buf_view(&rig.handle),
                                   &rig.slot, NULL),
                       FRAME_OK);
        intervals(&rig, &swtpm);
        reset(&rig, &swtpm);
        stop(&rig);
        swtpm_stop(&swtpm);
        buf_done(&rig.handle);
        buf_done(&rig.spki);
        return keytest_result() ? keytest_result() : test_result();
}
