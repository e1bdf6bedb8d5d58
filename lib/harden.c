/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/macro.h"

#define OUTLIVE_SECONDS 600 /* the longest Timeout= there is */

/* Stop signals go to the whole process group or unit, and so does the SIGABRT of a watchdog. The
 * agent still has a last checkpoint to get signed then, and a login must come to its end, so only
 * the end of the socket, the agent's death and SIGKILL end a driver. Its own abort() does, too. */
static void ignore_signals(void)
{
        static const int ignored[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGABRT};
        sigset_t none;

        for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
                (void)signal(ignored[i], SIG_IGN); /* fails for invalid numbers only */
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL); /* the agent has had them wait for this */
}

/* The agent may have died before it could be named in PR_SET_PDEATHSIG; then its end of the socket
 * is closed. */
static int agent_is_alive(int agent)
{
        struct pollfd socket = {.fd = agent};

        return poll(&socket, 1, 0) == 0;
}

void harden_outlive_agent(void)
{
        (void)alarm(OUTLIVE_SECONDS);              /* whose default is the end */
        (void)prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0); /* fails for no signal but an invalid one */
}

void harden_end_with_agent(int agent)
{
        (void)alarm(0);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (!agent_is_alive(agent))
                (void)raise(SIGKILL); /* as it would have been */
}

int harden_driver(int agent)
{
        const struct rlimit none = {0};

        ignore_signals();
        (void)umask(077);
        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0 ||
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || fcntl(agent, F_SETFD, FD_CLOEXEC) < 0)
                return -errno;
        return agent_is_alive(agent) ? 0 : -ENODEV;
}
