/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/pubkey.h"
#include "tests/driver/equipment.h"
#include "tests/driver/keytest.h"
#include "tests/test.h"

#include <errno.h>
#include <signal.h>

#define KEYS_MANY 7 /* more than fit into a TPM at a time */

static const char *program;

static void open_tpm(struct client *client, const struct swtpm *swtpm, struct facts *ret_facts)
{
        const char *const settings[] = {"TCTI", swtpm->tcti, NULL};

        client_start(client, program);
        expect_integer(client_open(client, "tpm0", settings, ret_facts), FRAME_OK);
        if (client->reason[0])
                (void)fprintf(stderr, "open: %s\n", client->reason);
}

static void expect_facts(const struct facts *facts)
{
        static const char *const names[] = {"manufacturer", "model",           "firmware",
                                            "revision",     "lockout-counter", "lockout-max",
                                            "audit",        "algorithms"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                test_label = names[i];
                expect(facts_get(facts, names[i]) != NULL);
        }
        test_label = "";
        if (facts_get(facts, "audit"))
                expect_text(view_string(facts_get(facts, "audit")), "yes");
}

/* Made in one process, used there, and in another one that knows the handle only. */
static void one_algorithm(const struct swtpm *swtpm, const struct algorithm *algorithm)
{
        _cleanup_(buf_done) struct buf handle = BUF_INIT(0), spki = BUF_INIT(0);
        struct client client;

        test_label = algorithm->name;
        open_tpm(&client, swtpm, NULL);
        expect_integer(client_generate(&client, algorithm->name, "key", &handle, &spki), FRAME_OK);
        keytest_load_and_sign(&client, algorithm, buf_view(&handle), buf_view(&spki));
        expect_integer(client_stop(&client), EXIT_SUCCESS);

        open_tpm(&client, swtpm, NULL);
        keytest_load_and_sign(&client, algorithm, buf_view(&handle), buf_view(&spki));
        expect_integer(client_destroy(&client, algorithm->name, buf_view(&handle)), FRAME_OK);
        expect_integer(client_sign(&client, 0, keytest_digest(algorithm), NULL), FRAME_NO_KEY);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        test_label = "";
}

static void each_algorithm(const struct swtpm *swtpm)
{
        _cleanup_(facts_done) struct facts facts = {0};
        const struct algorithm *algorithm;
        const char *names;
        struct client client;

        open_tpm(&client, swtpm, &facts);
        expect_facts(&facts);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        names = facts_get(&facts, "algorithms");
        expect(names && keytest_has_name(names, "ecdsa-p256"));
        for (size_t i = 0; names && (algorithm = algorithm_at(i)); i++)
                if (keytest_has_name(names, algorithm->name))
                        one_algorithm(swtpm, algorithm);
                else
                        (void)printf("this software TPM has no %s\n", algorithm->name);
}

/* A handle with one character changed anywhere is no handle: not loaded, not crashed over. */
static void damaged_handles(struct client *client, const struct algorithm *algorithm,
                            struct view handle)
{
        for (size_t i = 0; i < handle.size; i += 7) {
                _cleanup_(freep) char *copy = view_dup(handle);
                uint32_t slot;
                int status;

                copy[i] = copy[i] == 'A' ? 'B' : 'A';
                status = client_load(client, algorithm->name, view_of(copy, handle.size), &slot,
                                     NULL);
                expect(status == FRAME_MISMATCH || status == FRAME_NO_KEY);
        }
}

static void refusals(const struct swtpm *swtpm)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");
        _cleanup_(buf_done) struct buf handle = BUF_INIT(0), spki = BUF_INIT(0);
        struct client client;
        uint32_t slot = 0;

        open_tpm(&client, swtpm, NULL);
        expect_integer(client_generate(&client, algorithm->name, "key", &handle, &spki), FRAME_OK);
        expect_integer(client_load(&client, "ecdsa-p384", buf_view(&handle), &slot, NULL),
                       FRAME_MISMATCH);
        expect_integer(client_load(&client, "rsa-2048", buf_view(&handle), &slot, NULL),
                       FRAME_MISMATCH);
        expect_integer(client_load(&client, algorithm->name, buf_view(&handle), &slot, NULL),
                       FRAME_OK);
        keytest_refusals(&client, algorithm, slot);
        damaged_handles(&client, algorithm, buf_view(&handle));
        keytest_sign(&client, algorithm, slot, buf_view(&spki));
        expect_integer(client_stop(&client), EXIT_SUCCESS);
}

static void another_tpm(const struct swtpm *swtpm, const struct swtpm *other)
{
        _cleanup_(buf_done) struct buf handle = BUF_INIT(0);
        struct client client;
        uint32_t slot;

        open_tpm(&client, other, NULL);
        expect_integer(client_generate(&client, "ecdsa-p256", "key", &handle, NULL), FRAME_OK);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        open_tpm(&client, swtpm, NULL);
        expect_integer(client_load(&client, "ecdsa-p256", buf_view(&handle), &slot, NULL),
                       FRAME_NO_KEY);
        expect(strstr(client.reason, "another TPM") != NULL);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
}

struct many {
        struct buf handle, spki;
        uint32_t slot;
};

static void load_many(struct client *client, struct many *keys)
{
        for (size_t i = 0; i < KEYS_MANY; i++) {
                keys[i] = (struct many){.handle = BUF_INIT(0), .spki = BUF_INIT(0)};
                expect_integer(client_generate(client, "ecdsa-p256", "key", &keys[i].handle,
                                               &keys[i].spki),
                               FRAME_OK);
                expect_integer(client_load(client, "ecdsa-p256", buf_view(&keys[i].handle),
                                           &keys[i].slot, NULL),
                               FRAME_OK);
                expect_integer(keys[i].slot, i);
        }
}

static void many_keys(const struct swtpm *swtpm)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");
        struct many keys[KEYS_MANY];
        struct client client;
        uint32_t slot;

        open_tpm(&client, swtpm, NULL);
        load_many(&client, keys);
        for (size_t i = 0; i < 4 * KEYS_MANY; i++) {
                const struct many *key = &keys[i * 3 % KEYS_MANY];

                keytest_sign(&client, algorithm, key->slot, buf_view(&key->spki));
        }
        expect_integer(
                client_load(&client, algorithm->name, buf_view(&keys[2].handle), &slot, NULL),
                FRAME_OK);
        expect_integer(slot, 2);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        for (size_t i = 0; i < KEYS_MANY; i++) {
                buf_done(&keys[i].handle);
                buf_done(&keys[i].spki);
        }
}

/* A killed driver cannot empty the TPM; its successors do. */
static void killed_drivers(const struct swtpm *swtpm)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");
        _cleanup_(buf_done) struct buf handle = BUF_INIT(0), spki = BUF_INIT(0);
        struct client client;

        open_tpm(&client, swtpm, NULL);
        expect_integer(client_generate(&client, algorithm->name, "key", &handle, &spki), FRAME_OK);
        for (int i = 0; i < 5; i++) {
                keytest_load_and_sign(&client, algorithm, buf_view(&handle), buf_view(&spki));
                expect_integer(kill(client.pid, SIGTERM), 0);
                keytest_sign(&client, algorithm, 0, buf_view(&spki));
                expect_integer(kill(client.pid, SIGKILL), 0);
                expect_integer(client_stop(&client), 128 + SIGKILL);
                open_tpm(&client, swtpm, NULL);
        }
        keytest_load_and_sign(&client, algorithm, buf_view(&handle), buf_view(&spki));
        expect_integer(client_stop(&client), EXIT_SUCCESS);
}

static void stopped_tpm(struct swtpm *swtpm)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");
        _cleanup_(buf_done) struct buf handle = BUF_INIT(0), spki = BUF_INIT(0);
        struct client client;
        uint32_t slot;

        open_tpm(&client, swtpm, NULL);
        expect_integer(client_generate(&client, algorithm->name, "key", &handle, &spki), FRAME_OK);
        expect_integer(client_load(&client, algorithm->name, buf_view(&handle), &slot, NULL),
                       FRAME_OK);
        swtpm_stop(swtpm);
        test_label = "stopped";
        expect_integer(client_sign(&client, slot, keytest_digest(algorithm), NULL), FRAME_GONE);
        expect_integer(client_sign(&client, slot, keytest_digest(algorithm), NULL), FRAME_GONE);
        expect_integer(client_probe(&client, NULL), FRAME_GONE);
        expect_integer(client_stop(&client), EXIT_SUCCESS);

        swtpm_start(swtpm, "tpm");
        open_tpm(&client, swtpm, NULL);
        keytest_load_and_sign(&client, algorithm, buf_view(&handle), buf_view(&spki));
        expect_integer(client_stop(&client), EXIT_SUCCESS);
}

static void bad_settings(void)
{
        static const struct {
                const char *settings[5];
                int status;
                const char *reason;
        } rows[] = {
                {{NULL}, FRAME_BAD_REQUEST, "TCTI= is missing"},
                {{"TCTI", "cmd:touch /tmp/x", NULL}, FRAME_BAD_REQUEST, "must begin with"},
                {{"TCTI", "/tmp/library.so:x", NULL}, FRAME_BAD_REQUEST, "must begin with"},
                {{"TCTI", "", NULL}, FRAME_BAD_REQUEST, "must begin with"},
                {{"TCTI", "device:/dev/null/tpm", NULL}, FRAME_GONE, "/dev/null/tpm"},
                {{"TCTI", "swtpm:path=/nonexistent/socket", NULL}, FRAME_GONE, "/nonexistent"},
                {{"TCTI", "device:/dev/tpm0", "Module", "x", NULL}, FRAME_BAD_REQUEST, "Module"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct client client;

                test_label = rows[i].reason;
                client_start(&client, program);
                expect_integer(client_open(&client, "tpm0", rows[i].settings, NULL),
                               rows[i].status);
                expect(strstr(client.reason, rows[i].reason) != NULL);
                expect_integer(client_stop(&client), EXIT_SUCCESS);
        }
        test_label = "";
}

static void speed(const struct swtpm *swtpm)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");
        _cleanup_(buf_done) struct buf handle = BUF_INIT(0);
        struct client client;
        uint32_t slot;

        open_tpm(&client, swtpm, NULL);
        expect_integer(client_generate(&client, algorithm->name, "key", &handle, NULL), FRAME_OK);
        expect_integer(client_load(&client, algorithm->name, buf_view(&handle), &slot, NULL),
                       FRAME_OK);
        keytest_speed(&client, algorithm, slot, 500, 1);
        keytest_speed(&client, algorithm, slot, 500, 8);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
        struct swtpm swtpm, other;
        char settings_tcti[EQUIPMENT_PATH_MAX];
        const char *const settings[] = {"TCTI", settings_tcti, NULL};

        if (argc != 2)
                return EXIT_FAILURE;
        program = argv[1];
        swtpm_start(&swtpm, "tpm");
        swtpm_start(&other, "other");
        (void)snprintf(settings_tcti, sizeof(settings_tcti), "%s", swtpm.tcti);
        bad_settings();
        keytest_protocol(program, settings);
        each_algorithm(&swtpm);
        refusals(&swtpm);
        another_tpm(&swtpm, &other);
        many_keys(&swtpm);
        killed_drivers(&swtpm);
        stopped_tpm(&swtpm);
        speed(&swtpm);
        return test_result() == 0 && keytest_result() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
