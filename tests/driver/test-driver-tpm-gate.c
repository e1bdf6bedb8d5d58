/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/attest.h"
#include "lib/base64.h"
#include "lib/gate.h"
#include "tests/driver/equipment.h"
#include "tests/driver/keytest.h"
#include "tests/test.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

/* Keys that count their uses and keys that ask a witness, against a software TPM, and other
 * programs that try to use them. */

#define SIGNATURES    12
#define SESSIONS_MANY 100 /* more than a TPM has numbers for */

static const char *program;
static const char *const counted[] = {"UseCounter", "yes", NULL};

struct witness {
        EVP_PKEY *key;
        struct buf spki, text; /* text: base64 */
};

static void witness_start(struct witness *witness)
{
        unsigned char *der = NULL;
        int size;

        *witness = (struct witness){.key = EVP_EC_gen("P-256")};
        assert(witness->key);
        size = i2d_PUBKEY(witness->key, &der);
        assert(size > 0);
        buf_put(&witness->spki, der, (size_t)size);
        base64_encode(&witness->text, buf_view(&witness->spki));
        buf_put_u8(&witness->text, 0);
        OPENSSL_free(der);
}

static void witness_stop(struct witness *witness)
{
        EVP_PKEY_free(witness->key);
        buf_done(&witness->spki);
        buf_done(&witness->text);
}

static void witness_sign(const struct witness *witness, struct view message, struct buf *ret)
{
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        size_t size = 0;
        uint8_t *room;
        int r;

        r = EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, witness->key) == 1 &&
            EVP_DigestSign(context, NULL, &size, message.data, message.size) == 1;
        assert(r);
        room = buf_reserve(ret, size);
        r = room && EVP_DigestSign(context, room, &size, message.data, message.size) == 1;
        assert(r);
        buf_grown(ret, size);
        EVP_MD_CTX_free(context);
}

static void open_with(struct client *client, const char *const *settings)
{
        client_start(client, program);
        expect_integer(client_open(client, "tpm0", settings, NULL), FRAME_OK);
        if (client->reason[0])
                (void)fprintf(stderr, "open: %s\n", client->reason);
}

static void open_tpm(struct client *client, const struct swtpm *swtpm)
{
        const char *const settings[] = {"TCTI", swtpm->tcti, NULL};

        open_with(client, settings);
}

static uint32_t load(struct client *client, const char *algorithm, const struct client_key *key)
{
        uint32_t slot = UINT32_MAX;

        expect_integer(client_load(client, algorithm, buf_view(&key->handle), &slot, NULL),
                       FRAME_OK);
        if (client->reason[0])
                (void)fprintf(stderr, "load: %s\n", client->reason);
        return slot;
}

static void expect_count(struct client *client, uint32_t slot, uint32_t expected)
{
        _cleanup_(buf_done) struct buf attest = {}, signature = {};
        struct attest_count said = {};
        uint32_t found = UINT32_MAX;

        expect_integer(client_count(client, slot, view_string("the head of the journal"), &found,
                                    &attest, &signature),
                       FRAME_OK);
        if (client->reason[0])
                (void)fprintf(stderr, "count: %s\n", client->reason);
        expect_integer(found, expected);
        expect_integer(attest_parse_count(buf_view(&attest), &said, NULL), 0);
        expect_integer(said.uses, expected);
        expect_text(said.head.qualifying, "the head of the journal");
        expect(signature.size > 0);
}

static void sign_some(struct client *client, const char *algorithm, uint32_t slot,
                      const struct client_key *key)
{
        for (int i = 0; i < SIGNATURES; i++)
                keytest_sign(client, algorithm_find(algorithm), slot, buf_view(&key->spki));
}

/* The count goes on over the driver's death, a reset of the TPM and other keys' signatures. */
static void count_uses(struct swtpm *swtpm, const char *algorithm)
{
        struct client_key key = {}, other = {};
        struct client client;
        uint32_t slot, second, plain;

        test_label = algorithm;
        open_tpm(&client, swtpm);
        expect_integer(client_generate_with(&client, algorithm, counted, &key), FRAME_OK);
        expect_integer(client_generate_with(&client, algorithm, counted, &other), FRAME_OK);
        expect_text(view_string(facts_get(&key.facts, "UseCounter")), "0x01d10300");
        expect_text(view_string(facts_get(&other.facts, "UseCounter")), "0x01d10301");
        slot = load(&client, algorithm, &key);
        second = load(&client, algorithm, &other);
        expect_count(&client, slot, 0);
        sign_some(&client, algorithm, slot, &key);
        expect_count(&client, slot, SIGNATURES);
        expect_count(&client, second, 0);
        expect_integer(client_stop(&client), EXIT_SUCCESS);

        swtpm_stop(swtpm);
        swtpm_start(swtpm, "tpm");
        open_tpm(&client, swtpm);
        slot = load(&client, algorithm, &key);
        expect_count(&client, slot, SIGNATURES);
        sign_some(&client, algorithm, slot, &key);
        expect_count(&client, slot, 2 * SIGNATURES);
        expect_integer(client_count(&client, slot + 7, view_of(NULL, 0), &plain, NULL, NULL),
                       FRAME_NO_KEY);
        expect_integer(client_destroy(&client, algorithm, buf_view(&key.handle)), FRAME_OK);
        expect_integer(client_load(&client, algorithm, buf_view(&key.handle), &slot, NULL),
                       FRAME_NO_KEY);
        expect_text(view_string(client.reason), "the TPM has no use counter at 0x01d10300");
        expect_integer(client_destroy(&client, algorithm, buf_view(&other.handle)), FRAME_OK);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        client_key_done(&key);
        client_key_done(&other);
        test_label = "";
}

/* Programs that never end their sessions leave the TPM no number for another one. Those numbers are
 * not handed out again by a restart of the driver. */
static void no_session_left(const struct swtpm *swtpm)
{
        char session[EQUIPMENT_PATH_MAX];
        const char *const start[] = {"tpm2_startauthsession", "--policy-session", "-S",
                                     equipment_path(session, "session"), NULL};
        struct client_key key = {};
        struct client client;
        uint32_t slot;
        int started = 0;

        test_label = "no session left";
        equipment_need("tpm2_startauthsession");
        while (started < SESSIONS_MANY && swtpm_run(swtpm, start) == 0)
                started++;
        expect(started > 0 && started < SESSIONS_MANY);
        open_tpm(&client, swtpm);
        expect_integer(client_generate_with(&client, "ecdsa-p256", counted, &key), FRAME_OK);
        slot = load(&client, "ecdsa-p256", &key);
        sign_some(&client, "ecdsa-p256", slot, &key);
        expect_count(&client, slot, SIGNATURES);
        expect_integer(client_destroy(&client, "ecdsa-p256", buf_view(&key.handle)), FRAME_OK);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        client_key_done(&key);
        test_label = "";
}

static void plain_keys(const struct swtpm *swtpm)
{
        static const char *const unknown[] = {"UseCounter", "no", NULL}, *const bad[] = {
                                                                                 "Witness",
                                                                                 "MAA=", NULL};
        struct client_key key = {};
        struct client client;
        uint32_t slot, count;

        test_label = "plain";
        open_tpm(&client, swtpm);
        expect_integer(client_generate_with(&client, "ecdsa-p256", unknown, &key),
                       FRAME_UNSUPPORTED);
        expect_integer(client_generate_with(&client, "ecdsa-p256", bad, &key), FRAME_UNSUPPORTED);
        expect_integer(client_generate(&client, "ecdsa-p256", "key", &key.handle, &key.spki),
                       FRAME_OK);
        slot = load(&client, "ecdsa-p256", &key);
        expect_integer(client_count(&client, slot, view_of(NULL, 0), &count, NULL, NULL),
                       FRAME_UNSUPPORTED);
        expect_integer(client_sign_with(&client, slot, keytest_digest(algorithm_find("ecdsa-p256")),
                                        view_string("no DER"), NULL),
                       FRAME_REFUSED);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        client_key_done(&key);
        test_label = "";
}

static void authorize(const struct witness *witness, const char *algorithm, const struct gate *gate,
                      const struct client_key *key, struct view digest, struct buf *ret)
{
        _cleanup_(pubkey_freep) struct pubkey *pubkey = NULL;
        uint8_t request[GATE_REQUEST_SIZE];

        expect_integer(pubkey_from_spki(buf_view(&key->spki), &pubkey), 0);
        expect_integer(gate_request(gate, pubkey, algorithm_find(algorithm), digest, request), 0);
        buf_clear(ret);
        witness_sign(witness, view_of(request, sizeof(request)), ret);
}

/* None, garbage, another's, another digest's: nothing is signed, and no use is counted. */
static void refused(struct client *client, const struct witness *witness, const char *algorithm,
                    uint32_t slot, const struct gate *gate, const struct client_key *key)
{
        struct view digest = keytest_digest(algorithm_find(algorithm));
        _cleanup_(buf_done) struct buf authorization = {};
        uint8_t other[DIGEST_SIZE_MAX];
        struct witness stranger;

        expect_integer(client_sign(client, slot, digest, NULL), FRAME_REFUSED);
        expect_integer(client_sign_with(client, slot, digest, view_string("no DER"), NULL),
                       FRAME_REFUSED);
        witness_start(&stranger);
        authorize(&stranger, algorithm, gate, key, digest, &authorization);
        expect_integer(client_sign_with(client, slot, digest, buf_view(&authorization), NULL),
                       FRAME_REFUSED);
        witness_stop(&stranger);
        memcpy(other, digest.data, digest.size);
        other[0] ^= 1;
        authorize(witness, algorithm, gate, key, view_of(other, digest.size), &authorization);
        expect_integer(client_sign_with(client, slot, digest, buf_view(&authorization), NULL),
                       FRAME_REFUSED);
        if (gate->counter)
                expect_count(client, slot, 0);
}

static void allowed(struct client *client, const struct witness *witness, const char *algorithm,
                    uint32_t slot, const struct gate *gate, const struct client_key *key)
{
        struct view digest = keytest_digest(algorithm_find(algorithm));
        _cleanup_(buf_done) struct buf authorization = {}, signature = {};
        _cleanup_(pubkey_freep) struct pubkey *pubkey = NULL;

        authorize(witness, algorithm, gate, key, digest, &authorization);
        for (int i = 0; i < 3; i++) { /* as often as one likes: it is the same digest */
                buf_clear(&signature);
                expect_integer(client_sign_with(client, slot, digest, buf_view(&authorization),
                                                &signature),
                               FRAME_OK);
                if (client->reason[0])
                        (void)fprintf(stderr, "sign: %s\n", client->reason);
        }
        expect_integer(pubkey_from_spki(buf_view(&key->spki), &pubkey), 0);
        expect_integer(
                pubkey_verify(pubkey, algorithm_find(algorithm), digest, buf_view(&signature)), 0);
        expect_integer(gate_verify(gate, pubkey, algorithm_find(algorithm), digest,
                                   buf_view(&authorization)),
                       0);
        if (gate->counter)
                expect_count(client, slot, 3);
}

static void ask_witness(const struct swtpm *swtpm, const char *algorithm, int with_counter)
{
        _cleanup_(gate_done) struct gate gate = {};
        struct client_key key = {};
        struct witness witness;
        struct client client;
        uint32_t slot;

        test_label = algorithm;
        witness_start(&witness);
        open_tpm(&client, swtpm);
        expect_integer(
                client_generate_with(&client, algorithm,
                                     (const char *const[]){"Witness", (char *)witness.text.data,
                                                           with_counter ? "UseCounter" : NULL,
                                                           "yes", NULL},
                                     &key),
                FRAME_OK);
        expect_integer(gate_set_witness(&gate, buf_view(&witness.spki)), 0);
        if (with_counter)
                expect_integer(
                        gate_counter_parse(facts_get(&key.facts, "UseCounter"), &gate.counter), 0);
        slot = load(&client, algorithm, &key);
        refused(&client, &witness, algorithm, slot, &gate, &key);
        allowed(&client, &witness, algorithm, slot, &gate, &key);
        expect_integer(client_destroy(&client, algorithm, buf_view(&key.handle)), FRAME_OK);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        client_key_done(&key);
        witness_stop(&witness);
        test_label = "";
}

/* The counter has the authorization of the keys, and whoever makes or removes one needs the
 * owner's.
 */
static void secrets(const struct swtpm *swtpm)
{
        char pin[EQUIPMENT_PATH_MAX], owner[EQUIPMENT_PATH_MAX];
        const char *const settings[] = {"TCTI",      swtpm->tcti,
                                        "PinFile",   equipment_path(pin, "pin"),
                                        "OwnerFile", equipment_path(owner, "owner"),
                                        NULL};
        const char *const without[] = {"TCTI", swtpm->tcti, "OwnerFile", owner, NULL};
        const char *const change[] = {"tpm2_changeauth", "-c", "owner", "the owner", NULL};
        struct client_key key = {};
        struct client client;
        uint32_t slot;

        test_label = "secrets";
        equipment_need("tpm2_changeauth");
        equipment_write("pin", 0600, "0123456789abcdef\n");
        equipment_write("owner", 0600, "the owner\n");
        expect_integer(swtpm_run(swtpm, change), 0);
        open_with(&client, settings);
        expect_integer(client_generate_with(&client, "ecdsa-p256", counted, &key), FRAME_OK);
        slot = load(&client, "ecdsa-p256", &key);
        sign_some(&client, "ecdsa-p256", slot, &key);
        expect_count(&client, slot, SIGNATURES);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        open_with(&client, without);
        expect_integer(client_load(&client, "ecdsa-p256", buf_view(&key.handle), &slot, NULL),
                       FRAME_WRONG_PIN);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        open_with(&client, settings);
        slot = load(&client, "ecdsa-p256", &key);
        expect_count(&client, slot, SIGNATURES);
        expect_integer(client_destroy(&client, "ecdsa-p256", buf_view(&key.handle)), FRAME_OK);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        client_key_done(&key);
        test_label = "";
}

static void speed(const struct swtpm *swtpm)
{
        struct client_key key = {};
        struct client client;
        uint32_t slot;

        open_tpm(&client, swtpm);
        expect_integer(client_generate_with(&client, "ecdsa-p256", counted, &key), FRAME_OK);
        slot = load(&client, "ecdsa-p256", &key);
        keytest_speed(&client, algorithm_find("ecdsa-p256"), slot, 300, 4);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        client_key_done(&key);
}

int main(int argc, char **argv)
{
        struct swtpm swtpm;

        if (argc != 2)
                return EXIT_FAILURE;
        program = argv[1];
        swtpm_start(&swtpm, "tpm");
        count_uses(&swtpm, "ecdsa-p256");
        count_uses(&swtpm, "ecdsa-p384");
        count_uses(&swtpm, "rsa-2048");
        no_session_left(&swtpm);
        plain_keys(&swtpm);
        ask_witness(&swtpm, "ecdsa-p256", 0);
        ask_witness(&swtpm, "rsa-2048-pss", 1);
        speed(&swtpm);
        secrets(&swtpm);
        return test_result() == 0 && keytest_result() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
