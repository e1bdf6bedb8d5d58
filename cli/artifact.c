/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/artifact.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "lib/file.h"

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

/* All of the file, from its begin. */
static int hash(struct artifact *artifact, const char *hash_name, struct view trailer, uint8_t *ret,
                size_t *ret_size)
{
        if (artifact->is_read && lseek(artifact->fd, 0, SEEK_SET) < 0)
                return -errno;
        artifact->is_read = 1;
        return digest_of_fd_and(hash_name, artifact->fd, trailer, ret, ret_size);
}

int artifact_digest(struct artifact *artifact, const char *hash_name, struct view trailer,
                    uint8_t *ret, struct problem *problem)
{
        struct artifact_digest *kept = artifact->digests;
        size_t i = 0, size = 0;
        int r;

        while (trailer.size == 0 && i < artifact->count && !string_equal(kept[i].hash, hash_name))
                i++;
        if (trailer.size == 0 && i < artifact->count) {
                memcpy(ret, kept[i].bytes, DIGEST_SIZE_MAX);
                return 0;
        }
        r = hash(artifact, hash_name, trailer, ret, &size);
        if (r < 0)
                return problem_set(problem, r, "%s: %s", artifact->path, strerror(-r));
        if (trailer.size == 0 && artifact->count < ARTIFACT_HASHES_MAX) {
                kept[i].hash = hash_name;
                memcpy(kept[i].bytes, ret, size);
                artifact->count++;
        }
        return 0;
}

int artifact_read(struct artifact *artifact, struct buf *ret, struct problem *problem)
{
        struct problem reason = {};
        int r = artifact->is_read && lseek(artifact->fd, 0, SEEK_SET) < 0 ? -errno : 0;

        artifact->is_read = 1;
        ret->limit = ALGORITHM_MESSAGE_MAX;
        if (r == 0)
                r = file_read_fd(artifact->fd, artifact->path, ret, &reason);
        if (r == -EMSGSIZE)
                return problem_set(problem, r,
                                   "%s: longer than the %zu bytes of a message that is signed as "
                                   "it is; --format sshsig and tlog-proof sign digests of files",
                                   artifact->path, ALGORITHM_MESSAGE_MAX);
        return r < 0 ? problem_set(problem, r, "%s: %s", artifact->path, strerror(-r)) : 0;
}

int artifact_is(const struct artifact *artifact, const char *path)
{
        struct stat own, other;

        return fstat(artifact->fd, &own) == 0 && stat(path, &other) == 0 &&
               own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}
