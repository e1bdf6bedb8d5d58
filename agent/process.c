/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/process.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>

#include "lib/driver.h"

/* What the agent knows of its own service manager is not the driver's business. */
static int is_private_variable(const char *variable)
{
        static const char *const prefixes[] = {"NOTIFY_SOCKET=", "LISTEN_", "WATCHDOG_",
                                               "MAINPID="};

        for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
                if (strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0)
                        return 1;
        return 0;
}

static char **driver_environment(void)
{
        size_t count = 0, kept = 0;
        char **kept_variables;

        while (environ[count])
                count++;
        kept_variables = calloc(count + 1, sizeof(*kept_variables));
        for (size_t i = 0; kept_variables && i < count; i++)
                if (!is_private_variable(environ[i]))
                        kept_variables[kept++] = environ[i];
        return kept_variables;
}

/* A driver ignores these; until it has come to that they wait. */
static void hold_signals(sigset_t *ret)
{
        static const int held[] = {SIGINT, SIGTERM, SIGHUP, SIGABRT};

        (void)sigemptyset(ret);
        for (size_t i = 0; i < ARRAY_SIZE(held); i++)
                (void)sigaddset(ret, held[i]); /* fails for invalid numbers only */
}

int process_spawn(const char *program, int socket_fd, int pin_fd, pid_t *ret)
{
        _cleanup_(freep) char **environment = driver_environment();
        _cleanup_(freep) char *name = strdup(program);
        char *const arguments[] = {name, NULL};
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t held;
        int r;

        if (!environment || !name || posix_spawn_file_actions_init(&actions) != 0)
                return -ENOMEM;
        if (posix_spawnattr_init(&attributes) != 0) {
                (void)posix_spawn_file_actions_destroy(&actions);
                return -ENOMEM;
        }
        hold_signals(&held);
        r = posix_spawn_file_actions_adddup2(&actions, socket_fd, DRIVER_SOCKET_FD);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, pin_fd, DRIVER_PIN_FD);
        if (r == 0)
                r = posix_spawnattr_setsigmask(&attributes, &held);
        if (r == 0)
                r = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        if (r == 0)
                r = posix_spawn(ret, program, &actions, &attributes, arguments, environment);
        (void)posix_spawnattr_destroy(&attributes);
        (void)posix_spawn_file_actions_destroy(&actions);
        return -r;
}
