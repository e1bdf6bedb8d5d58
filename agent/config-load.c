/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config-build.h"
#include "lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define ENDING ".conf"

static int add_text(struct config_file *file, struct buf *digests, const char *name,
                    struct view text, struct problem *problem)
{
        const char *slash = strrchr(name, '/');
        struct sha256 of_name = sha256_of(view_string(slash ? slash + 1 : name));
        struct sha256 of_text = sha256_of(text);

        buf_put_view(digests, sha256_view(&of_name));
        buf_put_view(digests, sha256_view(&of_text));
        if (buf_error(digests))
                return buf_error(digests);
        return config_file_parse(file, name, text, problem);
}

int config_parse(const char *name, struct view text, struct config **ret, struct problem *problem)
{
        _cleanup_(config_file_done) struct config_file file = {};
        _cleanup_(buf_done) struct buf digests = {};
        int r;

        r = add_text(&file, &digests, name, text, problem);
        return r < 0 ? r : config_build(name, &file, buf_view(&digests), ret, problem);
}

/* A configuration names programs and libraries to be run: who can change it is the agent. Kept as a
 * finding, so that
 * --check-config can read anybody's file. */
static int note_trust(struct config_file *file, int fd, const char *path)
{
        struct stat status;

        if (fstat(fd, &status) < 0)
                return -errno;
        if (file->untrusted || ((status.st_uid == 0 || status.st_uid == geteuid()) &&
                                (status.st_mode & (S_IWGRP | S_IWOTH)) == 0))
                return 0;
        if (asprintf(&file->untrusted,
                     "%s: expected owner root or user %u and nobody else to write it, found "
                     "owner %u and mode %04o",
                     path, (unsigned)geteuid(), (unsigned)status.st_uid,
                     status.st_mode & 07777u) < 0) {
                file->untrusted = NULL; /* asprintf() leaves it undefined */
                return -ENOMEM;
        }
        return 0;
}

static int add_file(struct config_file *file, struct buf *digests, const char *path,
                    struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(CONFIG_SIZE_MAX);
        _cleanup_(fd_closep) int fd = -1;
        int r;

        r = file_open(AT_FDCWD, path, &fd, problem);
        if (r == 0)
                r = note_trust(file, fd, path);
        if (r == 0)
                r = file_read_fd(fd, path, &text, problem);
        return r < 0 ? r : add_text(file, digests, path, buf_view(&text), problem);
}

static int is_drop_in(const struct dirent *entry)
{
        size_t length = strlen(entry->d_name);

        return entry->d_name[0] != '.' && length > strlen(ENDING) &&
               string_equal(entry->d_name + length - strlen(ENDING), ENDING);
}

/* By bytes, whatever the locale. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
        return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_drop_in(struct config_file *file, struct buf *digests, const char *folder,
                       const char *name, struct problem *problem)
{
        _cleanup_(freep) char *path = NULL;

        if (asprintf(&path, "%s/%s", folder, name) < 0) {
                path = NULL; /* asprintf() leaves it undefined */
                return -ENOMEM;
        }
        return add_file(file, digests, path, problem);
}

static int add_drop_ins(struct config_file *file, struct buf *digests, const char *path,
                        struct problem *problem)
{
        _cleanup_(freep) char *folder = NULL;
        _cleanup_(fd_closep) int fd = -1;
        struct dirent **entries = NULL;
        int count, r;

        if (asprintf(&folder, "%s.d", path) < 0) {
                folder = NULL;
                return -ENOMEM;
        }
        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                return 0;
        r = fd < 0 ? -errno : note_trust(file, fd, folder);
        count = r < 0 ? r : scandir(folder, &entries, is_drop_in, compare_names);
        if (count < 0) {
                r = r < 0 ? r : -errno;
                return problem_set(problem, r, "%s: %s", folder, strerror(-r));
        }
        for (int i = 0; i < count; i++) {
                if (r == 0)
                        r = add_drop_in(file, digests, folder, entries[i]->d_name, problem);
                free(entries[i]);
        }
        free(entries);
        return r;
}

int config_load(const char *path, struct config **ret, struct problem *problem)
{
        _cleanup_(config_file_done) struct config_file file = {};
        _cleanup_(buf_done) struct buf digests = {};
        int r;

        r = add_file(&file, &digests, path, problem);
        if (r == 0)
                r = add_drop_ins(&file, &digests, path, problem);
        if (r == 0)
                r = config_build(path, &file, buf_view(&digests), ret, problem);
        if (r == 0)
                (*ret)->untrusted = TAKE_PTR(file.untrusted);
        return r;
}
