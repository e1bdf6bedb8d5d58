/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A temporary folder for a test, gone with everything in it at the end of its scope.
 */

#include "lib/buf.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

struct folder {
        char path[64];
        int fd;
};

static inline int folder_remove_entry(const char *path, const struct stat *status, int type,
                                      struct FTW *place)
{
        return remove(path);
}

static inline struct folder folder_new(void)
{
        struct folder folder = {.path = "/tmp/hallmark-test-XXXXXX", .fd = -1};
        char *path = mkdtemp(folder.path);

        assert(path);
        folder.fd = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert(folder.fd >= 0);
        return folder;
}

static inline void folder_done(struct folder *folder)
{
        (void)close(folder->fd);
        (void)nftw(folder->path, folder_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Makes the folders above @path, which is relative to the folder. */
static inline void folder_make_parents(const struct folder *folder, const char *path)
{
        _cleanup_(freep) char *copy = strdup(path);

        assert(copy);
        for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                (void)mkdirat(folder->fd, copy, 0700); /* it may be there; the file's open tells */
                *slash = '/';
        }
}

static inline void folder_write(const struct folder *folder, const char *path, struct view content)
{
        int fd;

        folder_make_parents(folder, path);
        fd = openat(folder->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert(fd >= 0);
        assert(write(fd, content.data, content.size) == (ssize_t)content.size);
        assert(close(fd) == 0);
}
