/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tries what the sandbox of hallmarkd.service denies, and a little that it allows. A line for each:
 * what was tried, what was expected and what came of it, as the name of an errno. Meant for root:
 * what is refused then is refused by the sandbox, and not because the agent is somebody else. Exit
 * status 1 if anything was otherwise.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/macro.h"

struct attempt {
        const char *what;
        int (*act)(const struct attempt *attempt); /* negative with errno, as system calls do */
        const char *path;
        int argument, expected;
};

static int open_path(const struct attempt *attempt)
{
        int fd = open(attempt->path, attempt->argument | O_CLOEXEC | O_NONBLOCK, 0600);

        return fd < 0 ? fd : close(fd);
}

static int make_folder(const struct attempt *attempt)
{
        return mkdir(attempt->path, 0700);
}

static int make_socket(const struct attempt *attempt)
{
        int fd = socket(attempt->argument, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        return fd < 0 ? fd : close(fd);
}

static int enter_namespace(const struct attempt *attempt)
{
        return unshare(attempt->argument);
}

static int mount_something(const struct attempt *attempt)
{
        return mount("none", "/tmp", "tmpfs", 0, NULL);
}

static int set_clock(const struct attempt *attempt)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        return clock_settime(CLOCK_REALTIME, &now);
}

static int set_host_name(const struct attempt *attempt)
{
        return sethostname("probe", 5);
}

static int restart_machine(const struct attempt *attempt)
{
        return (int)syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
                            LINUX_REBOOT_CMD_CAD_ON, NULL);
}

static int load_module(const struct attempt *attempt)
{
        return (int)syscall(SYS_init_module, "", 0, "");
}

static int map_code(const struct attempt *attempt)
{
        return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                    0) == MAP_FAILED
                       ? -1
                       : 0;
}

static int turn_into_code(const struct attempt *attempt)
{
        void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        return page == MAP_FAILED ? -1 : mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static int be_another_system(const struct attempt *attempt)
{
        return personality(PER_LINUX32);
}

static int be_urgent(const struct attempt *attempt)
{
        struct sched_param parameters = {.sched_priority = 1};

        return sched_setscheduler(0, SCHED_RR, &parameters);
}

static int make_set_user_id(const struct attempt *attempt)
{
        int fd = open("/tmp/probe", O_RDWR | O_CREAT | O_CLOEXEC, 0600), r;

        if (fd < 0)
                return -1;
        r = fchmod(fd, 04700);
        (void)close(fd); /* nothing was written */
        return r;
}

static int be_somebody_else(const struct attempt *attempt)
{
        return (int)syscall(SYS_setuid, 65533);
}

static int trace(const struct attempt *attempt)
{
        return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static int load_program(const struct attempt *attempt)
{
        return (int)syscall(SYS_bpf, 0, NULL, 0);
}

static int read_kernel_log(const struct attempt *attempt)
{
        char text[16];

        return klogctl(3, text, sizeof(text));
}

static int swap(const struct attempt *attempt)
{
        return swapon("/tmp/probe", 0);
}

static int raise_limit(const struct attempt *attempt)
{
        struct rlimit limit = {65536, 65536};

        return (int)syscall(SYS_setrlimit, RLIMIT_NOFILE, &limit);
}

static int dump_core(const struct attempt *attempt)
{
        struct rlimit limit;

        (void)getrlimit(RLIMIT_CORE, &limit);
        errno = EPERM;
        return limit.rlim_max == 0 ? -1 : 0;
}

static const struct attempt attempts[] = {
        {"write /etc/passwd", open_path, "/etc/passwd", O_WRONLY, EROFS},
        {"make a folder in /usr", make_folder, "/usr/probe", 0, EROFS},
        {"make a folder in /var/lib", make_folder, "/var/lib/mine", 0, EROFS},
        {"make a folder in /run", make_folder, "/run/probe", 0, EROFS},
        {"read /root", open_path, "/root", O_RDONLY | O_DIRECTORY, EACCES},
        {"make a folder in /home", make_folder, "/home/probe", 0, EACCES},
        {"see another's /tmp", open_path, "/tmp/outside", O_RDONLY, ENOENT},
        {"write a kernel setting", open_path, "/proc/sys/kernel/hostname", O_WRONLY, EROFS},
        {"write below /sys", open_path, "/sys/power/state", O_WRONLY, EROFS},
        {"make a control group", make_folder, "/sys/fs/cgroup/probe", 0, EROFS},
        {"open the disk", open_path, "/dev/vda", O_RDONLY, EPERM},
        {"open the raw TPM", open_path, "/dev/tpm0", O_RDWR, EPERM},
        {"open a terminal", open_path, "/dev/ttyS1", O_WRONLY, EPERM},
        {"make an AF_INET socket", make_socket, NULL, AF_INET, EAFNOSUPPORT},
        {"make an AF_INET6 socket", make_socket, NULL, AF_INET6, EAFNOSUPPORT},
        {"make an AF_NETLINK socket", make_socket, NULL, AF_NETLINK, EAFNOSUPPORT},
        {"make an AF_PACKET socket", make_socket, NULL, AF_PACKET, EAFNOSUPPORT},
        {"enter a user namespace", enter_namespace, NULL, CLONE_NEWUSER, EPERM},
        {"enter a mount namespace", enter_namespace, NULL, CLONE_NEWNS, EPERM},
        {"mount", mount_something, NULL, 0, EPERM},
        {"set the clock", set_clock, NULL, 0, EPERM},
        {"set the host's name", set_host_name, NULL, 0, EPERM},
        {"restart the machine", restart_machine, NULL, 0, EPERM},
        {"load a kernel module", load_module, NULL, 0, EPERM},
        {"map writable code", map_code, NULL, 0, EPERM},
        {"turn data into code", turn_into_code, NULL, 0, EPERM},
        {"be a 32-bit system", be_another_system, NULL, 0, EPERM},
        {"be urgent", be_urgent, NULL, 0, EPERM},
        {"make a set-user-id file", make_set_user_id, NULL, 0, EPERM},
        {"be somebody else", be_somebody_else, NULL, 0, EPERM},
        {"trace a process", trace, NULL, 0, EPERM},
        {"load a BPF program", load_program, NULL, 0, EPERM},
        {"read the kernel's log", read_kernel_log, NULL, 0, EPERM},
        {"swap", swap, NULL, 0, EPERM},
        {"raise a limit", raise_limit, NULL, 0, EPERM},
        {"dump core", dump_core, NULL, 0, EPERM},
        {"open /dev/tpmrm0", open_path, "/dev/tpmrm0", O_RDWR, 0},
        {"make an AF_UNIX socket", make_socket, NULL, AF_UNIX, 0},
        {"make a folder in the state folder", make_folder, "/var/lib/probe/mine", 0, 0},
};

static const char *name_of(int error)
{
        return error == 0 ? "success" : strerrorname_np(error);
}

int main(void)
{
        int status = 0;

        for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
                int error = attempts[i].act(&attempts[i]) < 0 ? errno : 0;
                int as_expected = error == attempts[i].expected;

                (void)printf("%s: %s: expected %s, found %s\n", as_expected ? "right" : "WRONG",
                             attempts[i].what, name_of(attempts[i].expected), name_of(error));
                if (!as_expected)
                        status = 1;
        }
        return status;
}
