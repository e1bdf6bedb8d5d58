/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/pubkey.h"
#include "tests/driver/equipment.h"
#include "tests/driver/keytest.h"
#include "tests/test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static const char *program;

static int open_fake(struct client *client, const char *rules)
{
        char path[EQUIPMENT_PATH_MAX];
        const char *const settings[] = {"Script", equipment_path(path, "script"), NULL};

        equipment_write("script", 0600, rules);
        client_start(client, program);
        return client_open(client, "fake", settings, NULL);
}

static void each_algorithm(void)
{
        static const char *const names[] = {"ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-2048-pss"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const struct algorithm *algorithm = algorithm_find(names[i]);
                _cleanup_(buf_done) struct buf handle = BUF_INIT(0), spki = BUF_INIT(0);
                struct client client;

                test_label = names[i];
                expect_integer(open_fake(&client, ""), FRAME_OK);
                expect_integer(client_generate(&client, names[i], "key", &handle, &spki), FRAME_OK);
                expect_integer(client_stop(&client), EXIT_SUCCESS);
                expect_integer(open_fake(&client, ""), FRAME_OK);
                keytest_load_and_sign(&client, algorithm, buf_view(&handle), buf_view(&spki));
                expect_integer(client_stop(&client), EXIT_SUCCESS);
        }
        test_label = "";
}

static void bad_scripts(void)
{
        static const char *const rows[] = {
                "sign 1",        "sign 0 hang",       "sign x hang",     "sign 1 error",
                "sign 1 fly",    "sign 1 error NONE", "fly 1 hang",      "sign 1 delay",
                "sign 1 hang 5", "sign 1 delay 5 5",  "sign 1 delay -5",
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct client client;

                test_label = rows[i];
                expect_integer(open_fake(&client, rows[i]), FRAME_BAD_REQUEST);
                expect(strstr(client.reason, ":1: no rule") != NULL);
                expect_integer(client_stop(&client), EXIT_SUCCESS);
        }
        test_label = "";
}

struct signer {
        struct client client;
        struct buf handle, spki, signature;
        uint32_t slot;
};

static const struct algorithm *signer_start(struct signer *signer, const char *rules)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");

        *signer = (struct signer){0};
        test_label = rules;
        expect_integer(open_fake(&signer->client, rules), FRAME_OK);
        expect_integer(client_generate(&signer->client, algorithm->name, "key", &signer->handle,
                                       &signer->spki),
                       FRAME_OK);
        expect_integer(client_load(&signer->client, algorithm->name, buf_view(&signer->handle),
                                   &signer->slot, NULL),
                       FRAME_OK);
        return algorithm;
}

static int signer_sign(struct signer *signer, const struct algorithm *algorithm)
{
        buf_clear(&signer->signature);
        return client_sign(&signer->client, signer->slot, keytest_digest(algorithm),
                           &signer->signature);
}

static int signer_verify(const struct signer *signer, const struct algorithm *algorithm)
{
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        int r = pubkey_from_spki(buf_view(&signer->spki), &key);

        return r < 0 ? r
                     : pubkey_verify(key, algorithm, keytest_digest(algorithm),
                                     buf_view(&signer->signature));
}

static void signer_stop(struct signer *signer, int status)
{
        expect_integer(client_stop(&signer->client), status);
        buf_done(&signer->handle);
        buf_done(&signer->spki);
        buf_done(&signer->signature);
        test_label = "";
}

static void faults(void)
{
        static const struct {
                const char *rules;
                int second, verified, third; /* answers, and what the second signature is worth */
                int status;                  /* of the process at the end */
        } rows[] = {
                {"sign 2 error GONE", FRAME_GONE, -EKEYREJECTED, FRAME_OK, 0},
                {"sign 2 error LOCKED_OUT\n", FRAME_LOCKED_OUT, -EKEYREJECTED, FRAME_OK, 0},
                {"# nothing\n\nsign 2 garbage\n", FRAME_OK, -EKEYREJECTED, FRAME_OK, 0},
                {"sign 2 wrong-key", FRAME_OK, -EKEYREJECTED, FRAME_OK, 0},
                {"sign 2 truncate", CLIENT_LOST, -EKEYREJECTED, FRAME_OK, 0},
                {"sign 2 wrong-id", CLIENT_LOST, -EKEYREJECTED, FRAME_OK, 0},
                {"sign 2 delay 20", FRAME_OK, 0, FRAME_OK, 0},
                {"sign 2 exit", CLIENT_LOST, -EKEYREJECTED, CLIENT_LOST, EXIT_FAILURE},
                {"sign 2 crash", CLIENT_LOST, -EKEYREJECTED, CLIENT_LOST, 128 + SIGSEGV},
                {"load 2 hang\nsign 2 error NO_KEY\nsign 2 error GONE", FRAME_NO_KEY, -EKEYREJECTED,
                 FRAME_OK, 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct signer signer;
                const struct algorithm *algorithm = signer_start(&signer, rows[i].rules);

                expect_integer(signer_sign(&signer, algorithm), FRAME_OK);
                expect_integer(signer_verify(&signer, algorithm), 0);
                expect_integer(signer_sign(&signer, algorithm), rows[i].second);
                expect_integer(signer_verify(&signer, algorithm), rows[i].verified);
                expect_integer(signer_sign(&signer, algorithm), rows[i].third);
                signer_stop(&signer, rows[i].status);
        }
}

static void hang(void)
{
        struct signer signer;
        const struct algorithm *algorithm = signer_start(&signer, "sign * hang");
        _cleanup_(buf_done) struct buf fields = BUF_INIT(0);
        struct pollfd answer = {.fd = signer.client.fd, .events = POLLIN};

        client_put_sign(&fields, signer.slot, keytest_digest(algorithm));
        client_request(&signer.client, FRAME_SIGN, buf_view(&fields));
        expect_integer(poll(&answer, 1, 50), 0);
        expect_integer(kill(signer.client.pid, SIGKILL), 0);
        signer_stop(&signer, 128 + SIGKILL);
}

static void wrong_key_at_load(void)
{
        _cleanup_(buf_done) struct buf handle = BUF_INIT(0), spki = BUF_INIT(0),
                                       other = BUF_INIT(0);
        struct client client;
        uint32_t slot;

        expect_integer(open_fake(&client, "load 1 wrong-key"), FRAME_OK);
        expect_integer(client_generate(&client, "ecdsa-p256", "key", &handle, &spki), FRAME_OK);
        expect_integer(client_load(&client, "ecdsa-p256", buf_view(&handle), &slot, &other),
                       FRAME_OK);
        expect(!view_equal(buf_view(&spki), buf_view(&other)));
        expect_integer(client_stop(&client), EXIT_SUCCESS);
}

/* The agent, played by a process of its own, dies while its driver hangs: the driver must not stay.
 */
static void dies_with_agent(void)
{
        int report[2], status;
        pid_t agent, driver = 0;

        if (pipe(report) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) {
                expect(!"a pipe and a subreaper");
                return;
        }
        agent = fork();
        if (agent == 0) {
                struct client client;

                (void)open_fake(&client, "probe * hang");
                client_request(&client, FRAME_PROBE, view_of(NULL, 0));
                _exit(write(report[1], &client.pid, sizeof(client.pid)) == sizeof(client.pid)
                              ? EXIT_SUCCESS
                              : EXIT_FAILURE);
        }
        expect(waitpid(agent, &status, 0) == agent && WIFEXITED(status) &&
               WEXITSTATUS(status) == EXIT_SUCCESS);
        expect_integer(read(report[0], &driver, sizeof(driver)), sizeof(driver));
        expect(driver > 0 && waitpid(driver, &status, 0) == driver && WIFSIGNALED(status) &&
               WTERMSIG(status) == SIGKILL);
        (void)close(report[0]);
        (void)close(report[1]);
}

static void started_by_hand(void)
{
        const char *const by_hand[] = {program, NULL};
        const char *const version[] = {program, "--version", NULL};
        const char *const option[] = {program, "--help", NULL};

        expect_integer(equipment_run(by_hand), 2);
        expect_integer(equipment_run(option), 2);
        expect_integer(equipment_run(version), 0);
}

int main(int argc, char **argv)
{
        char script[EQUIPMENT_PATH_MAX];
        const char *const settings[] = {"Script", equipment_path(script, "script"), NULL};

        if (argc != 2)
                return EXIT_FAILURE;
        program = argv[1];
        equipment_write("script", 0600, "");
        started_by_hand();
        keytest_protocol(program, settings);
        each_algorithm();
        bad_scripts();
        faults();
        hang();
        wrong_key_at_load();
        dies_with_agent();
        return test_result() == 0 && keytest_result() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
