/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keystore.h"
#include "lib/file.h"
#include "tests/test.h"
#include "tests/unit/edit.h"
#include "tests/unit/folder.h"
#include "tests/unit/key.h"

#include <errno.h>

struct shelf {
        struct folder folder;
        char path[96];
        struct keystore *store;
};

static int reopen(struct shelf *shelf, struct problem *problem)
{
        shelf->store = keystore_free(shelf->store);
        return keystore_open(shelf->path, &shelf->store, problem);
}

static void begin(struct shelf *shelf)
{
        *shelf = (struct shelf){.folder = folder_new()};
        (void)snprintf(shelf->path, sizeof(shelf->path), "%s/keys", shelf->folder.path);
        expect_integer(reopen(shelf, NULL), 0);
        assert(shelf->store);
}

static void end(struct shelf *shelf)
{
        (void)keystore_free(shelf->store);
        folder_done(&shelf->folder);
        test_label = "";
}

static struct keyring_key new_info(const char *name, uint32_t version, enum key_purpose purpose)
{
        const struct algorithm *algorithm =
                algorithm_find(string_equal(name, "log-ed") ? "ed25519" : "ecdsa-p256");
        struct keyring_key info = {.token = "tpm0",
                                   .created = "2026-11-22T10:00:00.000000Z",
                                   .version = version,
                                   .algorithm = algorithm,
                                   .purpose = purpose};
        _cleanup_(key_freep) EVP_PKEY *pair = key_new(algorithm);

        (void)snprintf(info.name, sizeof(info.name), "%s", name);
        info.pubkey = key_public(pair);
        return info;
}

static struct key *prepare(struct shelf *shelf, const char *name, uint32_t version,
                           enum key_purpose purpose)
{
        struct keyring_key info = new_info(name, version, purpose);
        struct problem problem = {};
        struct key *key = NULL;

        expect_integer(keystore_prepare(shelf->store, &info, view_string("a handle"),
                                        view_string("how"), &key, &problem),
                       0);
        expect_text(view_string(problem.text), "");
        expect(!info.pubkey); /* the store's now */
        assert(key);
        return key;
}

static struct key *add(struct shelf *shelf, const char *name, uint32_t version,
                       enum key_purpose purpose)
{
        struct key *key = prepare(shelf, name, version, purpose);

        expect_integer(keystore_commit(shelf->store, key, NULL), 0);
        return key;
}

static int is_there(const struct shelf *shelf, const char *path)
{
        char whole[192];

        (void)snprintf(whole, sizeof(whole), "keys/%s", path);
        return faccessat(shelf->folder.fd, whole, F_OK, 0) == 0;
}

static void test_empty(void)
{
        struct shelf shelf;

        begin(&shelf);
        expect_integer(keystore_count(shelf.store), 0);
        expect(!keystore_at(shelf.store, 0));
        expect(!keystore_find(shelf.store, "model", 0));
        expect(!keystore_has_name(shelf.store, "model"));
        expect(!keystore_log_key(shelf.store));
        expect(!keystore_pending_at(shelf.store, 0));
        expect(!keystore_free(NULL));
        end(&shelf);
}

/* A version exists once its file has its name, and not a moment before. */
static void test_life(void)
{
        struct shelf shelf;
        struct key *key;

        begin(&shelf);
        key = prepare(&shelf, "model", 1, KEY_MODEL);
        expect(keystore_pending_at(shelf.store, 0) == key);
        expect_integer(keystore_count(shelf.store), 0);
        expect(!keystore_find(shelf.store, "model", 1));
        expect(is_there(&shelf, "model/1.key") && is_there(&shelf, "model/1.pending"));
        expect_integer(reopen(&shelf, NULL), 0); /* the agent died here */
        key = keystore_pending_at(shelf.store, 0);
        assert(key);
        expect_text(view_string(key->info.name), "model");
        expect_text(view_string(key->token_key.handle), "a handle");
        expect(key->token_key.pubkey == key->info.pubkey);
        expect_integer(keystore_commit(shelf.store, key, NULL), 0);
        expect(!keystore_pending_at(shelf.store, 0));
        expect(keystore_find(shelf.store, "model", 1) == key);
        expect(keystore_find(shelf.store, "model", 0) == key);
        expect(keystore_has_name(shelf.store, "model"));
        expect(is_there(&shelf, "model/1.json") && !is_there(&shelf, "model/1.pending"));
        expect_integer(reopen(&shelf, NULL), 0);
        expect_integer(keystore_count(shelf.store), 1);
        expect(!keystore_pending_at(shelf.store, 0));
        key = keystore_find(shelf.store, "model", 1);
        expect(key && key->info.purpose == KEY_MODEL && key->info.state == KEY_ACTIVE);
        end(&shelf);
}

static void test_discard(void)
{
        struct shelf shelf;
        struct key *key;

        begin(&shelf);
        key = prepare(&shelf, "model", 1, KEY_MODEL);
        keystore_discard(shelf.store, key);
        expect(!keystore_pending_at(shelf.store, 0));
        expect(!is_there(&shelf, "model"));
        (void)add(&shelf, "model", 1, KEY_MODEL);
        keystore_discard(shelf.store, prepare(&shelf, "model", 2, KEY_MODEL));
        expect(is_there(&shelf, "model/1.json") && is_there(&shelf, "model/1.key"));
        expect(!is_there(&shelf, "model/2.key"));
        expect_integer(reopen(&shelf, NULL), 0);
        expect_integer(keystore_count(shelf.store), 1);
        end(&shelf);
}

static void test_find(void)
{
        struct shelf shelf;

        begin(&shelf);
        for (uint32_t version = 1; version <= 3; version++)
                add(&shelf, "model", version, KEY_MODEL)->info.state =
                        version == 2 ? KEY_ACTIVE : KEY_RETIRED;
        (void)add(&shelf, "log", 1, KEY_LOG);
        expect_integer(keystore_find(shelf.store, "model", 0)->info.version, 2);
        expect_integer(keystore_find(shelf.store, "model", 3)->info.version, 3);
        expect(!keystore_find(shelf.store, "model", 4));
        expect(keystore_log_key(shelf.store) == keystore_find(shelf.store, "log", 0));
        expect(!keystore_second_log_key(shelf.store));
        (void)add(&shelf, "log-ed", 1, KEY_LOG);
        expect(keystore_log_key(shelf.store) == keystore_find(shelf.store, "log", 0));
        expect(keystore_second_log_key(shelf.store) == keystore_find(shelf.store, "log-ed", 0));
        keystore_log_key(shelf.store)->info.state = KEY_RETIRED;
        expect(!keystore_log_key(shelf.store));
        keystore_second_log_key(shelf.store)->info.state = KEY_RETIRED;
        expect(!keystore_second_log_key(shelf.store));
        end(&shelf);
}

static void test_ring(void)
{
        _cleanup_(buf_done) struct buf text = {};
        struct keyring ring = {};
        struct shelf shelf;

        begin(&shelf);
        (void)add(&shelf, "release", 1, KEY_MODEL);
        (void)add(&shelf, "log", 1, KEY_LOG);
        (void)prepare(&shelf, "model", 1, KEY_MODEL); /* exists for nobody yet */
        expect_integer(keystore_put_ring(shelf.store, "example.org/host42", &text), 0);
        expect_integer(keyring_parse(buf_view(&text), &ring, NULL), 0);
        expect_integer(ring.count, 2);
        expect(keyring_find(&ring, "log", 0) && keyring_find(&ring, "release", 1));
        keyring_done(&ring);
        end(&shelf);
}

enum change { CUT, EMPTY, REMOVE, RENAME, COPY };

/* A key is never dropped because something is wrong with its files. */
static void test_damage(void)
{
        static const struct {
                const char *label, *path;
                enum change change;
                int r;
                const char *problem;
        } rows[] = {
                {"cut short", "keys/model/1.json", CUT, -EBADMSG, "keys/model/1.json: "},
                {"empty", "keys/model/1.json", EMPTY, -EBADMSG, "keys/model/1.json: "},
                {"no handle", "keys/model/1.key", REMOVE, -ENOENT, "model/1.key: "},
                {"another version", "keys/model/1.json", RENAME, -EBADMSG,
                 "keys/model/7.json: is the file of keys/model/1.json"},
                {"another name", "keys/model/1.json", COPY, -EBADMSG,
                 "keys/other/1.json: is the file of keys/model/1.json"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf content = {};
                struct problem problem = {};
                struct shelf shelf;
                int fd;

                test_label = rows[i].label;
                begin(&shelf);
                (void)add(&shelf, "model", 1, KEY_MODEL);
                shelf.store = keystore_free(shelf.store);
                fd = shelf.folder.fd;
                expect_integer(file_read(fd, rows[i].path, &content, NULL), 0);
                if (rows[i].change == CUT || rows[i].change == EMPTY)
                        folder_write(&shelf.folder, rows[i].path,
                                     view_of(content.data,
                                             rows[i].change == CUT ? content.size / 2 : 0));
                if (rows[i].change == REMOVE)
                        expect_integer(unlinkat(fd, rows[i].path, 0), 0);
                if (rows[i].change == RENAME)
                        expect_integer(renameat(fd, rows[i].path, fd, "keys/model/7.json"), 0);
                if (rows[i].change == COPY)
                        folder_write(&shelf.folder, "keys/other/1.json", buf_view(&content));
                expect_integer(reopen(&shelf, &problem), rows[i].r);
                expect(!shelf.store);
                expect_contains(problem.text, rows[i].problem);
                end(&shelf);
        }
}

/* What a process that died leaves behind is no key. */
static void test_leftovers(void)
{
        struct shelf shelf;

        begin(&shelf);
        (void)add(&shelf, "model", 1, KEY_MODEL);
        folder_write(&shelf.folder, "keys/model/2.key", view_string("a handle without a key"));
        folder_write(&shelf.folder, "keys/model/2.pending.tmp", view_string("half"));
        folder_write(&shelf.folder, "keys/.hidden/1.json", view_string("not a key's name"));
        expect_integer(mkdirat(shelf.folder.fd, "keys/empty", 0700), 0);
        expect_integer(reopen(&shelf, NULL), 0);
        expect_integer(keystore_count(shelf.store), 1);
        expect(!keystore_pending_at(shelf.store, 0));
        end(&shelf);
}

static void test_modes(void)
{
        struct stat status = {};
        struct shelf shelf;

        begin(&shelf);
        (void)add(&shelf, "model", 1, KEY_MODEL);
        expect_integer(stat(shelf.path, &status), 0);
        expect_integer(status.st_mode & 07777, 0700);
        expect_integer(fstatat(shelf.folder.fd, "keys/model/1.key", &status, 0), 0);
        expect_integer(status.st_mode & 07777, 0600);
        end(&shelf);
}

static void test_cannot_write(void)
{
        struct keyring_key info = new_info("model", 1, KEY_MODEL);
        struct problem problem = {};
        struct shelf shelf;
        struct key *key = NULL;

        begin(&shelf);
        folder_write(&shelf.folder, "keys/model", view_string("a file where the folder should be"));
        expect_integer(keystore_prepare(shelf.store, &info, view_string("a handle"),
                                        view_string("how"), &key, &problem),
                       -ENOTDIR);
        expect(!key && info.pubkey); /* still ours */
        expect_contains(problem.text, "model/1.key: ");
        expect(!keystore_pending_at(shelf.store, 0));
        keyring_key_done(&info);
        end(&shelf);
}

static void expect_creation(const struct shelf *shelf, const struct key *key, const char *text)
{
        _cleanup_(buf_done) struct buf found = {};

        expect_integer(keystore_read_creation(shelf->store, key, &found, NULL),
                       text[0] ? 0 : -ENOENT);
        expect_text(buf_view(&found), text);
}

/* How a key was made is there before the key is, and is not taken for that of another one. */
static void test_creation(void)
{
        struct keyring_key info = new_info("model", 2, KEY_MODEL);
        struct shelf shelf;
        struct key *key;

        begin(&shelf);
        key = prepare(&shelf, "model", 1, KEY_MODEL);
        expect_creation(&shelf, key, "how");
        expect_integer(reopen(&shelf, NULL), 0); /* the agent died */
        key = keystore_pending_at(shelf.store, 0);
        assert(key);
        expect_creation(&shelf, key, "how");
        expect_integer(keystore_commit(shelf.store, key, NULL), 0);
        expect_integer(reopen(&shelf, NULL), 0);
        expect_creation(&shelf, keystore_find(shelf.store, "model", 1), "how");
        key = prepare(&shelf, "model", 2, KEY_MODEL);
        keystore_discard(shelf.store, key);
        expect(!is_there(&shelf, "model/2.creation"));
        folder_write(&shelf.folder, "keys/model/2.creation", view_string("left behind"));
        expect_integer(keystore_prepare(shelf.store, &info, view_string("a handle"),
                                        view_string(""), &key, NULL),
                       0);
        expect_creation(&shelf, key, "");
        expect_integer(keystore_commit(shelf.store, key, NULL), 0);
        end(&shelf);
}

/* What a token has said stays with the key, and is written whole or not at all. */
static void test_evidence(void)
{
        json_t *evidence =
                json_pack("{s:s, s:{s:s}}", "kind", "pkcs11", "selfAsserted", "CKA_LOCAL", "true");
        _cleanup_(buf_done) struct buf ring = {};
        struct shelf shelf;
        struct key *key;

        begin(&shelf);
        key = add(&shelf, "model", 1, KEY_MODEL);
        expect_integer(keystore_set_evidence(shelf.store, key, evidence, NULL), 0);
        expect_integer(keystore_set_evidence(shelf.store, key, evidence, NULL), 0);
        expect_integer(reopen(&shelf, NULL), 0);
        key = keystore_find(shelf.store, "model", 1);
        expect(key && json_equal(key->info.evidence, evidence));
        expect_integer(keystore_put_ring(shelf.store, "example.org/host42", &ring), 0);
        expect(memmem(ring.data, ring.size, "CKA_LOCAL", 9) != NULL);
        expect_integer(unlinkat(shelf.folder.fd, "keys/model/1.json", 0), 0);
        expect_integer(unlinkat(shelf.folder.fd, "keys/model/1.key", 0), 0);
        expect_integer(unlinkat(shelf.folder.fd, "keys/model/1.creation", 0), 0);
        expect_integer(unlinkat(shelf.folder.fd, "keys/model", AT_REMOVEDIR), 0);
        json_decref(evidence);
        evidence = json_pack("{s:s, s:{}}", "kind", "pkcs11", "selfAsserted");
        expect(keystore_set_evidence(shelf.store, key, evidence, NULL) < 0);
        expect(key && !json_equal(key->info.evidence, evidence));
        json_decref(evidence);
        end(&shelf);
}

int main(void)
{
        test_empty();
        test_life();
        test_discard();
        test_find();
        test_ring();
        test_creation();
        test_evidence();
        test_damage();
        test_leftovers();
        test_modes();
        test_cannot_write();
        return test_result();
}
