/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reuse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/checksums.h"
#include "lib/file.h"
#include "lib/spool.h"

#define SIGNATURE_REST_MAX ((size_t)32 << 20) /* of a bundle, beside its payload */
#define FOLDER_SIZE        4096

void reuse_done(struct reuse *reuse)
{
        oms_done(&reuse->before);
        inventory_done(&reuse->remembered);
}

/* Makes the folder unless it is there. Returns a descriptor. */
static int enter_folder(int parent, const char *path)
{
        int fd;

        if (mkdirat(parent, path, 0700) < 0 && errno != EEXIST)
                return -errno;
        fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* What others can write to is nobody's memory. */
static int check_owner(int fd, const char *path, struct problem *problem)
{
        struct stat status;

        if (fstat(fd, &status) < 0)
                return problem_set(problem, -errno, "%s: %s", path, strerror(errno));
        if (status.st_uid != geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)))
                return problem_set(problem, -EPERM,
                                   "%s: expected to belong to this user alone, who can write to it",
                                   path);
        return 0;
}

static int open_cache(char path[FOLDER_SIZE])
{
        const char *cache = secure_getenv("XDG_CACHE_HOME"), *home = secure_getenv("HOME");
        _cleanup_(fd_closep) int fd = -1;
        int length;

        if (!(cache && cache[0] == '/') && !(home && home[0] == '/'))
                return -ENOENT;
        length = cache && cache[0] == '/' ? snprintf(path, FOLDER_SIZE, "%s", cache)
                                          : snprintf(path, FOLDER_SIZE, "%s/.cache", home);
        if (length < 0 || length + (int)sizeof("/hallmark") > FOLDER_SIZE)
                return -ENAMETOOLONG;
        fd = enter_folder(AT_FDCWD, path);
        if (fd < 0)
                return fd;
        (void)snprintf(path + length, FOLDER_SIZE - (size_t)length, "/hallmark");
        return enter_folder(fd, "hallmark");
}

/* Returns a descriptor of the folder with what is remembered. */
static int open_folder(char path[FOLDER_SIZE], struct problem *problem)
{
        _cleanup_(fd_closep) int fd = open_cache(path);
        int r;

        if (fd < 0)
                return problem_set(problem, fd, "%s: %s", path[0] ? path : "XDG_CACHE_HOME or HOME",
                                   strerror(-fd));
        r = check_owner(fd, path, problem);
        return r < 0 ? r : TAKE_FD(fd);
}

/* How a file was, or is, if its content has that digest. */
static struct sha256 commit(const struct inventory_file *file, const struct sha256 *digest)
{
        return sha256_of_parts(
                (const struct view[]){view_of(file->identity, INVENTORY_IDENTITY_SIZE),
                                      sha256_view(digest)},
                2);
}

static int read_remembered(struct reuse *reuse, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_SPOOLED(CHECKSUMS_SIZE_MAX);
        char path[FOLDER_SIZE] = "";
        _cleanup_(fd_closep) int folder = open_folder(path, problem), fd = -1;
        int r;

        if (folder < 0)
                return folder;
        if (faccessat(folder, reuse->name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
                return 0; /* everything is read */
        r = file_open(folder, reuse->name, &fd, problem);
        if (r == 0)
                r = check_owner(fd, reuse->name, problem);
        if (r == 0)
                r = file_read_fd(fd, reuse->name, &text, problem);
        if (r == 0)
                r = checksums_parse(&text, &reuse->remembered, problem);
        return r < 0 ? problem_prefix(problem, r, "%s", path) : 0;
}

static int check_signature(const struct format_signer *signer, struct pubkey *key,
                           struct signature *signature, struct reuse *reuse,
                           struct problem *problem)
{
        struct format_content nothing = {};
        int r;

        if (signature->format != &format_oms)
                return problem_set(problem, -EKEYREJECTED, "expected the signature of a model");
        r = signature_digest(signature, signer, &nothing, problem);
        if (r == 0)
                r = signature_verify(signature, signer, key);
        if (r == -EKEYREJECTED)
                return problem_set(problem, r, "not signed with this signature by key %s",
                                   signer->name);
        if (r < 0)
                return r;
        (void)hex_encode(view_of(signature->digest, signature->digest_size), reuse->name);
        return oms_parse(&signature->bundle.envelope.payload, &reuse->before, problem);
}

int reuse_load(const struct format_signer *signer, struct pubkey *key, struct reuse *reuse,
               struct problem *problem)
{
        _cleanup_(signature_done) struct signature signature = {};
        _cleanup_(buf_done) struct buf file = {};
        int r = format_read(reuse->path, SIGNATURE_REST_MAX, &file, &signature, problem);

        if (r < 0)
                return r;
        r = signature_parse(buf_view(&file), &signature, problem);
        if (r == 0)
                r = check_signature(signer, key, &signature, reuse, problem);
        if (r < 0)
                return problem_prefix(problem, r == -EBADMSG ? -EKEYREJECTED : r, "%s",
                                      reuse->path);
        return read_remembered(reuse, problem);
}

void reuse_apply(const struct reuse *reuse, struct inventory *inventory)
{
        struct inventory_pair pair = {};

        while (inventory_next_pair(inventory, &reuse->before.resources, &pair))
                if (pair.a && pair.b)
                        inventory->files[pair.next_a - 1].digest = pair.b->digest;
        pair = (struct inventory_pair){};
        while (inventory_next_pair(inventory, &reuse->remembered, &pair)) {
                struct sha256 now;

                if (!pair.a || !pair.b || pair.a->odd || pair.a->source != INVENTORY_UNKNOWN)
                        continue;
                now = commit(pair.a, &pair.a->digest);
                if (view_equal(sha256_view(&now), sha256_view(&pair.b->digest)))
                        inventory->files[pair.next_a - 1].source = INVENTORY_REUSED;
        }
}

static int put_files(const struct inventory *inventory, struct inventory *ret)
{
        for (size_t i = 0; i < inventory->count; i++) {
                const struct inventory_file *file = &inventory->files[i];
                struct inventory_file *remembered;
                int r;

                inventory_rest(inventory, i);
                if (!file->is_settled || file->source == INVENTORY_PRECOMPUTED)
                        continue;
                r = inventory_add(ret, view_string(file->name), &remembered);
                if (r < 0)
                        return r;
                remembered->digest = commit(file, &file->digest);
        }
        return 0;
}

static int write_files(const struct inventory *files, const char *name, const char *before,
                       struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_SPOOLED(CHECKSUMS_SIZE_MAX);
        char path[FOLDER_SIZE] = "";
        _cleanup_(fd_closep) int folder = open_folder(path, problem);
        int r = folder < 0 ? folder : checksums_put(&text, files);

        if (r == 0 && files->count > 0)
                r = file_replace_with(folder, name, &text, 0600, problem);
        if (r == 0 && (files->count == 0 || !string_equal(name, before)))
                (void)unlinkat(folder, before, 0); /* else it lies there in vain */
        return r;
}

void reuse_remember(struct reuse *reuse, const struct inventory *inventory,
                    struct view signed_digest)
{
        _cleanup_(inventory_done) struct inventory files = {};
        char name[HEX_SIZE(DIGEST_SIZE_MAX)];
        int r = put_files(inventory, &files);

        (void)hex_encode(signed_digest, name);
        if (r == 0)
                r = write_files(&files, name, reuse->name, &reuse->problem);
        if (r < 0)
                (void)problem_set(&reuse->problem, r, "%s", strerror(-r));
        else
                reuse->count = files.count;
}
