/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/pubkey.h"
#include "tests/driver/equipment.h"
#include "tests/driver/keytest.h"
#include "tests/test.h"
#include "tests/unit/edit.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PIN "a user pin"

static const char *program, *module;
static char card[PATH_MAX];
static char pin_file[EQUIPMENT_PATH_MAX];

static const char *right_settings[] = {"Module",  NULL,     "TokenLabel", "one two",
                                       "PinFile", pin_file, NULL};

static void open_token(struct client *client, struct facts *ret_facts)
{
        client_start(client, program);
        expect_integer(client_open(client, "hsm", right_settings, ret_facts), FRAME_OK);
        if (client->reason[0])
                (void)fprintf(stderr, "open: %s\n", client->reason);
}

static void expect_facts(const struct facts *facts)
{
        static const char *const names[] = {"label",    "manufacturer", "model",     "serial",
                                            "firmware", "library",      "algorithms"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                test_label = names[i];
                expect(facts_get(facts, names[i]) != NULL);
        }
        test_label = "";
        expect(facts_get(facts, "label") && string_equal(facts_get(facts, "label"), "one two"));
        expect(facts_get(facts, "pin") && string_equal(facts_get(facts, "pin"), "ok"));
}

/* Two processes with a session each, as the workers of a token are: what one makes, the other
 * finds. */
static void one_algorithm(struct client *maker, struct client *other,
                          const struct algorithm *algorithm)
{
        _cleanup_(buf_done) struct buf handle = BUF_INIT(0), spki = BUF_INIT(0);
        struct client fresh;
        uint32_t slot;

        test_label = algorithm->name;
        expect_integer(client_generate(maker, algorithm->name, algorithm->name, &handle, &spki),
                       FRAME_OK);
        expect_integer(client_generate(maker, algorithm->name, algorithm->name, NULL, NULL),
                       FRAME_EXISTS);
        keytest_load_and_sign(maker, algorithm, buf_view(&handle), buf_view(&spki));
        keytest_load_and_sign(other, algorithm, buf_view(&handle), buf_view(&spki));
        open_token(&fresh, NULL);
        keytest_load_and_sign(&fresh, algorithm, buf_view(&handle), buf_view(&spki));
        expect_integer(client_destroy(&fresh, algorithm->name, buf_view(&handle)), FRAME_OK);
        expect_integer(client_destroy(&fresh, algorithm->name, buf_view(&handle)), FRAME_OK);
        expect_integer(client_sign(&fresh, 0, keytest_digest(algorithm), NULL), FRAME_NO_KEY);
        expect_integer(client_load(&fresh, algorithm->name, buf_view(&handle), &slot, NULL),
                       FRAME_NO_KEY);
        expect_integer(client_stop(&fresh), EXIT_SUCCESS);
        test_label = "";
}

static void each_algorithm(void)
{
        _cleanup_(facts_done) struct facts facts = {0};
        const struct algorithm *algorithm;
        const char *names;
        struct client maker, other;

        open_token(&maker, &facts);
        open_token(&other, NULL);
        expect_facts(&facts);
        names = facts_get(&facts, "algorithms");
        for (size_t i = 0; names && (algorithm = algorithm_at(i)); i++) {
                expect(keytest_has_name(names, algorithm->name));
                one_algorithm(&maker, &other, algorithm);
        }
        expect_integer(client_stop(&maker), EXIT_SUCCESS);
        expect_integer(client_stop(&other), EXIT_SUCCESS);
}

static void expect_signed(struct client *client, uint32_t slot, struct pubkey *key, size_t size)
{
        static const uint8_t bytes[ALGORITHM_MESSAGE_MAX];
        _cleanup_(buf_done) struct buf signature = BUF_INIT(0);
        struct view message = view_of(bytes, size);

        expect_integer(client_sign(client, slot, message, &signature), FRAME_OK);
        expect_integer(pubkey_verify_message(key, algorithm_find("ed25519"), message,
                                             buf_view(&signature)),
                       0);
}

/* From none to as many bytes as there may be. */
static void messages(void)
{
        static const uint8_t too_long[ALGORITHM_MESSAGE_MAX + 1];
        _cleanup_(buf_done) struct buf handle = BUF_INIT(0), spki = BUF_INIT(0);
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        struct client client;
        uint32_t slot = 0;

        open_token(&client, NULL);
        test_label = "messages";
        expect_integer(client_generate(&client, "ed25519", "messages", &handle, &spki), FRAME_OK);
        expect_integer(client_load(&client, "ed25519", buf_view(&handle), &slot, NULL), FRAME_OK);
        expect_integer(pubkey_from_spki(buf_view(&spki), &key), 0);
        expect_signed(&client, slot, key, 0);
        expect_signed(&client, slot, key, 1);
        expect_signed(&client, slot, key, ALGORITHM_MESSAGE_MAX);
        expect_integer(client_sign(&client, slot, view_of(too_long, sizeof(too_long)), NULL),
                       FRAME_BAD_REQUEST);
        expect(strstr(client.reason, "the message has 8193 bytes, ed25519 signs 8192 at most") !=
               NULL);
        /* The key is of another kind than it is said to be. */
        expect_integer(client_load(&client, "ecdsa-p256", buf_view(&handle), &slot, NULL),
                       FRAME_MISMATCH);
        expect_integer(client_destroy(&client, "ed25519", buf_view(&handle)), FRAME_OK);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        test_label = "";
}

static void refusals(void)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");
        _cleanup_(buf_done) struct buf handle = BUF_INIT(0), spki = BUF_INIT(0);
        struct client client;
        uint32_t slot = 0;

        open_token(&client, NULL);
        expect_integer(client_generate(&client, algorithm->name, "refusals", &handle, &spki),
                       FRAME_OK);
        expect_integer(client_load(&client, "ecdsa-p384", buf_view(&handle), &slot, NULL),
                       FRAME_MISMATCH);
        expect_integer(client_load(&client, "rsa-2048", buf_view(&handle), &slot, NULL),
                       FRAME_MISMATCH);
        expect_integer(client_load(&client, algorithm->name, buf_view(&handle), &slot, NULL),
                       FRAME_OK);
        keytest_refusals(&client, algorithm, slot);
        expect_integer(client_load(&client, algorithm->name,
                                   view_string("id=00112233445566778899aabbccddeeff\n"), &slot,
                                   NULL),
                       FRAME_NO_KEY);
        keytest_sign(&client, algorithm, 0, buf_view(&spki));
        expect_integer(client_stop(&client), EXIT_SUCCESS);
}

/* A key that came from outside, or may leave, is not taken for one of ours. */
static void foreign_key(void)
{
        char file[EQUIPMENT_PATH_MAX];
        const char *const make[] = {"openssl", "genpkey",  "-algorithm",
                                    "EC",      "-pkeyopt", "ec_paramgen_curve:P-256",
                                    "-out",    file,       NULL};
        const char *const import[] = {"softhsm2-util",
                                      "--import",
                                      file,
                                      "--token",
                                      "one two",
                                      "--pin",
                                      PIN,
                                      "--label",
                                      "imported",
                                      "--id",
                                      "000102030405060708090a0b0c0d0e0f",
                                      NULL};
        struct client client;
        uint32_t slot;

        equipment_path(file, "imported.pem");
        expect_integer(equipment_run(make), 0);
        expect_integer(equipment_run(import), 0);
        open_token(&client, NULL);
        expect_integer(client_load(&client, "ecdsa-p256",
                                   view_string("id=000102030405060708090a0b0c0d0e0f\n"), &slot,
                                   NULL),
                       FRAME_MISMATCH);
        expect(strstr(client.reason, "never leaves the token") != NULL);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
}

/* A key that wants the PIN again for each signature, made with another tool. */
static void always_authenticate(void)
{
        static const char *const make[] = {"pkcs11-tool",
                                           "--module",
                                           NULL,
                                           "--login",
                                           "--pin",
                                           PIN,
                                           "--token-label",
                                           "one two",
                                           "--keypairgen",
                                           "--key-type",
                                           "EC:prime256v1",
                                           "--usage-sign",
                                           "--sensitive",
                                           "--always-auth",
                                           "--label",
                                           "always",
                                           "--id",
                                           "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
                                           NULL};
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");
        _cleanup_(buf_done) struct buf spki = BUF_INIT(0);
        const char *arguments[ARRAY_SIZE(make)];
        struct client client;
        uint32_t slot = 0;

        memcpy(arguments, make, sizeof(make));
        arguments[2] = module;
        equipment_need("pkcs11-tool");
        expect_integer(equipment_run(arguments), 0);
        open_token(&client, NULL);
        expect_integer(client_load(&client, algorithm->name,
                                   view_string("id=a0a1a2a3a4a5a6a7a8a9aaabacadaeaf\n"), &slot,
                                   &spki),
                       FRAME_OK);
        keytest_sign(&client, algorithm, slot, buf_view(&spki));
        keytest_sign(&client, algorithm, slot, buf_view(&spki));
        expect_integer(client_stop(&client), EXIT_SUCCESS);
}

static void open_card(struct client *client, uint32_t *ret_slot)
{
        const char *const settings[] = {"Module",  card,     "TokenLabel", "one two",
                                        "PinFile", pin_file, NULL};

        client_start(client, program);
        expect_integer(client_open(client, "hsm", settings, NULL), FRAME_OK);
        expect_integer(client_load(client, "ecdsa-p256",
                                   view_string("id=a0a1a2a3a4a5a6a7a8a9aaabacadaeaf\n"), ret_slot,
                                   NULL),
                       FRAME_OK);
}

static off_t count_logins(void)
{
        char path[EQUIPMENT_PATH_MAX];
        struct stat status;

        return stat(equipment_path(path, "tries.logins"), &status) < 0 ? -1 : status.st_size;
}

static void expect_sign(struct client *client, uint32_t slot, int status, const char *reason,
                        off_t logins)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");

        test_label = reason;
        expect_integer(client_sign(client, slot, keytest_digest(algorithm), NULL), status);
        expect(strstr(client->reason, reason) != NULL);
        expect_integer(count_logins(), logins);
        test_label = "";
}

/* The PIN for a single signature is a try like any other. */
static void refused_while_signing(void)
{
        char tries[EQUIPMENT_PATH_MAX], changed[EQUIPMENT_PATH_MAX];
        struct client client;
        uint32_t slot = 0;

        if (setenv("CARD_MODULE", module, 1) < 0 ||
            setenv("CARD_TRIES", equipment_path(tries, "tries"), 1) < 0)
                expect(!"the environment can be set");
        open_card(&client, &slot);
        expect_sign(&client, slot, FRAME_OK, "", 2);
        equipment_write("tries.changed", 0600, "");
        expect_sign(&client, slot, FRAME_WRONG_PIN, "CKR_PIN_INCORRECT", 3);
        expect_sign(&client, slot, FRAME_WRONG_PIN, "the token has refused this PIN before", 3);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        expect_integer(unlink(equipment_path(changed, "tries.changed")), 0);
        open_card(&client, &slot);
        equipment_write("tries", 0600, "1");
        expect_sign(&client, slot, FRAME_WRONG_PIN, "the token locks with the next wrong PIN", 4);
        equipment_write("tries", 0600, "0");
        expect_sign(&client, slot, FRAME_LOCKED_OUT, "the user PIN is locked", 4);
        equipment_write("tries", 0600, "3");
        expect_sign(&client, slot, FRAME_OK, "", 5);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
}

static _Noreturn void be_agent(void)
{
        struct client client;
        uint32_t slot;

        open_card(&client, &slot);
        exit(EXIT_FAILURE); /* not reached: the card kills its driver's agent */
}

/* The agent is killed while the token is given its PIN: the login is finished, then the driver
 * ends. */
static void orphaned_while_logging_in(void)
{
        char finished[EQUIPMENT_PATH_MAX];
        int fds[2], status = 0;
        pid_t agent;
        char byte;

        if (setenv("CARD_ORPHAN", equipment_path(finished, "finished"), 1) < 0 || pipe(fds) < 0)
                expect(!"there is a pipe");
        agent = fork();
        if (agent == 0)
                be_agent();
        (void)close(fds[1]);
        expect(agent > 0 && waitpid(agent, &status, 0) == agent);
        expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        expect_integer(read(fds[0], &byte, 1), 0); /* nobody has the other end any more */
        expect_integer(access(finished, F_OK), 0);
        (void)close(fds[0]);
        (void)unsetenv("CARD_ORPHAN");
}

/* What a token says of itself in other bytes than UTF-8 keeps nobody from asking. */
static void odd_name(void)
{
        const char *const settings[] = {"Module",  card,     "TokenLabel", "one two",
                                        "PinFile", pin_file, NULL};
        _cleanup_(facts_done) struct facts facts = {};
        _cleanup_(buf_done) struct buf text = {};
        struct client client;
        uint32_t slot = 0;

        if (setenv("CARD_ODD", "yes", 1) < 0)
                expect(!"the environment can be set");
        client_start(&client, program);
        expect_integer(client_open(&client, "hsm", settings, &facts), FRAME_OK);
        expect_text(view_string(facts_get(&facts, "manufacturer")), "Schl?ssel?[1m");
        expect_integer(client_load(&client, "ecdsa-p256",
                                   view_string("id=a0a1a2a3a4a5a6a7a8a9aaabacadaeaf\n"), &slot,
                                   NULL),
                       FRAME_OK);
        expect_integer(client_attest(&client, slot, &(struct evidence_question){}, &text),
                       FRAME_OK);
        buf_put_u8(&text, '\0');
        expect_contains((const char *)text.data, "\"manufacturer\":\"Schl?ssel?[1m\"");
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        (void)unsetenv("CARD_ODD");
}

static void expect_open(const char *const *settings, int status, const char *reason)
{
        struct client client;

        test_label = reason;
        client_start(&client, program);
        expect_integer(client_open(&client, "hsm", settings, NULL), status);
        expect(strstr(client.reason, reason) != NULL);
        if (!strstr(client.reason, reason))
                (void)fprintf(stderr, "reason: %s\n", client.reason);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        test_label = "";
}

static void bad_settings(void)
{
        char text_file[EQUIPMENT_PATH_MAX];
        const struct {
                const char *settings[9];
                int status;
                const char *reason;
        } rows[] = {
                {{NULL}, FRAME_BAD_REQUEST, "Module="},
                {{"Module", "libsofthsm2.so", NULL}, FRAME_BAD_REQUEST, "absolute path"},
                {{"Module", module, NULL}, FRAME_BAD_REQUEST, "TokenLabel="},
                {{"Module", module, "TCTI", "x", NULL}, FRAME_BAD_REQUEST, "TCTI="},
                {{"Module", "/nonexistent/module.so", "TokenLabel", "x", NULL},
                 FRAME_GONE,
                 "/nonexistent/module.so"},
                {{"Module", text_file, "TokenLabel", "x", NULL}, FRAME_GONE, "cannot be loaded"},
                {{"Module", "/", "TokenLabel", "x", NULL}, FRAME_GONE, "cannot be loaded"},
                {{"Module", module, "TokenLabel", "absent", "PinFile", pin_file, NULL},
                 FRAME_GONE,
                 "no token TokenLabel=absent; the module has: \""},
                {{"Module", module, "TokenLabel", "absent", "PinFile", pin_file, NULL},
                 FRAME_GONE,
                 "\"one two\" ("},
                {{"Module", module, "TokenLabel", "twice", "PinFile", pin_file, NULL},
                 FRAME_GONE,
                 "more than one token TokenLabel=twice"},
                {{"Module", module, "TokenSerial", "0", "PinFile", pin_file, NULL},
                 FRAME_GONE,
                 "no token TokenSerial=0"},
                {{"Module", module, "TokenLabel", "one two", NULL},
                 FRAME_WRONG_PIN,
                 "no credential hsm.pin and no PinFile="},
                {{"Module", module, "TokenLabel", "one two", "PinFile", "/nonexistent/pin", NULL},
                 FRAME_WRONG_PIN,
                 "/nonexistent/pin"},
        };

        equipment_write("text", 0600, "this is no library\n");
        equipment_path(text_file, "text");
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                expect_open(rows[i].settings, rows[i].status, rows[i].reason);
}

static unsigned count_in_file(const char *name, const char *word)
{
        char path[EQUIPMENT_PATH_MAX], line[1024];
        unsigned count = 0;
        FILE *file = fopen(equipment_path(path, name), "re");

        while (file && fgets(line, sizeof(line), file))
                count += strstr(line, word) != NULL;
        if (file)
                (void)fclose(file);
        return count;
}

static const char *spy_module(void)
{
        static const char *const places[] = {"/usr/lib/x86_64-linux-gnu/pkcs11-spy.so",
                                             "/usr/lib/aarch64-linux-gnu/pkcs11-spy.so",
                                             "/usr/lib64/pkcs11-spy.so"};

        for (size_t i = 0; i < ARRAY_SIZE(places); i++)
                if (access(places[i], R_OK) == 0)
                        return places[i];
        return NULL;
}

/* OpenSC's spy sits between driver and module and writes down every call. */
static void one_attempt_with_spy(const char *wrong_pin)
{
        const char *spy = spy_module();
        char output[EQUIPMENT_PATH_MAX], options[2 * EQUIPMENT_PATH_MAX];
        const char *const settings[] = {"Module",  spy,       "TokenLabel", "one two",
                                        "PinFile", wrong_pin, NULL};
        struct client client;

        if (!spy) {
                (void)printf("skipped: counting logins needs OpenSC's pkcs11-spy\n");
                return;
        }
        if (setenv("PKCS11SPY", module, 1) < 0 ||
            setenv("PKCS11SPY_OUTPUT", equipment_path(output, "spy.log"), 1) < 0)
                expect(!"the environment can be set");
        /* The spy leaks a few bytes of its own, which fails the driver under AddressSanitizer. */
        equipment_write("leaks", 0600, "leak:pkcs11-spy.so\n");
        (void)snprintf(options, sizeof(options), "suppressions=%s/leaks:print_suppressions=0",
                       equipment_folder());
        if (setenv("LSAN_OPTIONS", options, 1) < 0)
                expect(!"the environment can be set");
        client_start(&client, program);
        expect_integer(client_open(&client, "hsm", settings, NULL), FRAME_WRONG_PIN);
        expect_integer(client_probe(&client, NULL), FRAME_BAD_REQUEST);
        expect_integer(client_open(&client, "hsm", settings, NULL), FRAME_BAD_REQUEST);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        expect_integer(count_in_file("spy.log", ": C_Login"), 1);
        (void)unsetenv("LSAN_OPTIONS");
}

static void wrong_pin(void)
{
        char wrong[EQUIPMENT_PATH_MAX], open[EQUIPMENT_PATH_MAX], empty[EQUIPMENT_PATH_MAX];
        const char *wrong_settings[] = {"Module",  module, "TokenLabel", "one two",
                                        "PinFile", wrong,  NULL};
        struct client client;

        equipment_write("wrong.pin", 0600, "another pin\n");
        equipment_write("open.pin", 0640, PIN "\n");
        equipment_write("empty.pin", 0600, "\n");
        equipment_write_bytes("zero.pin", 0600, view_of("a\0user pin", 10));
        equipment_path(wrong, "wrong.pin");
        expect_open(wrong_settings, FRAME_WRONG_PIN, "CKR_PIN_INCORRECT");
        one_attempt_with_spy(wrong);
        wrong_settings[5] = equipment_path(open, "open.pin");
        expect_open(wrong_settings, FRAME_WRONG_PIN, "mode 0600");
        wrong_settings[5] = equipment_path(empty, "empty.pin");
        expect_open(wrong_settings, FRAME_WRONG_PIN, "empty");
        wrong_settings[5] = equipment_path(empty, "zero.pin");
        expect_open(wrong_settings, FRAME_WRONG_PIN, "zero byte");
        wrong_settings[5] = equipment_folder();
        expect_open(wrong_settings, FRAME_WRONG_PIN, "regular file");
        open_token(&client, NULL);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
}

/* The systemd credential comes before PinFile=. */
static void credential(void)
{
        const char *const settings[] = {"Module", module, "TokenLabel", "one two", NULL};
        struct client client;

        equipment_write("hsm.pin", 0400, PIN);
        if (setenv("CREDENTIALS_DIRECTORY", equipment_folder(), 1) < 0)
                expect(!"the environment can be set");
        client_start(&client, program);
        expect_integer(client_open(&client, "hsm", settings, NULL), FRAME_OK);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        client_start(&client, program);
        expect_integer(client_open(&client, "../hsm", settings, NULL), FRAME_WRONG_PIN);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        (void)unsetenv("CREDENTIALS_DIRECTORY");
}

static void killed_driver(void)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");
        _cleanup_(buf_done) struct buf handle = BUF_INIT(0), spki = BUF_INIT(0);
        struct client client;

        open_token(&client, NULL);
        expect_integer(client_generate(&client, algorithm->name, "killed", &handle, &spki),
                       FRAME_OK);
        expect_integer(kill(client.pid, SIGKILL), 0);
        expect_integer(client_stop(&client), 128 + SIGKILL);
        open_token(&client, NULL);
        keytest_load_and_sign(&client, algorithm, buf_view(&handle), buf_view(&spki));
        expect_integer(client_stop(&client), EXIT_SUCCESS);
}

static void speed(void)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");
        _cleanup_(buf_done) struct buf handle = BUF_INIT(0);
        struct client client;
        uint32_t slot;

        open_token(&client, NULL);
        expect_integer(client_generate(&client, algorithm->name, "speed", &handle, NULL), FRAME_OK);
        expect_integer(client_load(&client, algorithm->name, buf_view(&handle), &slot, NULL),
                       FRAME_OK);
        keytest_speed(&client, algorithm, slot, 2000, 1);
        keytest_speed(&client, algorithm, slot, 5000, 16);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
        if (argc != 3 || !realpath(argv[2], card))
                return EXIT_FAILURE;
        program = argv[1];
        module = softhsm_module();
        right_settings[1] = module;
        softhsm_add_token("one two", PIN);
        softhsm_add_token("twice", PIN);
        softhsm_add_token("twice", PIN);
        equipment_write("right.pin", 0600, PIN "\n");
        equipment_path(pin_file, "right.pin");
        keytest_protocol(program, right_settings);
        each_algorithm();
        messages();
        refusals();
        foreign_key();
        always_authenticate();
        refused_while_signing();
        orphaned_while_logging_in();
        odd_name();
        bad_settings();
        wrong_pin();
        credential();
        killed_driver();
        speed();
        return test_result() == 0 && keytest_result() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
