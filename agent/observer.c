/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/observer.h"

#include <errno.h>

#define MANAGER    "org.freedesktop.systemd1"
#define UNITS      "/org/freedesktop/systemd1/unit"
#define PROPERTIES "org.freedesktop.DBus.Properties"

struct observer {
        sd_bus *bus;
        sd_bus_slot *slot;
        sd_event_source *timer;
        struct caller_place place;
        char invocation[CALLER_INVOCATION];
        observer_function done;
        void *context;
};

struct observer *observer_free(struct observer *observer)
{
        if (!observer)
                return NULL;
        sd_event_source_disable_unref(observer->timer);
        sd_bus_slot_unref(observer->slot);
        if (observer->bus)
                (void)sd_bus_detach_event(observer->bus);
        sd_bus_close_unref(observer->bus);
        free(observer);
        return NULL;
}

/* Ends it. Takes over @unit. */
static void finish(struct observer *observer, json_t *unit, const struct problem *problem)
{
        observer_function done = observer->done;
        void *context = observer->context;

        (void)observer_free(observer);
        done(context, unit, problem);
}

static int on_reply(sd_bus_message *reply, void *context, sd_bus_error *error)
{
        struct observer *observer = context;
        const sd_bus_error *refusal = sd_bus_message_get_error(reply);
        struct problem problem = {};
        json_t *unit = NULL;
        int r;

        (void)error;
        if (refusal)
                (void)problem_set(&problem, -EIO, "the service manager answers about %s: %s",
                                  observer->place.unit,
                                  refusal->message ? refusal->message : refusal->name);
        else {
                r = observer_read(reply, &observer->place, observer->invocation, &unit, &problem);
                if (r < 0)
                        (void)problem_set(&problem, r, "%s", problem_text(&problem, r));
        }
        finish(observer, unit, &problem);
        return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *context)
{
        struct observer *observer = context;
        struct problem problem = {};

        (void)problem_set(
                &problem, -ETIME, "the service manager said nothing about %s within %llu seconds",
                observer->place.unit, (unsigned long long)(OBSERVER_TIMEOUT_USEC / 1000000));
        finish(observer, NULL, &problem);
        return 0;
}

static int send(struct observer *observer, sd_event *event)
{
        _cleanup_(freep) char *path = NULL;
        sd_bus_message *call = NULL;
        int r = sd_bus_path_encode(UNITS, observer->place.unit, &path);

        if (r >= 0)
                r = sd_bus_open_system(&observer->bus);
        if (r >= 0)
                r = sd_bus_attach_event(observer->bus, event, 0);
        if (r >= 0)
                r = sd_bus_message_new_method_call(observer->bus, &call, MANAGER, path, PROPERTIES,
                                                   "GetAll");
        if (r >= 0)
                r = sd_bus_message_append(call, "s", "");
        if (r >= 0)
                r = sd_bus_call_async(observer->bus, &observer->slot, call, on_reply, observer,
                                      OBSERVER_TIMEOUT_USEC);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &observer->timer, CLOCK_MONOTONIC,
                                               OBSERVER_TIMEOUT_USEC, 0, on_timeout, observer);
        sd_bus_message_unref(call);
        return r < 0 ? r : 0;
}

int observer_new(sd_event *event, const struct caller *caller, observer_function done,
                 void *context, struct observer **ret, struct problem *problem)
{
        struct observer *observer;
        int r;

        if (!caller->place.unit[0] || !caller->invocation[0])
                return problem_set(problem, -ENOENT, "the caller is in no unit");
        observer = calloc(1, sizeof(*observer));
        if (!observer)
                return -ENOMEM;
        observer->place = caller->place;
        memcpy(observer->invocation, caller->invocation, sizeof(observer->invocation));
        observer->done = done;
        observer->context = context;
        r = send(observer, event);
        if (r < 0) {
                (void)observer_free(observer);
                return problem_set(problem, r, "the service manager cannot be asked: %s",
                                   strerror(-r));
        }
        *ret = observer;
        return 0;
}
