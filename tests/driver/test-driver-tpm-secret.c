/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"
#include "lib/pubkey.h"
#include "tests/driver/equipment.h"
#include "tests/driver/keytest.h"
#include "tests/test.h"

#include <limits.h>

/* Codes of the TPM's commands. */
#define OBJECT_CHANGE_AUTH 0x150
#define SIGN               0x15d

#define SECRET       "Lq2Nc0yHk5sWm1p8XvTz4RbJ7eUaD3f9" /* as long as may be */
#define OTHER_SECRET "0123456789abcdef0123456789abcdef"
#define KEYS_MANY    5 /* more than fit into a TPM at a time */
#define OPENS_MANY   5 /* more than there is room for sessions in a TPM */
#define TOOL_FAILED  1 /* exit status of tpm2-tools */
#define TOOL_REFUSED 3 /* the same: wrong authorization */
#define FAILURES_MAX 3 /* wrong authorizations until the TPM locks what has no noDA */

static char program[PATH_MAX]; /* the whole path: the working directory changes */
static const struct algorithm *p256;

/* What a token's section may have besides TCTI=: names of files in the folder, or NULL. */
struct secrets {
        const char *pin, *owner;
};

static const struct secrets none, right = {.pin = "right.pin"}, other = {.pin = "other.pin"};

static int try_open(const struct swtpm *swtpm, struct secrets secrets, struct client *client,
                    struct facts *ret_facts)
{
        char pin[EQUIPMENT_PATH_MAX], owner[EQUIPMENT_PATH_MAX];
        const char *settings[7] = {"TCTI", swtpm->tcti};
        size_t count = 2;

        if (secrets.pin) {
                settings[count++] = "PinFile";
                settings[count++] = equipment_path(pin, secrets.pin);
        }
        if (secrets.owner) {
                settings[count++] = "OwnerFile";
                settings[count++] = equipment_path(owner, secrets.owner);
        }
        client_start(client, program);
        return client_open(client, "tpm0", settings, ret_facts);
}

static void open_tpm(const struct swtpm *swtpm, struct secrets secrets, struct client *client)
{
        expect_integer(try_open(swtpm, secrets, client, NULL), FRAME_OK);
        if (client->reason[0])
                (void)fprintf(stderr, "open: %s\n", client->reason);
}

static void expect_refusal(const struct client *client, const char *reason)
{
        expect(strstr(client->reason, reason) != NULL);
        if (!strstr(client->reason, reason))
                (void)fprintf(stderr, "reason: %s\n", client->reason);
}

static void refuse_open(const struct swtpm *swtpm, struct secrets secrets, const char *reason)
{
        struct client client;

        test_label = reason;
        expect_integer(try_open(swtpm, secrets, &client, NULL), FRAME_WRONG_PIN);
        expect_refusal(&client, reason);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        test_label = "";
}

static void make_key(const struct swtpm *swtpm, struct secrets secrets, struct buf *ret_handle,
                     struct buf *ret_spki)
{
        struct client client;

        open_tpm(swtpm, secrets, &client);
        expect_integer(client_generate(&client, p256->name, "key", ret_handle, ret_spki), FRAME_OK);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
}

static void use_key(const struct swtpm *swtpm, struct secrets secrets, const struct buf *handle,
                    const struct buf *spki)
{
        struct client client;

        open_tpm(swtpm, secrets, &client);
        keytest_load_and_sign(&client, p256, buf_view(handle), buf_view(spki));
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        test_label = "";
}

/* Refused when it is loaded, before anybody asks for a signature, and with that many attempts. */
static void refuse_key(const struct swtpm *swtpm, struct secrets secrets, const struct buf *handle,
                       int status, const char *reason, unsigned attempts)
{
        unsigned checks = swtpm_count(swtpm, OBJECT_CHANGE_AUTH), signs = swtpm_count(swtpm, SIGN);
        struct client client;
        uint32_t slot;

        test_label = reason;
        open_tpm(swtpm, secrets, &client);
        expect_integer(client_load(&client, p256->name, buf_view(handle), &slot, NULL), status);
        expect_refusal(&client, reason);
        expect_integer(client_sign(&client, 0, keytest_digest(p256), NULL), FRAME_NO_KEY);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        expect_integer(swtpm_count(swtpm, OBJECT_CHANGE_AUTH) - checks, attempts);
        expect_integer(swtpm_count(swtpm, SIGN) - signs, 0);
        test_label = "";
}

/* A copy of the key file with the other value of emptyAuth, which is near its beginning. */
static void flip_empty_auth(const struct buf *handle, struct buf *ret)
{
        static const uint8_t before[] = {0xa0, 0x03, 0x01, 0x01};
        struct reader reader = reader_init(buf_view(handle));
        struct view first = reader_until(&reader, '\n'), line = reader_until(&reader, '\n');
        _cleanup_(buf_done) struct buf bytes = BUF_INIT(0);
        uint8_t *flag;

        expect_integer(base64_decode(&bytes, line), 0);
        flag = memmem(bytes.data, bytes.size, before, sizeof(before));
        expect(flag != NULL);
        if (!flag)
                return;
        flag[sizeof(before)] ^= 0xff;
        buf_put_view(ret, first);
        buf_put_u8(ret, '\n');
        base64_encode(ret, buf_view(&bytes));
        buf_put_u8(ret, '\n');
        buf_put_view(ret, reader_rest(&reader));
        expect_integer(ret->size, handle->size);
}

/* Each kind of key with each kind of token. */
static void keys_and_secrets(const struct swtpm *swtpm)
{
        _cleanup_(buf_done) struct buf guarded = BUF_INIT(0), guarded_spki = BUF_INIT(0);
        _cleanup_(buf_done) struct buf open = BUF_INIT(0), open_spki = BUF_INIT(0);
        _cleanup_(buf_done) struct buf pretends_open = BUF_INIT(0), pretends_guarded = BUF_INIT(0);

        make_key(swtpm, right, &guarded, &guarded_spki);
        make_key(swtpm, none, &open, &open_spki);
        use_key(swtpm, right, &guarded, &guarded_spki);
        use_key(swtpm, right, &open, &open_spki);
        use_key(swtpm, none, &open, &open_spki);
        refuse_key(swtpm, none, &guarded, FRAME_WRONG_PIN, "the token has no secret", 0);
        refuse_key(swtpm, other, &guarded, FRAME_WRONG_PIN, "another authorization", 1);

        flip_empty_auth(&guarded, &pretends_open);
        flip_empty_auth(&open, &pretends_guarded);
        refuse_key(swtpm, right, &pretends_open, FRAME_MISMATCH, "its file says it has none", 1);
        refuse_key(swtpm, right, &pretends_guarded, FRAME_WRONG_PIN, "another authorization", 1);
}

/* Keys that come back into the TPM have their authorization again. */
static void many_keys(const struct swtpm *swtpm)
{
        struct {
                struct buf handle, spki;
                uint32_t slot;
        } keys[KEYS_MANY];
        struct client client;

        open_tpm(swtpm, right, &client);
        for (size_t i = 0; i < KEYS_MANY; i++) {
                keys[i].handle = keys[i].spki = BUF_INIT(0);
                expect_integer(
                        client_generate(&client, p256->name, "key", &keys[i].handle, &keys[i].spki),
                        FRAME_OK);
                expect_integer(client_load(&client, p256->name, buf_view(&keys[i].handle),
                                           &keys[i].slot, NULL),
                               FRAME_OK);
        }
        for (size_t i = 0; i < 2 * KEYS_MANY; i++)
                keytest_sign(&client, p256, keys[i * 3 % KEYS_MANY].slot,
                             buf_view(&keys[i * 3 % KEYS_MANY].spki));
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        for (size_t i = 0; i < KEYS_MANY; i++) {
                buf_done(&keys[i].handle);
                buf_done(&keys[i].spki);
        }
}

/* What a secret may be, and that none of it is lost on its way. */
static void values(const struct swtpm *swtpm)
{
        static const struct {
                struct view value;
                const char *reason; /* NULL: good */
        } rows[] = {
                {{(const uint8_t *)"x", 1}, NULL},
                {{(const uint8_t *)"x\n\n", 3}, NULL},
                {{(const uint8_t *)"a\0b\377", 4}, NULL},
                {{(const uint8_t *)SECRET "\n", 33}, NULL},
                {{(const uint8_t *)SECRET "3", 33}, "33 bytes, a TPM takes 32 at most"},
                {{(const uint8_t *)SECRET "\n\n", 34}, "33 bytes, a TPM takes 32 at most"},
                {{(const uint8_t *)"", 0}, "empty"},
                {{(const uint8_t *)"\n", 1}, "empty"},
                {{(const uint8_t *)"ab\0", 3}, "ends in a zero byte"},
                {{(const uint8_t *)"ab\0\n", 4}, "ends in a zero byte"},
        };
        static const struct secrets value = {.pin = "value.pin"}, trimmed = {.pin = "trimmed.pin"};
        _cleanup_(buf_done) struct buf handle = BUF_INIT(0), spki = BUF_INIT(0);

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                equipment_write_bytes("value.pin", 0600, rows[i].value);
                if (rows[i].reason) {
                        refuse_open(swtpm, value, rows[i].reason);
                        continue;
                }
                buf_clear(&handle);
                buf_clear(&spki);
                make_key(swtpm, value, &handle, &spki);
                use_key(swtpm, value, &handle, &spki);
                if (rows[i].value.size == 1)
                        continue;
                equipment_write_bytes("trimmed.pin", 0600, view_of(rows[i].value.data, 1));
                refuse_key(swtpm, trimmed, &handle, FRAME_WRONG_PIN, "another authorization", 1);
        }
}

static void files(const struct swtpm *swtpm)
{
        equipment_write("open.pin", 0644, SECRET "\n");
        refuse_open(swtpm, (struct secrets){.pin = "open.pin"}, "mode 0600");
        refuse_open(swtpm, (struct secrets){.owner = "open.pin"}, "mode 0600");
        refuse_open(swtpm, (struct secrets){.pin = "absent.pin"}, "absent.pin");
        refuse_open(swtpm, (struct secrets){.owner = "absent.owner"}, "absent.owner");
}

/* The owner hierarchy with an authorization value: right, wrong and none. It is no key's. */
static void owner_authorization(const struct swtpm *swtpm)
{
        static const char *const change[] = {"tpm2_changeauth", "-c", "owner", "correct", NULL};
        static const char *const restore[] = {"tpm2_changeauth", "-c", "owner", "-p",
                                              "correct",         NULL};
        static const struct secrets owner = {.owner = "right.owner"},
                                    both = {.pin = "right.pin", .owner = "right.owner"};
        _cleanup_(buf_done) struct buf handle = BUF_INIT(0), spki = BUF_INIT(0);

        equipment_write("right.owner", 0600, "correct\n");
        equipment_write("wrong.owner", 0400, "incorrect\n");
        expect_integer(swtpm_run(swtpm, change), 0);
        make_key(swtpm, owner, &handle, &spki);
        use_key(swtpm, owner, &handle, &spki);
        for (int i = 0; i < OPENS_MANY; i++)
                use_key(swtpm, both, &handle, &spki);
        refuse_open(swtpm, (struct secrets){.owner = "wrong.owner"}, "storage parent");
        refuse_open(swtpm, (struct secrets){.pin = "right.owner"}, "storage parent");
        refuse_open(swtpm, none, "storage parent");
        expect_integer(swtpm_run(swtpm, restore), 0);
        use_key(swtpm, none, &handle, &spki);
}

/* Credentials come before files, each for itself. */
static void credentials(const struct swtpm *swtpm)
{
        static const struct secrets wrong = {.pin = "other.pin", .owner = "absent.owner"};
        _cleanup_(buf_done) struct buf handle = BUF_INIT(0), spki = BUF_INIT(0);

        make_key(swtpm, right, &handle, &spki);
        equipment_write("tpm0.pin", 0400, SECRET);
        equipment_write("tpm0.owner", 0400, "not asked for by this TPM, and not empty");
        if (setenv("CREDENTIALS_DIRECTORY", equipment_folder(), 1) < 0)
                expect(!"the environment can be set");
        refuse_open(swtpm, wrong, "storage parent");
        equipment_write("tpm0.owner", 0400, "");
        refuse_open(swtpm, wrong, "tpm0.owner: empty");
        (void)unsetenv("CREDENTIALS_DIRECTORY");
}

/* The key file is one that OpenSSL's provider loads: it signs with the same key. */
static void provider_signs(const struct swtpm *swtpm, struct secrets secrets, const char *pass)
{
        char key[EQUIPMENT_PATH_MAX], data[EQUIPMENT_PATH_MAX], signature[EQUIPMENT_PATH_MAX];
        char public[EQUIPMENT_PATH_MAX];
        const char *const sign[] = {
                "openssl",    "dgst",           "-provider", "tpm2",    "-provider", "default",
                "-propquery", "?provider=tpm2", "-sha256",   "-passin", pass,        "-sign",
                key,          "-out",           signature,   data,      NULL};
        const char *const verify[] = {"openssl",    "dgst",    "-sha256", "-verify", public,
                                      "-signature", signature, data,      NULL};
        _cleanup_(buf_done) struct buf handle = BUF_INIT(0), spki = BUF_INIT(0), pem = BUF_INIT(0);
        _cleanup_(pubkey_freep) struct pubkey *pubkey = NULL;

        make_key(swtpm, secrets, &handle, &spki);
        expect_integer(pubkey_from_spki(buf_view(&spki), &pubkey), 0);
        if (!pubkey)
                return;
        pubkey_put_pem(pubkey, &pem);
        equipment_path(key, "key.pem");
        equipment_path(data, "data");
        equipment_path(signature, "signature");
        equipment_path(public, "public.pem");
        equipment_write_bytes("key.pem", 0600, buf_view(&handle));
        equipment_write_bytes("public.pem", 0600, buf_view(&pem));
        equipment_write("data", 0600, "signed through the provider");
        expect_integer(swtpm_run(swtpm, sign), 0);
        expect_integer(swtpm_run(swtpm, verify), 0);
}

static void openssl_provider(const struct swtpm *swtpm)
{
        static const char *const have[] = {"openssl",   "list", "-providers",
                                           "-provider", "tpm2", NULL};

        if (swtpm_run(swtpm, have) != 0) {
                (void)printf("skipped: OpenSSL's tpm2 provider is not installed\n");
                return;
        }
        provider_signs(swtpm, none, "pass:not asked for");
        provider_signs(swtpm, right, "pass:" SECRET);
}

static const char *const create_parent[] = {"tpm2_createprimary", "-Q", "-c", "parent.ctx", NULL};
static const char *const create_foreign[] = {
        "tpm2_create", "-Q",
        "-C",          "parent.ctx",
        "-G",          "ecc",
        "-a",          "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign",
        "-p",          "correct",
        "-u",          "foreign.pub",
        "-r",          "foreign.priv",
        NULL};
static const char *const load_foreign[] = {"tpm2_load", "-Q",          "-C", "parent.ctx",
                                           "-u",        "foreign.pub", "-r", "foreign.priv",
                                           "-c",        "foreign.ctx", NULL};
static const char *const flush[] = {"tpm2_flushcontext", "-t", NULL};

/* Signs with the foreign key, as a person with that password would. */
static int sign_foreign(const struct swtpm *swtpm, const char *password)
{
        const char *const sign[] = {"tpm2_sign", "-Q", "-c",        "foreign.ctx", "-p",
                                    password,    "-o", "signature", "data",        NULL};
        int r = swtpm_run(swtpm, sign);

        expect_integer(swtpm_run(swtpm, flush), 0);
        return r;
}

static void expect_fact(const struct facts *facts, const char *name, const char *value)
{
        const char *found = facts_get(facts, name);

        expect_text(view_string(found ? found : ""), value);
}

static void expect_lockout(const struct swtpm *swtpm, const char *counter)
{
        _cleanup_(facts_done) struct facts opened = {0}, probed = {0};
        struct client client;

        test_label = counter;
        expect_integer(try_open(swtpm, none, &client, &opened), FRAME_OK);
        expect_integer(client_probe(&client, &probed), FRAME_OK);
        expect_integer(client_stop(&client), EXIT_SUCCESS);
        expect_fact(&opened, "lockout-counter", counter);
        expect_fact(&probed, "lockout-counter", counter);
        expect_fact(&probed, "lockout-max", "3");
        test_label = "";
}

/* Somebody else's key without noDA locks the TPM for itself, and not for ours. */
static void lockout(const struct swtpm *swtpm)
{
        static const char *const limit[] = {
                "tpm2_dictionarylockout", "-s", "-n", "3", "-t", "100000", "-l", "100000", NULL};
        static const char *const clear[] = {"tpm2_dictionarylockout", "-c", NULL};
        _cleanup_(buf_done) struct buf handle = BUF_INIT(0), spki = BUF_INIT(0);

        make_key(swtpm, right, &handle, &spki);
        equipment_write("data", 0600, "signed with a foreign key");
        if (chdir(equipment_folder()) < 0)
                expect(!"the folder is there");
        expect_integer(swtpm_run(swtpm, limit), 0);
        expect_integer(swtpm_run(swtpm, create_parent), 0);
        expect_integer(swtpm_run(swtpm, create_foreign), 0);
        expect_integer(swtpm_run(swtpm, flush), 0);
        expect_integer(swtpm_run(swtpm, create_parent), 0);
        expect_integer(swtpm_run(swtpm, load_foreign), 0);
        expect_integer(swtpm_run(swtpm, flush), 0);
        expect_integer(sign_foreign(swtpm, "correct"), 0);
        expect_lockout(swtpm, "0");
        for (int i = 0; i < FAILURES_MAX; i++)
                expect_integer(sign_foreign(swtpm, "incorrect"), TOOL_REFUSED);
        expect_integer(sign_foreign(swtpm, "correct"), TOOL_FAILED);
        expect_lockout(swtpm, "3");
        use_key(swtpm, right, &handle, &spki);
        refuse_key(swtpm, other, &handle, FRAME_WRONG_PIN, "another authorization", 1);
        expect_lockout(swtpm, "3");
        expect_integer(swtpm_run(swtpm, clear), 0);
        expect_integer(sign_foreign(swtpm, "correct"), 0);
}

int main(int argc, char **argv)
{
        struct swtpm swtpm;

        if (argc != 2 || !realpath(argv[1], program))
                return EXIT_FAILURE;
        p256 = algorithm_find("ecdsa-p256");
        equipment_need("tpm2_changeauth");
        equipment_write("right.pin", 0600, SECRET "\n");
        equipment_write("other.pin", 0600, OTHER_SECRET "\n");
        swtpm_start(&swtpm, "tpm");
        keys_and_secrets(&swtpm);
        many_keys(&swtpm);
        values(&swtpm);
        files(&swtpm);
        owner_authorization(&swtpm);
        credentials(&swtpm);
        openssl_provider(&swtpm);
        lockout(&swtpm);
        return test_result() == 0 && keytest_result() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
