/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/config.h"
#include "tests/unit/witness.h"

#include <sys/stat.h>

static void test_too_many(void)
{
        _cleanup_(config_freep) struct config *config = NULL;
        _cleanup_(buf_done) struct buf text = {};
        struct problem problem = {};

        buf_put_string(&text, GOOD);
        for (int i = 0; i < CONFIG_SECTIONS_MAX; i++)
                buf_put_format(&text, "[Grant g%d]\nMethods=Reload\n", i);
        expect_integer(parse(buf_view(&text), &config, NULL), 0);
        if (config)
                expect_integer(config->grant_count, CONFIG_SECTIONS_MAX);
        config = config_free(config);
        buf_put_string(&text, "[Grant g]\nMethods=Reload\n");
        expect_integer(parse(buf_view(&text), &config, &problem), -EBADMSG);
        expect_text(view_string(problem.text),
                    "f:2061: expected at most 1024 sections [Grant NAME], found more");

        buf_clear(&text);
        buf_put_string(&text, GOOD "[Grant g]\nMethods=Reload\nUnit=");
        for (int i = 0; i < CONFIG_LIST_MAX; i++)
                buf_put_string(&text, "u ");
        expect_integer(parse(buf_view(&text), &config, NULL), 0);
        if (config)
                expect_integer(config->grants[0].units.count, CONFIG_LIST_MAX);
        config = config_free(config);
        buf_put_string(&text, "u\n");
        expect_integer(parse(buf_view(&text), &config, NULL), -EBADMSG);
}

static void expect_agent_and_tokens(const struct config *config)
{
        const struct config_token *token = config_find_token(config, "h");

        expect_text(view_string(config->origin), "example.org/host");
        expect_text(view_string(config->state_directory), "/var/lib/hallmark");
        expect_text(view_string(config->sign_socket), "/run/hallmark/sign.sock");
        expect_text(view_string(config->admin_socket), "/run/hallmark/admin.sock");
        expect_integer(config->checkpoint_usec, 1000000);
        expect_integer(config->token_count, 2);
        expect_integer(config->tokens[0].workers, 1);
        expect_integer(config->tokens[0].timeout_usec, 10000000);
        expect_integer(config->tokens[0].settings.count, 1);
        expect(token == &config->tokens[1]);
        expect_text(view_string(token->place), "f:13");
        expect_text(view_string(token->driver), "pkcs11");
        expect_integer(token->workers, 4);
        expect_integer(token->settings.count, 2);
        expect_text(view_string(facts_get(&token->settings, "TokenLabel")), "ml;#1 x");
        expect(config_find_token(config, "tpm") == NULL);
}

static void test_values(void)
{
        static const char text[] = GOOD PKCS11 "TokenLabel = ml;#1 x\r\nWorkers=4\n" KEY(
                "rsa-3072-pss",
                "dataset") "Transparency=rekor\n\n[Grant all]\n"
                           "Methods=Sign\tReload  CreateKey\nKey=* a?\nUser=0 root 12345\n"
                           "Group=root 7\nUnit=a\\x2db.service\nRate=5/h\nBurst=9\n";
        _cleanup_(config_freep) struct config *config = NULL;
        struct problem problem = {};
        const struct config_grant *grant;

        expect_integer(parse(view_string(text), &config, &problem), 0);
        expect_text(view_string(problem.text), "");
        if (!config)
                return;
        expect_agent_and_tokens(config);
        expect(config->log_key == config_find_key(config, "log"));
        expect(config->keys[1].algorithm == algorithm_find("rsa-3072-pss"));
        expect_integer(config->keys[1].purpose, KEY_DATASET);
        expect_integer(config->keys[0].transparency, TRANSPARENCY_NONE);
        expect_integer(config->keys[1].transparency, TRANSPARENCY_REKOR);
        expect_text(view_string(config->keys[1].token), "tpm0");
        grant = &config->grants[0];
        expect_integer(grant->methods.count, 3);
        expect_text(view_string(grant->methods.word[1]), "Reload");
        expect_integer(grant->keys.count, 2);
        expect_integer(grant->uid_count, 3);
        expect_integer(grant->uids[1], 0);
        expect_integer(grant->uids[2], 12345);
        expect_integer(grant->gid_count, 2);
        expect_integer(grant->gids[1], 7);
        expect_text(view_string(grant->units.word[0]), "a\\x2db.service");
        expect_integer(grant->burst, 9);
}

static void test_second_log_key(void)
{
        _cleanup_(config_freep) struct config *config = NULL, *plain = NULL;

        expect_integer(parse(view_string(GOOD KEY("ed25519", "log")), &config, NULL), 0);
        expect_integer(parse(view_string(GOOD), &plain, NULL), 0);
        if (!config || !plain)
                return;
        expect(config->log_key == config_find_key(config, "log"));
        expect(config->second_log_key == config_find_key(config, "k"));
        expect(plain->log_key && !plain->second_log_key);
}

static void test_token_equal(void)
{
        static const struct {
                const char *token;
                int equal;
        } rows[] = {
                {PKCS11 "TokenLabel=a\nWorkers=2\n", 1},
                {"# moved\n[Token h]\nWorkers=2\nTokenLabel=a\nModule=/m.so\nDriver=pkcs11\n", 1},
                {PKCS11 "TokenLabel=b\nWorkers=2\n", 0},
                {PKCS11 "TokenLabel=a\nWorkers=3\n", 0},
                {PKCS11 "TokenLabel=a\nWorkers=2\nTimeout=1s\n", 0},
                {PKCS11 "TokenLabel=a\nWorkers=2\nPinFile=/p\n", 0},
                {PKCS11 "TokenSerial=a\nWorkers=2\n", 0},
        };
        _cleanup_(config_freep) struct config *first = NULL;
        char text[1024];

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(config_freep) struct config *config = NULL;

                (void)snprintf(text, sizeof(text), GOOD "%s", rows[i].token);
                test_label = rows[i].token;
                expect_integer(parse(view_string(text), &config, NULL), 0);
                if (!config)
                        return;
                if (!first)
                        first = TAKE_PTR(config);
                else
                        expect_integer(config_token_equal(config_find_token(first, "h"),
                                                          config_find_token(config, "h")),
                                       rows[i].equal);
        }
        test_label = "";
}

/* A folder of its own, with h.conf and h.conf.d. */
struct folder {
        char path[64];
};

static void write_file(const struct folder *folder, const char *name, const char *text)
{
        char path[256];
        FILE *file;

        (void)snprintf(path, sizeof(path), "%s/%s", folder->path, name);
        file = fopen(path, "we");
        if (!file || fputs(text, file) < 0 || fclose(file) < 0)
                abort();
}

static void remove_file(const struct folder *folder, const char *name)
{
        char path[256];

        (void)snprintf(path, sizeof(path), "%s/%s", folder->path, name);
        if (remove(path) < 0)
                abort();
}

static int load(const struct folder *folder, struct config **ret, struct problem *problem)
{
        char path[256];

        *problem = (struct problem){};
        (void)snprintf(path, sizeof(path), "%s/h.conf", folder->path);
        return config_load(path, ret, problem);
}

/* The message is the folder and @first, then, if there is a @second, the folder and that. */
static void expect_load_refused(const struct folder *folder, int error, const char *first,
                                const char *second)
{
        _cleanup_(config_freep) struct config *config = NULL;
        struct problem problem;
        char expected[512];

        expect_integer(load(folder, &config, &problem), error);
        (void)snprintf(expected, sizeof(expected), "%s%s%s%s", folder->path, first,
                       second ? folder->path : "", second ? second : "");
        expect_text(view_string(problem.text), expected);
}

static void test_drop_ins(const struct folder *folder)
{
        _cleanup_(config_freep) struct config *config = NULL, *again = NULL;
        struct problem problem;
        char path[256];

        expect_load_refused(folder, -ENOENT, "/h.conf: No such file or directory", NULL);
        write_file(folder, "h.conf", GOOD);
        (void)snprintf(path, sizeof(path), "%s/h.conf.d", folder->path);
        if (mkdir(path, 0700) < 0)
                abort();
        write_file(folder, "h.conf.d/20-b.conf",
                   "[Grant b]\nMethods=Reload\n[Agent]\nOrigin=last\n");
        write_file(folder, "h.conf.d/10-a.conf",
                   "[Agent]\nOrigin=first\nStateDirectory=/s\n"
                   "[Grant a]\nMethods=Reload\n");
        write_file(folder, "h.conf.d/.c.conf", "nonsense");
        write_file(folder, "h.conf.d/c.conf~", "nonsense");
        expect_integer(load(folder, &config, &problem), 0);
        if (!config)
                return;
        expect_text(view_string(config->origin), "last");
        expect_text(view_string(config->state_directory), "/s");
        expect_integer(config->grant_count, 2);
        expect_text(view_string(config->grants[0].name), "a");
        write_file(folder, "h.conf.d/20-b.conf",
                   "[Grant b]\nMethods=Reload\n[Agent]\nOrigin=last \n");
        expect_integer(load(folder, &again, &problem), 0);
        expect(again && !view_equal(sha256_view(&again->digest), sha256_view(&config->digest)));

        write_file(folder, "h.conf.d/20-b.conf", "[Token tpm0]\n");
        expect_load_refused(folder, -EBADMSG,
                            "/h.conf.d/20-b.conf:1: [Token tpm0]: expected once, found also at ",
                            "/h.conf:3");
        write_file(folder, "h.conf.d/20-b.conf", "[Grant z]\nMethods=all\n");
        expect_load_refused(
                folder, -EBADMSG,
                "/h.conf.d/20-b.conf:2: [Grant z] Methods=: expected some of Sign SignLogged Attest OpenRun DescribeRun "
                "CreateKey ImportKey RotateKey RetireKey RevokeKey DestroyKey AttestKey Freeze Thaw Approve UnlockToken Reload AcknowledgeRollback, not \"all\", found \"all\"",
                NULL);
}

static void test_digest(const struct folder *folder)
{
        _cleanup_(config_freep) struct config *config = NULL;
        struct sha256 digests[2] = {sha256_of(view_string("h.conf")), sha256_of(view_string(GOOD))};
        struct sha256 expected =
                sha256_of(view_of(digests[0].bytes, sizeof(digests))); /* nothing between them */
        struct problem problem;

        expect_integer(load(folder, &config, &problem), 0);
        if (config)
                expect_view(sha256_view(&config->digest), sha256_view(&expected));
}

/* One more than signatures fit into a note. */
static void test_too_many_witnesses(void)
{
        _cleanup_(buf_done) struct buf text = {};
        _cleanup_(config_freep) struct config *config = NULL;
        struct problem problem = {};

        buf_put_string(&text, GOOD);
        for (int i = 0; i <= CONFIG_WITNESSES_MAX; i++) {
                struct witness witness = witness_new("w.invalid");

                buf_put_format(&text, "[Witness w%d]\nURL=http://w.invalid/a/\nKey=%s\n", i,
                               witness.vkey);
                witness_free(&witness);
                if (i == 0) {
                        expect_integer(parse(buf_view(&text), &config, &problem), 0);
                        expect_text(view_string(config->witnesses[0].url), "http://w.invalid/a");
                }
        }
        expect_refused("17 witnesses", buf_view(&text),
                       "f:61: expected at most 16 sections [Witness NAME], found more");
}

static void test_files(void)
{
        static const char *const files[] = {"h.conf.d/20-b.conf", "h.conf.d/10-a.conf",
                                            "h.conf.d/.c.conf", "h.conf.d/c.conf~", "h.conf.d"};
        struct folder folder = {"/tmp/test-config.XXXXXX"};

        if (!mkdtemp(folder.path))
                abort();
        test_drop_ins(&folder);
        for (size_t i = 0; i < ARRAY_SIZE(files); i++)
                remove_file(&folder, files[i]);
        test_digest(&folder);
        remove_file(&folder, "h.conf");
        remove_file(&folder, "");
}

int main(int argc, char **argv)
{
        _cleanup_(config_freep) struct config *config = NULL;
        struct problem problem = {};

        test_too_many();
        test_too_many_witnesses();
        test_values();
        test_second_log_key();
        test_token_equal();
        test_files();
        /* The example that is installed. */
        for (int i = 1; i < argc; i++) {
                expect_integer(config_load(argv[i], &config, &problem), 0);
                expect_text(view_string(problem.text), "");
        }
        return test_result();
}
