/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/pin-turn.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/file.h"

#define FIRST_FD 10 /* where a descriptor is in nobody's way who is given one of the first */

static int set_refused(int fd, uint8_t refused)
{
        return pwrite(fd, &refused, 1, 0) == 1 ? 0 : -EIO;
}

int pin_turn_new(int *ret)
{
        _cleanup_(fd_closep) int low = memfd_create("pin-turn", MFD_CLOEXEC);
        _cleanup_(fd_closep) int fd = -1;

        if (low < 0)
                return -errno;
        fd = fcntl(low, F_DUPFD_CLOEXEC, FIRST_FD);
        if (fd < 0)
                return -errno;
        if (set_refused(fd, 0) < 0)
                return -EIO;
        *ret = fd;
        fd = -1;
        return 0;
}

void pin_turn_reset(int fd)
{
        (void)set_refused(fd, 0); /* if not, the PIN is not given, and that is said */
}

/* A lock of this process, not of the open file, which all of them have from the agent. */
static int lock(int fd, short type)
{
        struct flock whole = {.l_type = type, .l_whence = SEEK_SET};

        while (fcntl(fd, F_SETLKW, &whole) < 0)
                if (errno != EINTR)
                        return -EIO;
        return 0;
}

int pin_turn_take(int fd, struct problem *problem)
{
        uint8_t refused = 0;

        if (fd == PIN_TURN_NONE)
                return 0;
        if (lock(fd, F_WRLCK) < 0 || pread(fd, &refused, 1, 0) != 1)
                return problem_set(problem, -EIO, "no telling whether the PIN was refused");
        if (!refused)
                return 0;
        (void)lock(fd, F_UNLCK); /* ends with the process at the latest */
        return problem_set(problem, -EACCES, "the token has refused this PIN to another process");
}

void pin_turn_end(int fd, int refused)
{
        if (fd == PIN_TURN_NONE)
                return;
        if (refused)
                (void)set_refused(fd, 1); /* the byte is there, and takes no room */
        (void)lock(fd, F_UNLCK);          /* likewise */
}
