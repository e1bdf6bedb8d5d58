/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/artifact.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

int artifact_open(const char *path, struct artifact *ret, struct problem *problem)
{
        _cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        struct stat status;
        int r;

        if (fd < 0 || fstat(fd, &status) < 0) {
                r = -errno;
                return problem_set(problem, r, "%s: %s", path, strerror(-r));
        }
        if (S_ISDIR(status.st_mode))
                return problem_set(problem, -EISDIR, "%s: expected a file, found a folder", path);
        *ret = (struct artifact){.path = path, .fd = TAKE_FD(fd)};
        return 0;
}

void artifact_done(struct artifact *artifact)
{
        if (artifact && artifact->path)
                fd_closep(&artifact->fd);
}

int artifact_digest(struct artifact *artifact, const char *hash, struct view *ret,
                    struct problem *problem)
{
        size_t i = 0;
        int r = 0;

        while (i < artifact->count && !string_equal(artifact->digest[i].hash, hash))
                i++;
        if (i == artifact->count) {
                if (i == ARTIFACT_HASHES_MAX)
                        return problem_set(problem, -EOPNOTSUPP, "%s: too many hashes",
                                           artifact->path);
                if (i > 0 && lseek(artifact->fd, 0, SEEK_SET) < 0)
                        r = -errno;
                if (r == 0)
                        r = digest_of_fd(hash, artifact->fd, artifact->digest[i].bytes,
                                         &artifact->digest[i].size);
                if (r < 0)
                        return problem_set(problem, r, "%s: %s", artifact->path, strerror(-r));
                artifact->digest[i].hash = hash;
                artifact->count++;
        }
        *ret = view_of(artifact->digest[i].bytes, artifact->digest[i].size);
        return 0;
}

int artifact_is(const struct artifact *artifact, const char *path)
{
        struct stat own, other;

        return fstat(artifact->fd, &own) == 0 && stat(path, &other) == 0 &&
               own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}
