/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/inventory.h"

#include <errno.h>
#include <fcntl.h>

#include "lib/file.h"
#include "lib/inventory-look.h"

struct walk {
        const char *path;
        const char *const *ignored;
        struct inventory *inventory;
        struct problem *problem;
        char name[INVENTORY_NAME_MAX + 1]; /* of what is looked at */
        size_t depth;
        struct inventory_look look;
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

/* The look at it follows. */
static int add(struct walk *walk)
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
        file->odd = inventory_name_fault(name);
        return 0;
}

/* At what was added of the directory @fd, whose name is so long. */
static int look(struct walk *walk, int fd, size_t length)
{
        return inventory_look(&walk->look, fd, length > 0 ? length + 1 : 0);
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

/* Not every file system says it with the name. */
static int find_type(const struct walk *walk, int parent, const struct dirent *entry,
                     int *ret_is_directory)
{
        struct stat status;

        if (entry->d_type == DT_UNKNOWN &&
            fstatat(parent, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
                return fail(walk, -errno);
        *ret_is_directory =
                entry->d_type == DT_UNKNOWN ? S_ISDIR(status.st_mode) : entry->d_type == DT_DIR;
        return 0;
}

static int visit(struct walk *walk, int parent, const struct dirent *entry)
{
        size_t length = strlen(walk->name), size = strlen(entry->d_name);
        int is_directory = 0, r = 0;

        if (length + 1 + size > INVENTORY_NAME_MAX)
                return fail(walk, -ENAMETOOLONG);
        if (length > 0)
                walk->name[length] = '/';
        memcpy(walk->name + length + (length > 0), entry->d_name, size + 1);
        if (!is_ignored(walk)) {
                r = find_type(walk, parent, entry, &is_directory);
                if (r == 0 && !is_directory)
                        r = add(walk);
                if (r == 0 && (is_directory || inventory_look_is_due(&walk->look)))
                        r = look(walk, parent, length);
                if (r == 0 && is_directory)
                        r = enter(walk, parent, entry->d_name);
        }
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
                r = visit(walk, dirfd(dir), entry);
                if (r < 0)
                        return r;
        }
        return errno ? fail(walk, -errno) : look(walk, dirfd(dir), strlen(walk->name));
}

int inventory_walk(int root_fd, const char *path, const char *const *ignored, struct inventory *ret,
                   struct problem *problem)
{
        _cleanup_(inventory_done) struct inventory inventory = {};
        struct walk walk = {.path = path, .ignored = ignored, .inventory = &inventory};
        int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

        walk.problem = problem;
        if (fd < 0)
                return fail(&walk, -errno);
        inventory_look_init(&walk.look, &inventory, path, problem);
        r = walk_directory(&walk, fd);
        inventory_look_done(&walk.look);
        if (r == 0)
                r = inventory_sort(&inventory, problem);
        if (r < 0)
                return spool_problem(problem, r);
        *ret = inventory;
        inventory = (struct inventory){};
        return 0;
}
