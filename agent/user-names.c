/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/user-names.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>

#include "agent/account.h"
#include "agent/caller.h"

struct entry {
        uid_t uid;
        size_t order; /* in which it was found: the first one counts, as for the name service */
        char *name;
};

struct user_names {
        struct entry *entries;
        size_t count, room;
};

static int compare_uids(const void *a, const void *b)
{
        const struct entry *x = a, *y = b;

        return (x->uid > y->uid) - (x->uid < y->uid);
}

static int compare(const void *a, const void *b)
{
        const struct entry *x = a, *y = b;
        int order = compare_uids(x, y);

        return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

static int add(struct user_names *names, uid_t uid, const char *name)
{
        struct entry *more;

        if (names->count == USER_NAMES_MAX || strlen(name) >= CALLER_NAME_MAX)
                return 0; /* known by number */
        if (names->count == names->room) {
                size_t room = names->room > 0 ? 2 * names->room : 64;

                more = reallocarray(names->entries, room, sizeof(*more));
                if (!more)
                        return -ENOMEM;
                names->entries = more;
                names->room = room;
        }
        names->entries[names->count] =
                (struct entry){.uid = uid, .order = names->count, .name = strdup(name)};
        return names->entries[names->count++].name ? 0 : -ENOMEM;
}

static void file_closep(FILE **file)
{
        if (*file)
                (void)fclose(*file); /* opened for reading */
}

/* A line that is none is passed over by fgetpwent(), as the name service does. */
static int read_file(struct user_names *names, const char *path)
{
        _cleanup_(file_closep) FILE *file = fopen(path, "re");
        const struct passwd *entry;
        int r = 0;

        while (file && r == 0 && (entry = fgetpwent(file)))
                r = add(names, entry->pw_uid, entry->pw_name);
        return r;
}

/* Users of a directory, looked up when the configuration is read, which asks for them anyway. */
static int add_granted(struct user_names *names, const struct config_grant *grant)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < grant->uid_count; i++) {
                char name[CALLER_NAME_MAX];

                if (!user_names_find(names, grant->uids[i]) &&
                    account_user_name(grant->uids[i], name, sizeof(name)) == 0)
                        r = add(names, grant->uids[i], name);
        }
        return r;
}

static void sort(struct user_names *names)
{
        if (names->count > 0)
                qsort(names->entries, names->count, sizeof(*names->entries), compare);
}

int user_names_new(const char *path, const struct config *config, struct user_names **ret)
{
        _cleanup_(user_names_freep) struct user_names *names = calloc(1, sizeof(*names));
        int r;

        if (!names)
                return -ENOMEM;
        r = read_file(names, path);
        sort(names);
        for (size_t i = 0; r == 0 && i < config->grant_count; i++) {
                r = add_granted(names, &config->grants[i]);
                sort(names);
        }
        if (r == 0)
                *ret = TAKE_PTR(names);
        return r;
}

struct user_names *user_names_free(struct user_names *names)
{
        if (!names)
                return NULL;
        for (size_t i = 0; i < names->count; i++)
                free(names->entries[i].name);
        free(names->entries);
        free(names);
        return NULL;
}

const char *user_names_find(const struct user_names *names, uid_t uid)
{
        const struct entry key = {.uid = uid};
        const struct entry *found;

        if (!names || names->count == 0)
                return NULL;
        found = bsearch(&key, names->entries, names->count, sizeof(key), compare_uids);
        while (found && found > names->entries && found[-1].uid == uid)
                found--;
        return found ? found->name : NULL;
}
