/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/account.h"
#include "lib/reader.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>

#define ROOM_FIRST ((size_t)1024)
#define ROOM_MAX   ((size_t)1 << 20) /* groups of thousands of members fit */

/* getpwnam_r(3) lists these among the ways to say that there is none. */
static int is_absent(int error)
{
        return error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
}

static int parse_id(const char *text, uint32_t *ret)
{
        uint64_t value;

        if (view_parse_decimal(view_string(text), &value) < 0)
                return -ENOENT;
        if (value >= UINT32_MAX) /* (uid_t)-1 stands for "no change" in system calls */
                return -ENOENT;
        *ret = (uint32_t)value;
        return 0;
}

int account_find_user(const char *name, uid_t *ret)
{
        if (parse_id(name, ret) == 0)
                return 0;
        for (size_t size = ROOM_FIRST; size <= ROOM_MAX; size *= 2) {
                _cleanup_(freep) char *room = malloc(size);
                struct passwd entry, *found = NULL;
                int error;

                if (!room)
                        return -ENOMEM;
                error = getpwnam_r(name, &entry, room, size, &found);
                if (error == ERANGE)
                        continue;
                if (!found)
                        return is_absent(error) ? -ENOENT : -error;
                *ret = entry.pw_uid;
                return 0;
        }
        return -ERANGE;
}

int account_find_group(const char *name, gid_t *ret)
{
        if (parse_id(name, ret) == 0)
                return 0;
        for (size_t size = ROOM_FIRST; size <= ROOM_MAX; size *= 2) {
                _cleanup_(freep) char *room = malloc(size);
                struct group entry, *found = NULL;
                int error;

                if (!room)
                        return -ENOMEM;
                error = getgrnam_r(name, &entry, room, size, &found);
                if (error == ERANGE)
                        continue;
                if (!found)
                        return is_absent(error) ? -ENOENT : -error;
                *ret = entry.gr_gid;
                return 0;
        }
        return -ERANGE;
}

int account_user_name(uid_t uid, char *ret, size_t size)
{
        for (size_t room_size = ROOM_FIRST; room_size <= ROOM_MAX; room_size *= 2) {
                _cleanup_(freep) char *room = malloc(room_size);
                struct passwd entry, *found = NULL;
                int error;

                if (!room)
                        return -ENOMEM;
                error = getpwuid_r(uid, &entry, room, room_size, &found);
                if (error == ERANGE)
                        continue;
                if (!found)
                        return is_absent(error) ? -ENOENT : -error;
                if (strlen(entry.pw_name) >= size)
                        return -ENOENT;
                (void)snprintf(ret, size, "%s", entry.pw_name); /* fits, see above */
                return 0;
        }
        return -ERANGE;
}

int account_user_groups(uid_t uid, gid_t *ret_gid, gid_t *ret, size_t *count)
{
        for (size_t room_size = ROOM_FIRST; room_size <= ROOM_MAX; room_size *= 2) {
                _cleanup_(freep) char *room = malloc(room_size);
                struct passwd entry, *found = NULL;
                int error, number = (int)*count;

                if (!room)
                        return -ENOMEM;
                error = getpwuid_r(uid, &entry, room, room_size, &found);
                if (error == ERANGE)
                        continue;
                if (!found && !is_absent(error))
                        return -error;
                if (found && getgrouplist(entry.pw_name, entry.pw_gid, ret, &number) < 0)
                        return -ERANGE;
                *ret_gid = found ? entry.pw_gid : (gid_t)-1;
                *count = found ? (size_t)number : 0;
                return 0;
        }
        return -ERANGE;
}
