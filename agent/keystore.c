/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keystore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/driver.h"
#include "lib/file.h"

#define KEY_FILE_MAX  (EVIDENCE_TEXT_MAX + (size_t)16384)
#define KEY_PATH_SIZE (KEY_NAME_MAX + 32)

struct key_list {
        struct key **keys;
        size_t count;
};

struct keystore {
        int dir_fd;
        struct key_list existing;
        struct key_list pending;
        struct key_list discarded;
};

static void key_free(struct key *key)
{
        if (!key)
                return;
        keyring_key_done(&key->info);
        free(key->handle);
        free(key);
}

static void key_freep(struct key **key)
{
        key_free(*key);
}

static int list_add(struct key_list *list, struct key *key)
{
        struct key **more;

        if (list->count == KEYSTORE_KEYS_MAX)
                return -ENOSPC;
        more = reallocarray(list->keys, list->count + 1, sizeof(struct key *));
        if (!more)
                return -ENOMEM;
        list->keys = more;
        list->keys[list->count++] = key;
        return 0;
}

static void list_remove(struct key_list *list, const struct key *key)
{
        for (size_t i = 0; i < list->count; i++) {
                if (list->keys[i] != key)
                        continue;
                list->keys[i] = list->keys[--list->count];
                return;
        }
}

static void list_done(struct key_list *list)
{
        for (size_t i = 0; i < list->count; i++)
                key_free(list->keys[i]);
        free(list->keys);
}

static void key_path(const struct keyring_key *info, const char *suffix, char ret[KEY_PATH_SIZE])
{
        (void)snprintf(ret, KEY_PATH_SIZE, "%s/%u.%s", info->name, info->version, suffix);
}

/* Fills in what drivers are given. */
static void link_token_key(struct key *key)
{
        key->token_key = (struct token_key){
                .algorithm = key->info.algorithm,
                .handle = key->handle,
                .pubkey = key->info.pubkey,
        };
}

static int has_suffix(const char *name, const char *suffix)
{
        size_t length = strlen(name), end = strlen(suffix);

        return length > end && string_equal(name + length - end, suffix);
}

static int read_info(struct keystore *store, const char *path, struct keyring_key *ret,
                     struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(KEY_FILE_MAX);
        _cleanup_(json_decrefp) json_t *object = NULL;
        struct problem reason = {};
        int r;

        r = file_read(store->dir_fd, path, &text, problem);
        if (r < 0)
                return r;
        r = json_parse_object(buf_view(&text), &object, &reason);
        if (r == 0)
                r = keyring_key_from_json(object, ret, &reason);
        if (r < 0)
                return problem_set(problem, r, "keys/%s: %s", path, problem_text(&reason, r));
        return 0;
}

static int read_key(struct keystore *store, const char *name, const char *file, struct key **ret,
                    struct problem *problem)
{
        _cleanup_(buf_done) struct buf handle = BUF_INIT(DRIVER_HANDLE_MAX);
        _cleanup_(key_freep) struct key *key = calloc(1, sizeof(*key));
        char path[NAME_MAX + KEY_PATH_SIZE], expected[KEY_PATH_SIZE];
        int r;

        if (!key)
                return -ENOMEM;
        (void)snprintf(path, sizeof(path), "%s/%s", name, file);
        r = read_info(store, path, &key->info, problem);
        if (r < 0)
                return r;
        key_path(&key->info, strrchr(file, '.') + 1, expected);
        if (!string_equal(path, expected))
                return problem_set(problem, -EBADMSG, "keys/%s: is the file of keys/%s", path,
                                   expected);
        key_path(&key->info, "key", expected);
        r = key->info.imported[0] ? 0 : file_read(store->dir_fd, expected, &handle, problem);
        if (r == 0)
                r = buf_take(&handle, &key->handle, NULL);
        if (r < 0)
                return r;
        link_token_key(key);
        key->interrupted = has_suffix(file, ".pending");
        *ret = TAKE_PTR(key);
        return 0;
}

static DIR *open_folder(int dir_fd, const char *name)
{
        int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd >= 0 ? fdopendir(fd) : NULL;
}

static int read_name(struct keystore *store, const char *name, struct problem *problem)
{
        _cleanup_(dir_closep) DIR *dir = open_folder(store->dir_fd, name);
        struct dirent *entry;
        int r = 0;

        if (!dir)
                return problem_set(problem, -errno, "keys/%s: %m", name);
        while (r == 0 && (entry = readdir(dir))) {
                int pending = has_suffix(entry->d_name, ".pending");
                _cleanup_(key_freep) struct key *key = NULL;

                if (!pending && !has_suffix(entry->d_name, ".json"))
                        continue;
                r = read_key(store, name, entry->d_name, &key, problem);
                if (r == 0)
                        r = list_add(pending ? &store->pending : &store->existing, key);
                if (r == 0)
                        key = NULL; /* the list's now */
        }
        return r;
}

static int read_all(struct keystore *store, struct problem *problem)
{
        _cleanup_(dir_closep) DIR *dir = open_folder(store->dir_fd, ".");
        struct dirent *entry;
        int r = 0;

        if (!dir)
                return problem_set(problem, -errno, "keys: %m");
        while (r == 0 && (entry = readdir(dir)))
                if (key_name_is_valid(entry->d_name))
                        r = read_name(store, entry->d_name, problem);
        return r;
}

size_t keystore_count(const struct keystore *store)
{
        return store->existing.count;
}

struct key *keystore_at(const struct keystore *store, size_t index)
{
        return index < store->existing.count ? store->existing.keys[index] : NULL;
}

struct key *keystore_pending_at(const struct keystore *store, size_t index)
{
        return index < store->pending.count ? store->pending.keys[index] : NULL;
}

struct key *keystore_find(const struct keystore *store, const char *name, uint32_t version)
{
        for (size_t i = 0; i < store->existing.count; i++) {
                struct key *key = store->existing.keys[i];

                if (string_equal(key->info.name, name) &&
                    (version > 0 ? key->info.version == version
                                 : keyring_key_is_current(&key->info)))
                        return key;
        }
        return NULL;
}

struct key *keystore_newest(const struct keystore *store, const char *name)
{
        struct key *newest = NULL;

        for (size_t i = 0; i < store->existing.count; i++) {
                struct key *key = store->existing.keys[i];

                if (string_equal(key->info.name, name) &&
                    (!newest || key->info.version > newest->info.version))
                        newest = key;
        }
        return newest;
}

static struct key *list_find_fingerprint(const struct key_list *list, const struct sha256 *hash)
{
        for (size_t i = 0; i < list->count; i++)
                if (view_equal(sha256_view(pubkey_fingerprint(list->keys[i]->info.pubkey)),
                               sha256_view(hash)))
                        return list->keys[i];
        return NULL;
}

struct key *keystore_find_fingerprint(const struct keystore *store, struct view fingerprint_hex)
{
        struct sha256 hash;
        struct key *key;

        if (hex_decode(fingerprint_hex, hash.bytes, SHA256_SIZE) < 0)
                return NULL;
        key = list_find_fingerprint(&store->existing, &hash);
        return key ? key : list_find_fingerprint(&store->pending, &hash);
}

int keystore_is_pending(const struct keystore *store, const struct key *key)
{
        for (size_t i = 0; i < store->pending.count; i++)
                if (store->pending.keys[i] == key)
                        return 1;
        return 0;
}

int keystore_folder(const struct keystore *store)
{
        return store->dir_fd;
}

static int list_has_name(const struct key_list *list, const char *name)
{
        for (size_t i = 0; i < list->count; i++)
                if (string_equal(list->keys[i]->info.name, name))
                        return 1;
        return 0;
}

int keystore_has_name(const struct keystore *store, const char *name)
{
        return list_has_name(&store->existing, name) || list_has_name(&store->pending, name);
}

static struct key *find_log_key(const struct keystore *store, int signs_messages)
{
        for (size_t i = 0; i < store->existing.count; i++) {
                const struct keyring_key *info = &store->existing.keys[i]->info;

                if (info->purpose == KEY_LOG && info->state == KEY_ACTIVE &&
                    algorithm_signs_messages(info->algorithm) == signs_messages)
                        return store->existing.keys[i];
        }
        return NULL;
}

struct key *keystore_log_key(const struct keystore *store)
{
        return find_log_key(store, 0);
}

struct key *keystore_second_log_key(const struct keystore *store)
{
        return find_log_key(store, 1);
}

static int write_info(struct keystore *store, const struct keyring_key *info, const char *suffix,
                      struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *object = keyring_key_to_json(info);
        _cleanup_(buf_done) struct buf text = BUF_INIT(KEY_FILE_MAX);
        char path[KEY_PATH_SIZE];

        if (!object)
                return -ENOMEM;
        json_put(&text, object);
        buf_put_u8(&text, '\n');
        if (buf_error(&text))
                return buf_error(&text);
        key_path(info, suffix, path);
        return file_replace(store->dir_fd, path, buf_view(&text), 0600, problem);
}

/* One that is left of a version that never came to be is of another key. */
static int write_creation(struct keystore *store, const struct key *key, struct view creation,
                          struct problem *problem)
{
        char path[KEY_PATH_SIZE];

        key_path(&key->info, "creation", path);
        if (creation.size > 0)
                return file_replace(store->dir_fd, path, creation, 0600, problem);
        if (unlinkat(store->dir_fd, path, 0) < 0 && errno != ENOENT)
                return problem_set(problem, -errno, "keys/%s: %m", path);
        return 0;
}

int keystore_read_creation(const struct keystore *store, const struct key *key, struct buf *ret,
                           struct problem *problem)
{
        char path[KEY_PATH_SIZE];

        key_path(&key->info, "creation", path);
        return file_read(store->dir_fd, path, ret, problem);
}

static int write_pending(struct keystore *store, const struct key *key, struct view creation,
                         struct problem *problem)
{
        char path[KEY_PATH_SIZE];
        int r;

        if (mkdirat(store->dir_fd, key->info.name, 0700) < 0 && errno != EEXIST)
                return problem_set(problem, -errno, "keys/%s: %m", key->info.name);
        r = file_sync_parent(store->dir_fd, key->info.name);
        if (r < 0)
                return problem_set(problem, r, "keys: %s", strerror(-r));
        key_path(&key->info, "key", path);
        r = key->info.imported[0]
                    ? 0
                    : file_replace(store->dir_fd, path, view_string(key->handle), 0600, problem);
        if (r == 0)
                r = write_creation(store, key, creation, problem);
        if (r < 0)
                return r;
        return write_info(store, &key->info, "pending", problem);
}

int keystore_redate(struct keystore *store, struct key *key, const char *created,
                    struct problem *problem)
{
        memcpy(key->info.created, created, KEY_TIME_SIZE);
        return write_info(store, &key->info, "pending", problem);
}

static void set_time(char *time, const char *value)
{
        if (value)
                memcpy(time, value, KEY_TIME_SIZE);
}

int keystore_end(struct keystore *store, struct key *key, const struct key_end *end,
                 struct problem *problem)
{
        struct keyring_key info = key->info; /* borrows */
        int r;

        info.state = end->state;
        set_time(info.ended, end->ended);
        set_time(info.revoked, end->revoked);
        set_time(info.destroyed, end->destroyed);
        if (end->reason)
                (void)snprintf(info.reason, sizeof(info.reason), "%s", end->reason);
        r = write_info(store, &info, "json", problem);
        if (r == 0)
                key->info = info;
        return r;
}

int keystore_overlap(struct keystore *store, struct key *key, const char *until,
                     struct problem *problem)
{
        struct keyring_key info = key->info; /* borrows */
        int r;

        memcpy(info.overlap, until, KEY_TIME_SIZE);
        r = write_info(store, &info, "json", problem);
        if (r == 0)
                key->info = info;
        return r;
}

int keystore_set_evidence(struct keystore *store, struct key *key, json_t *evidence,
                          struct problem *problem)
{
        struct keyring_key info = key->info; /* borrows */
        int r;

        info.evidence = evidence;
        r = write_info(store, &info, "json", problem);
        if (r < 0)
                return r;
        json_decref(key->info.evidence);
        key->info.evidence = json_incref(evidence);
        return 0;
}

/* The agent died between the two files of a rotation: it has happened. */
static int settle(struct keystore *store, struct problem *problem)
{
        int r = 0;

        for (size_t i = 0; i < store->existing.count && r == 0; i++) {
                struct key *key = store->existing.keys[i];
                const struct key *newest = keystore_newest(store, key->info.name);

                if (keyring_key_is_current(&key->info) && newest != key)
                        r = keystore_end(store, key,
                                         &(struct key_end){.state = KEY_RETIRED,
                                                           .ended = newest->info.created},
                                         problem);
        }
        return r;
}

int keystore_prepare(struct keystore *store, struct keyring_key *info, struct view handle,
                     struct view creation, struct key **ret, struct problem *problem)
{
        struct key *key = calloc(1, sizeof(*key));
        int r;

        if (!key)
                return -ENOMEM;
        key->info = *info;
        key->handle = view_dup(handle);
        link_token_key(key);
        r = key->handle ? write_pending(store, key, creation, problem) : -ENOMEM;
        if (r == 0)
                r = list_add(&store->pending, key);
        if (r < 0) {
                free(key->handle);
                free(key); /* info stays the caller's */
                return r;
        }
        *info = (struct keyring_key){};
        *ret = key;
        return 0;
}

int keystore_commit(struct keystore *store, struct key *key, struct problem *problem)
{
        char pending[KEY_PATH_SIZE], existing[KEY_PATH_SIZE];
        int r;

        key_path(&key->info, "pending", pending);
        key_path(&key->info, "json", existing);
        r = list_add(&store->existing, key);
        if (r < 0)
                return r;
        if (renameat(store->dir_fd, pending, store->dir_fd, existing) < 0) {
                r = -errno;
        } else {
                r = file_sync_parent(store->dir_fd, existing);
                if (r < 0)
                        (void)renameat(store->dir_fd, existing, store->dir_fd, pending);
        }
        list_remove(r < 0 ? &store->existing : &store->pending, key);
        return r < 0 ? problem_set(problem, r, "keys/%s: %s", existing, strerror(-r)) : 0;
}

void keystore_discard(struct keystore *store, struct key *key)
{
        char path[KEY_PATH_SIZE];

        /* First, and for good, what makes it pending: a pending version without its handle would be
         * taken for damage. A handle that is left alone is overwritten by the next key of this
         * name. */
        key_path(&key->info, "pending", path);
        if (unlinkat(store->dir_fd, path, 0) == 0 && file_sync_parent(store->dir_fd, path) == 0) {
                key_path(&key->info, "key", path);
                (void)unlinkat(store->dir_fd, path, 0);
                key_path(&key->info, "creation", path);
                (void)unlinkat(store->dir_fd, path, 0);
        }
        (void)unlinkat(store->dir_fd, key->info.name, AT_REMOVEDIR);
        list_remove(&store->pending, key);
        if (list_add(&store->discarded, key) < 0)
                key->interrupted = 1; /* lost to us, and to nobody else */
}

int keystore_put_ring(const struct keystore *store, const char *origin, struct buf *ret)
{
        _cleanup_(freep) struct keyring_key *keys = NULL;

        keys = calloc(store->existing.count + 1, sizeof(*keys));
        if (!keys)
                return -ENOMEM;
        for (size_t i = 0; i < store->existing.count; i++)
                keys[i] = store->existing.keys[i]->info;
        return keyring_put(ret, origin, keys, store->existing.count);
}

int keystore_open(const char *path, struct keystore **ret, struct problem *problem)
{
        _cleanup_(keystore_freep) struct keystore *store = calloc(1, sizeof(*store));
        int r;

        if (!store)
                return -ENOMEM;
        store->dir_fd = -1;
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
                return problem_set(problem, -errno, "%s: %m", path);
        r = file_sync_parent(AT_FDCWD, path);
        if (r < 0)
                return problem_set(problem, r, "folder of %s: %s", path, strerror(-r));
        store->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (store->dir_fd < 0)
                return problem_set(problem, -errno, "%s: %m", path);
        r = read_all(store, problem);
        if (r == 0)
                r = settle(store, problem);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(store);
        return 0;
}

struct keystore *keystore_free(struct keystore *store)
{
        if (!store)
                return NULL;
        fd_closep(&store->dir_fd);
        list_done(&store->existing);
        list_done(&store->pending);
        list_done(&store->discarded);
        free(store);
        return NULL;
}
