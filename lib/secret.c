/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <sys/stat.h>

#define CREDENTIAL_MAX ((size_t)255) /* bytes of a credential's name */

static const struct {
        const char *ending, *setting;
} kinds[] = {
        [SECRET_PIN] = {".pin", "PinFile"},
        [SECRET_OWNER] = {".owner", "OwnerFile"},
};

void secret_done(struct secret *secret)
{
        if (secret)
                OPENSSL_cleanse(secret, sizeof(*secret));
}

static int secret_check(struct secret *secret, const char *path, struct problem *problem)
{
        if (secret->size > 0 && secret->data[secret->size - 1] == '\n')
                secret->size--;
        if (secret->size == 0 || secret->data[secret->size - 1] == '\0')
                return problem_set(problem, -EBADMSG, "%s: empty, or ends in a zero byte", path);
        return 0;
}

static int secret_read_fd(int fd, const char *path, struct secret *secret, struct problem *problem)
{
        uint8_t extra;
        size_t done = 0;
        ssize_t size;

        do {
                int full = done == sizeof(secret->data);

                size = full ? read(fd, &extra, 1)
                            : read(fd, secret->data + done, sizeof(secret->data) - done);
                if (size < 0 && errno != EINTR)
                        return problem_set(problem, -errno, "%s: %s", path, strerror(errno));
                if (full && size > 0)
                        return problem_set(problem, -EMSGSIZE, "%s: longer than %zu bytes", path,
                                           sizeof(secret->data));
                done += size > 0 ? (size_t)size : 0;
        } while (size != 0);
        secret->size = done;
        return secret_check(secret, path, problem);
}

static int secret_read_into(int fd, const char *path, struct secret *ret, struct problem *problem)
{
        _cleanup_(secret_done) struct secret secret = {0};
        int r = secret_read_fd(fd, path, &secret, problem);

        if (r == 0)
                *ret = secret;
        return r;
}

static int secret_file_is_private(int fd, const char *path, struct problem *problem)
{
        struct stat status;

        if (fstat(fd, &status) < 0)
                return problem_set(problem, -errno, "%s: %s", path, strerror(errno));
        if (!S_ISREG(status.st_mode) || (status.st_mode & 077) != 0 ||
            (status.st_uid != 0 && status.st_uid != geteuid()))
                return problem_set(problem, -EACCES,
                                   "%s: must be a regular file, owned by root or the agent's user, "
                                   "with mode 0600 or 0400",
                                   path);
        return 0;
}

/* Credentials are what PID 1 put there; access lists make their mode look wider than it is. */
static int secret_read_credential(const char *token, const char *ending, struct secret *ret,
                                  struct problem *problem)
{
        _cleanup_(fd_closep) int directory_fd = -1, fd = -1;
        const char *directory = getenv("CREDENTIALS_DIRECTORY");
        char name[CREDENTIAL_MAX + 1];
        int length = snprintf(name, sizeof(name), "%s%s", token, ending);

        if (!directory || strchr(token, '/') || length < 0 || (size_t)length >= sizeof(name))
                return -ENOENT;
        directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory_fd < 0)
                return -ENOENT;
        fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
        if (fd < 0)
                return errno == ENOENT ? -ENOENT
                                       : problem_set(problem, -EACCES, "credential %s: %s", name,
                                                     strerror(errno));
        return secret_read_into(fd, name, ret, problem);
}

int secret_read(const char *token, enum secret_kind kind, const struct facts *settings,
                struct secret *ret, struct problem *problem)
{
        const char *path = facts_get(settings, kinds[kind].setting);
        _cleanup_(fd_closep) int fd = -1;
        int r = secret_read_credential(token, kinds[kind].ending, ret, problem);

        if (r != -ENOENT || !path)
                return r;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return problem_set(problem, -EACCES, "%s: %s", path, strerror(errno));
        r = secret_file_is_private(fd, path, problem);
        return r < 0 ? r : secret_read_into(fd, path, ret, problem);
}
