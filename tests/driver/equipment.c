/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/driver/equipment.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#define SWTPM_MAX       8
#define SWTPM_WAIT_MAX  10000 /* milliseconds to come up or to end */
#define SWTPM_LOG_LEVEL 4     /* every command and response in hexadecimal */

static char folder[EQUIPMENT_PATH_MAX];
static pid_t running[SWTPM_MAX];

static void give_up(const char *what)
{
        (void)fprintf(stderr, "%s: %s\n", what, strerror(errno));
        exit(EXIT_FAILURE);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
        return remove(path);
}

static void clean_up(void)
{
        for (size_t i = 0; i < SWTPM_MAX; i++)
                if (running[i] > 0) {
                        (void)kill(running[i], SIGKILL);
                        (void)waitpid(running[i], NULL, 0);
                }
        (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *equipment_folder(void)
{
        const char *base = getenv("TMPDIR");

        if (folder[0])
                return folder;
        (void)snprintf(folder, sizeof(folder), "%s/hallmark-XXXXXX", base ? base : "/tmp");
        if (!mkdtemp(folder) || atexit(clean_up) != 0)
                give_up(folder);
        return folder;
}

const char *equipment_path(char room[EQUIPMENT_PATH_MAX], const char *name)
{
        int length = snprintf(room, EQUIPMENT_PATH_MAX, "%s/%s", equipment_folder(), name);

        assert(length > 0 && length < EQUIPMENT_PATH_MAX);
        return room;
}

void equipment_write_bytes(const char *name, mode_t mode, struct view bytes)
{
        char path[EQUIPMENT_PATH_MAX];
        int fd = open(equipment_path(path, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

        if (fd < 0 || write(fd, bytes.data, bytes.size) != (ssize_t)bytes.size ||
            fchmod(fd, mode) < 0 || close(fd) < 0)
                give_up(path);
}

void equipment_write(const char *name, mode_t mode, const char *text)
{
        equipment_write_bytes(name, mode, view_string(text));
}

static int is_in_path(const char *program)
{
        const char *next = getenv("PATH");

        while (next && *next) {
                size_t length = strcspn(next, ":");
                char path[EQUIPMENT_PATH_MAX];

                (void)snprintf(path, sizeof(path), "%.*s/%s", (int)length, next, program);
                if (access(path, X_OK) == 0)
                        return 1;
                next += length + (next[length] == ':');
        }
        return 0;
}

void equipment_need(const char *program)
{
        if (is_in_path(program))
                return;
        (void)fprintf(stderr, "skipped: %s is not installed\n", program);
        exit(EQUIPMENT_SKIPPED);
}

static pid_t start(const char *const *arguments)
{
        pid_t pid = fork();

        if (pid < 0)
                give_up("fork");
        if (pid > 0)
                return pid;
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
                (void)execvp(arguments[0], (char *const *)(uintptr_t)arguments);
        (void)fprintf(stderr, "%s: %s\n", arguments[0], strerror(errno));
        _exit(EQUIPMENT_SKIPPED);
}

int equipment_run(const char *const *arguments)
{
        int status;
        pid_t pid = start(arguments);

        if (waitpid(pid, &status, 0) != pid)
                give_up("waitpid");
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int try_to_connect(const char *path)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

        if (fd < 0)
                give_up("socket");
        assert(strlen(path) < sizeof(address.sun_path));
        memcpy(address.sun_path, path, strlen(path));
        r = connect(fd, (const struct sockaddr *)&address, sizeof(address));
        (void)close(fd);
        return r == 0;
}

/* There is nothing to wait on for a socket to be bound but trying, at a pace, until the process
 * ends. */
static void wait_until_up(pid_t pid, const char *path)
{
        int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        struct pollfd ended = {.fd = pidfd, .events = POLLIN};

        if (pidfd < 0)
                give_up("pidfd_open");
        for (int waited = 0; !try_to_connect(path); waited++)
                if (waited == SWTPM_WAIT_MAX || poll(&ended, 1, 1) != 0) {
                        (void)fprintf(stderr, "swtpm does not come up at %s\n", path);
                        exit(EXIT_FAILURE);
                }
        (void)close(pidfd);
}

static void note_running(pid_t before, pid_t after)
{
        for (size_t i = 0; i < SWTPM_MAX; i++)
                if (running[i] == before) {
                        running[i] = after;
                        return;
                }
        assert(0);
}

void swtpm_start(struct swtpm *swtpm, const char *name)
{
        char state[EQUIPMENT_PATH_MAX], server[2 * EQUIPMENT_PATH_MAX];
        char control[2 * EQUIPMENT_PATH_MAX], directory[2 * EQUIPMENT_PATH_MAX];
        char log[2 * EQUIPMENT_PATH_MAX];
        const char *const arguments[] = {"swtpm",
                                         "socket",
                                         "--tpm2",
                                         "--server",
                                         server,
                                         "--ctrl",
                                         control,
                                         "--tpmstate",
                                         directory,
                                         "--flags",
                                         "not-need-init,startup-clear",
                                         "--log",
                                         log,
                                         NULL};
        char path[EQUIPMENT_PATH_MAX + 8];

        equipment_need("swtpm");
        if (mkdir(equipment_path(state, name), 0700) < 0 && errno != EEXIST)
                give_up(state);
        (void)snprintf(path, sizeof(path), "%s/s", state);
        (void)unlink(path);
        (void)snprintf(server, sizeof(server), "type=unixio,path=%s", path);
        (void)snprintf(control, sizeof(control), "type=unixio,path=%s.ctrl", path);
        (void)snprintf(log, sizeof(log), "file=%s/log,level=%d", state, SWTPM_LOG_LEVEL);
        (void)snprintf(swtpm->log, sizeof(swtpm->log), "%.200s/log", name);
        (void)snprintf(directory, sizeof(directory), "dir=%s", state);
        (void)snprintf(swtpm->tcti, sizeof(swtpm->tcti), "swtpm:path=%.200s", path);
        swtpm->pid = start(arguments);
        note_running(0, swtpm->pid);
        wait_until_up(swtpm->pid, path);
}

void swtpm_stop(struct swtpm *swtpm)
{
        if (kill(swtpm->pid, SIGKILL) < 0 || waitpid(swtpm->pid, NULL, 0) != swtpm->pid)
                give_up("swtpm");
        note_running(swtpm->pid, 0);
}

int swtpm_run(const struct swtpm *swtpm, const char *const *arguments)
{
        if (setenv("TPM2TOOLS_TCTI", swtpm->tcti, 1) < 0 ||
            setenv("TPM2OPENSSL_TCTI", swtpm->tcti, 1) < 0)
                give_up("setenv");
        return equipment_run(arguments);
}

/* What came in is a line that says so, and lines with 16 bytes each: tag, size, code, … */
unsigned swtpm_count(const struct swtpm *swtpm, uint32_t code)
{
        char path[EQUIPMENT_PATH_MAX], wanted[] = " 00 00 00 00", line[256];
        unsigned count = 0, incoming = 0;
        FILE *log = fopen(equipment_path(path, swtpm->log), "re");

        if (!log)
                give_up(path);
        (void)snprintf(wanted, sizeof(wanted), " %02X %02X %02X %02X", code >> 24,
                       code >> 16 & 0xff, code >> 8 & 0xff, code & 0xff);
        while (fgets(line, sizeof(line), log)) {
                size_t place = strlen(" 80 02 00 00 00 00");

                count += incoming && strlen(line) > place &&
                         strncmp(line + place, wanted, strlen(wanted)) == 0;
                incoming = strstr(line, "SWTPM_IO_Read:") != NULL;
        }
        (void)fclose(log);
        return count;
}

const char *softhsm_module(void)
{
        static const char *const places[] = {
                "/usr/lib/softhsm/libsofthsm2.so",
                "/usr/lib64/pkcs11/libsofthsm2.so",
                "/usr/local/lib/softhsm/libsofthsm2.so",
        };

        for (size_t i = 0; i < ARRAY_SIZE(places); i++)
                if (access(places[i], R_OK) == 0)
                        return places[i];
        (void)fprintf(stderr, "skipped: SoftHSM is not installed\n");
        exit(EQUIPMENT_SKIPPED);
}

static void configure_softhsm(void)
{
        char path[EQUIPMENT_PATH_MAX], tokens[EQUIPMENT_PATH_MAX], text[2 * EQUIPMENT_PATH_MAX];

        if (mkdir(equipment_path(tokens, "tokens"), 0700) < 0) {
                if (errno == EEXIST)
                        return;
                give_up(tokens);
        }
        (void)snprintf(text, sizeof(text),
                       "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n",
                       tokens);
        equipment_write("softhsm2.conf", 0600, text);
        if (setenv("SOFTHSM2_CONF", equipment_path(path, "softhsm2.conf"), 1) < 0)
                give_up("setenv");
}

void softhsm_add_token(const char *label, const char *pin)
{
        const char *const arguments[] = {
                "softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin,
                "--so-pin",      "12345678",     NULL};

        equipment_need("softhsm2-util");
        configure_softhsm();
        if (equipment_run(arguments) != 0) {
                (void)fprintf(stderr, "softhsm2-util failed\n");
                exit(EXIT_FAILURE);
        }
}
