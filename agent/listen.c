/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "agent/run.h"
#include "agent/user-names.h"

static const struct agent_socket {
        const char *name; /* as the service manager passes it */
        const struct interface *const *interfaces;
        size_t connections;
        mode_t mode; /* when it is not passed */
} sockets[] = {
        /* Anybody may connect: who may do what is the grants' business. */
        {"sign", agent_sign_interfaces, SERVER_CONNECTIONS_SIGN, 0666},
        {"admin", agent_admin_interfaces, SERVER_CONNECTIONS_ADMIN, 0600},
};

static const struct agent_socket *find_socket(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(sockets); i++)
                if (string_equal(sockets[i].name, name))
                        return &sockets[i];
        return NULL;
}

/* Sockets that the service manager passed, by name. 1 when there were some. */
static int listen_passed(struct agent *agent, struct problem *problem)
{
        char **names = NULL;
        int count = sd_listen_fds_with_names(1, &names), r = 0;

        for (int i = 0; i < count; i++) {
                const struct agent_socket *passed = find_socket(names[i]);

                if (r == 0 && !passed)
                        r = problem_set(problem, -EINVAL,
                                        "socket passed as \"%s\": expected \"sign\" or \"admin\"",
                                        names[i]);
                if (r == 0)
                        r = server_listen(agent->server, SD_LISTEN_FDS_START + i,
                                          passed->interfaces, passed->connections);
                free(names[i]);
        }
        free(names);
        return r < 0 ? r : count > 0;
}

static int listen_at(struct agent *agent, const struct agent_socket *own, const char *path,
                     struct problem *problem)
{
        _cleanup_(fd_closep) int fd = -1;
        int r = server_bind(path, own->mode, &fd, problem);

        if (r == 0)
                r = server_listen(agent->server, fd, own->interfaces, own->connections);
        if (r == 0)
                (void)TAKE_FD(fd);
        return r;
}

static const char *find_user_name(struct agent *agent, uid_t uid)
{
        return user_names_find(agent->user_names, uid);
}

int agent_listen(struct agent *agent, void (*drained)(struct agent *agent), struct problem *problem)
{
        const struct server_events events = {agent, find_user_name, agent_note_refused, drained,
                                             agent_end_runs};
        int r = server_new(agent->event, &events, &agent->server);

        if (r == 0)
                r = listen_passed(agent, problem);
        if (r != 0)
                return r < 0 ? r : 0;
        r = listen_at(agent, find_socket("sign"), agent->config->sign_socket, problem);
        if (r == 0)
                r = listen_at(agent, find_socket("admin"), agent->config->admin_socket, problem);
        return r;
}
