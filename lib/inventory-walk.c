/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "lib/file.h"

struct walk {
        const char *path;
        const char *const *ignored;
        struct inventory *inventory;
        struct problem *problem;
        char name[INVENTORY_NAME_MAX + 1]; /* of what is looked at */
        size_t depth;
        time_t began;
};

static int fail(const struct walk *walk, int error)
{
        return problem_set(walk->problem, error, "%s%s%.300s: %s", walk->path,
                           walk->name[0] ? "/" : "", walk->name, strerror(-error));
}

static int is_ignored(const struct walk *walk)
{
        for (size_t i = 0; walk->ignored[i]; i++)
                if (string_equal(walk->ignored[i], walk->name))
                        return 1;
        return 0;
}

/* NULL for a regular file. */
static const char *oddity(mode_t mode)
{
        switch (mode & S_IFMT) {
        case S_IFREG:
                return NULL;
        case S_IFLNK:
                return "a symbolic link";
        case S_IFIFO:
                return "a FIFO";
        case S_IFSOCK:
                return "a socket";
        default:
                return "a device";
        }
}

static int add(struct walk *walk, const struct stat *status)
{
        struct inventory_file *file;
        const struct view name = view_string(walk->name);
        int r = inventory_add(walk->inventory, name, &file);

        if (r == -EMSGSIZE)
                return problem_set(walk->problem, r,
                                   "%s: more than %zu files, or than %zu bytes of names",
                                   walk->path, INVENTORY_FILES_MAX, INVENTORY_NAMES_MAX);
        if (r < 0)
                return spool_problem(walk->problem, r);
        file->odd = oddity(status->st_mode);
        if (!file->odd)
                file->odd = inventory_name_fault(name);
        file->size = (uint64_t)status->st_size;
        file->is_settled = status->st_ctim.tv_sec < walk->began - INVENTORY_SETTLED_SECONDS;
        inventory_identify(status, file->identity);
        return 0;
}

static int walk_directory(struct walk *walk, int fd);

static int enter(struct walk *walk, int parent, const char *entry)
{
        _cleanup_(fd_closep) int fd = -1;
        int r;

        if (walk->depth == INVENTORY_DEPTH_MAX)
                return problem_set(walk->problem, -EMSGSIZE,
                                   "%s/%.300s: more than %d directories "
                                   "deep",
                                   walk->path, walk->name, INVENTORY_DEPTH_MAX);
        fd = openat(parent, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return fail(walk, -errno);
        walk->depth++;
        r = walk_directory(walk, TAKE_FD(fd));
        walk->depth--;
        return r;
}

static int visit(struct walk *walk, int parent, const char *entry)
{
        size_t length = strlen(walk->name), size = strlen(entry);
        struct stat status;
        int r;

        if (length + 1 + size > INVENTORY_NAME_MAX)
                return fail(walk, -ENAMETOOLONG);
        if (length > 0)
                walk->name[length] = '/';
        memcpy(walk->name + length + (length > 0), entry, size + 1);
        if (is_ignored(walk))
                r = 0;
        else if (fstatat(parent, entry, &status, AT_SYMLINK_NOFOLLOW) < 0)
                r = fail(walk, -errno);
        else
                r = S_ISDIR(status.st_mode) ? enter(walk, parent, entry) : add(walk, &status);
        walk->name[length] = '\0';
        return r;
}

/* Takes @fd over. */
static int walk_directory(struct walk *walk, int fd)
{
        _cleanup_(dir_closep) DIR *dir = fdopendir(fd);
        const struct dirent *entry;
        int r;

        if (!dir) {
                r = -errno;
                (void)close(fd); /* fdopendir() left it with us */
                return fail(walk, r);
        }
        while (errno = 0, (entry = readdir(dir))) {
                if (string_equal(entry->d_name, ".") || string_equal(entry->d_name, ".."))
                        continue;
                r = visit(walk, dirfd(dir), entry->d_name);
                if (r < 0)
                        return r;
        }
        return errno ? fail(walk, -errno) : 0;
}

int inventory_walk(int root_fd, const char *path, const char *const *ignored, struct inventory *ret,
                   struct problem *problem)
{
        _cleanup_(inventory_done) struct inventory inventory = {};
        struct walk walk = {.path = path, .ignored = ignored, .inventory = &inventory};
        int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

        walk.problem = problem;
        walk.began = time(NULL);
        if (fd < 0)
                return fail(&walk, -errno);
        r = walk_directory(&walk, fd);
        if (r == 0)
                r = inventory_sort(&inventory, problem);
        if (r < 0)
                return spool_problem(problem, r);
        *ret = inventory;
        inventory = (struct inventory){};
        return 0;
}
