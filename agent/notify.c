/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include "agent/event.h"
#include "lib/file.h"

#define AGAIN_USEC ((uint64_t)500000)

struct notifier {
        struct sockaddr_un address;
        socklen_t address_size; /* 0: nobody is told */
        sd_event_source *again, *watchdog;
        uint64_t watchdog_usec;         /* until it has to be told again */
        char state[NOTIFIER_STATE_MAX]; /* that was not taken; or empty */
};

/* 0 or the errno. Who sends is told by the kernel. */
static int send_state(const struct notifier *notifier, const char *state)
{
        _cleanup_(fd_closep) int fd = -1;

        if (notifier->address_size == 0)
                return 0;
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 ||
            sendto(fd, state, strlen(state), MSG_NOSIGNAL,
                   (const struct sockaddr *)&notifier->address, notifier->address_size) < 0)
                return -errno;
        return 0;
}

/* Another failure than a full queue would come again: nobody is there. */
void notifier_say(struct notifier *notifier, const char *state)
{
        int r = send_state(notifier, state);

        notifier->state[0] = '\0';
        if (r == -EAGAIN) {
                (void)snprintf(notifier->state, sizeof(notifier->state), "%s", state);
                r = sd_event_source_set_time_relative(notifier->again, AGAIN_USEC);
                if (r >= 0)
                        r = sd_event_source_set_enabled(notifier->again, SD_EVENT_ONESHOT);
        }
        if (r < 0)
                event_log(LOG_WARNING, NULL, "the service manager is not told: %s", strerror(-r));
}

static int on_again(sd_event_source *source, uint64_t usec, void *context)
{
        struct notifier *notifier = context;
        char state[NOTIFIER_STATE_MAX];

        (void)snprintf(state, sizeof(state), "%s", notifier->state);
        if (state[0])
                notifier_say(notifier, state);
        return 0;
}

/* One that is not taken is followed by another, in time. */
static int on_watchdog(sd_event_source *source, uint64_t usec, void *context)
{
        struct notifier *notifier = context;
        int r;

        (void)send_state(notifier, "WATCHDOG=1");
        r = sd_event_source_set_time_relative(source, notifier->watchdog_usec / 3);
        return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int watch(struct notifier *notifier, sd_event *event)
{
        int r = sd_watchdog_enabled(0, &notifier->watchdog_usec);

        if (r <= 0)
                return r;
        r = sd_event_add_time_relative(event, &notifier->watchdog, CLOCK_MONOTONIC, 0, 1,
                                       on_watchdog, notifier);
        return r < 0 ? r
                     : sd_event_source_set_priority(notifier->watchdog,
                                                    SD_EVENT_PRIORITY_IMPORTANT);
}

/* A path, or with @ in its beginning a name. */
static int read_address(struct notifier *notifier)
{
        const char *path = getenv("NOTIFY_SOCKET");
        size_t size = path ? strlen(path) : 0;

        if (size == 0)
                return 0;
        if ((path[0] != '/' && path[0] != '@') || size < 2 ||
            size >= sizeof(notifier->address.sun_path))
                return -EINVAL;
        notifier->address.sun_family = AF_UNIX;
        memcpy(notifier->address.sun_path, path, size);
        if (path[0] == '@')
                notifier->address.sun_path[0] = '\0';
        notifier->address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
        return 0;
}

int notifier_new(sd_event *event, struct notifier **ret)
{
        struct notifier *notifier = calloc(1, sizeof(*notifier));
        int r;

        if (!notifier)
                return -ENOMEM;
        if (read_address(notifier) < 0)
                event_log(LOG_WARNING, NULL, "NOTIFY_SOCKET=%s: expected a path, or @ and a name",
                          getenv("NOTIFY_SOCKET"));
        r = sd_event_add_time(event, &notifier->again, CLOCK_MONOTONIC, 0, 0, on_again, notifier);
        if (r >= 0)
                r = sd_event_source_set_enabled(notifier->again, SD_EVENT_OFF);
        if (r >= 0)
                r = watch(notifier, event);
        if (r < 0) {
                (void)notifier_free(notifier);
                return r;
        }
        *ret = notifier;
        return 0;
}

struct notifier *notifier_free(struct notifier *notifier)
{
        if (!notifier)
                return NULL;
        sd_event_source_disable_unref(notifier->again);
        sd_event_source_disable_unref(notifier->watchdog);
        free(notifier);
        return NULL;
}
