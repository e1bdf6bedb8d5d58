/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/observer.h"
#include "tests/test.h"
#include "tests/unit/edit.h"

#include <errno.h>
#include <sys/socket.h>

#define INVOCATION "000102030405060708090a0b0c0d0e0f"

/* What a service manager might answer. */
struct answer {
        const char *label;
        const char *id, *group, *fragment;
        size_t invocation_size, commands;
        int twice, wrong_type;
        const char *delegate; /* "yes", "no", or NULL: not said */
        int error;
        const char *expected; /* the unit, or the reason */
};

#define GROUP "/system.slice/t.service"
#define GOOD  "t.service", GROUP, "/etc/t.service"

static const struct answer answers[] = {
        {"good", GOOD, 16, 1, 0, 0, "no", 0,
         "{\"execStart\":[[\"python3\",\"train.py\"]],\"fragmentPath\":\"/etc/t.service\","
         "\"invocationId\":\"" INVOCATION "\",\"name\":\"t.service\"}"},
        {"two commands", GOOD, 16, 2, 0, 0, "no", 0,
         "{\"execStart\":[[\"python3\",\"train.py\"],[\"python3\",\"train.py\"]],"
         "\"fragmentPath\":\"/etc/t.service\",\"invocationId\":\"" INVOCATION
         "\",\"name\":\"t.service\"}"},
        {"transient", "t.service", GROUP, "", 16, 1, 0, 0, "no", 0, "\"fragmentPath\":\"\""},
        {"an alias", "other.service", GROUP, "/f", 16, 1, 0, 0, "no", -EKEYREJECTED,
         "calls unit t.service other.service"},
        {"another group", "t.service", "/system.slice/t", "/f", 16, 1, 0, 0, "no", -EKEYREJECTED,
         "in control group /system.slice/t.service, unit"},
        {"the root", "t.service", "/", "/f", 16, 1, 0, 0, "no", -EKEYREJECTED, "in control group"},
        {"no group", "t.service", "", "/f", 16, 1, 0, 0, "no", -EKEYREJECTED, "in control group"},
        {"no invocation", GOOD, 0, 1, 0, 0, "no", -EKEYREJECTED, "has invocation  of t.service"},
        {"a short invocation", GOOD, 15, 1, 0, 0, "no", -EBADMSG, "makes no sense"},
        {"no command", GOOD, 16, 0, 0, 0, "no", -EBADMSG, "nothing that it was told to run"},
        {"too many commands", GOOD, 16, 65, 0, 0, "no", -EBADMSG, "makes no sense"},
        {"the property twice", GOOD, 16, 1, 1, 0, "no", -EBADMSG, "makes no sense"},
        {"a group below", "t.service", "/system.slice", "/f", 16, 1, 0, 0, "no", -EKEYREJECTED,
         "in control group /system.slice/t.service, unit t.service in /system.slice"},
        {"delegated", GOOD, 16, 1, 0, 0, "yes", -EKEYREJECTED, "delegates its control group"},
        {"nobody knows", GOOD, 16, 1, 0, 0, NULL, -EKEYREJECTED, "delegates its control group"},
        {"another type", GOOD, 16, 1, 0, 1, "no", -EBADMSG, "makes no sense"},
};

static void check(int r)
{
        assert(r >= 0);
}

static void put_text(sd_bus_message *m, const char *name, const char *value)
{
        check(sd_bus_message_append(m, "{sv}", name, "s", value));
}

static void put_invocation(sd_bus_message *m, size_t size)
{
        const uint8_t bytes[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

        if (size == 0)
                return;
        check(sd_bus_message_open_container(m, 'e', "sv"));
        check(sd_bus_message_append(m, "s", "InvocationID"));
        check(sd_bus_message_open_container(m, 'v', "ay"));
        check(sd_bus_message_append_array(m, 'y', bytes, size));
        check(sd_bus_message_close_container(m));
        check(sd_bus_message_close_container(m));
}

static void put_commands(sd_bus_message *m, size_t count)
{
        check(sd_bus_message_open_container(m, 'e', "sv"));
        check(sd_bus_message_append(m, "s", "ExecStart"));
        check(sd_bus_message_open_container(m, 'v', "a(sasbttttuii)"));
        check(sd_bus_message_open_container(m, 'a', "(sasbttttuii)"));
        for (size_t i = 0; i < count; i++)
                check(sd_bus_message_append(m, "(sasbttttuii)", "/usr/bin/python3", 2, "python3",
                                            "train.py", 0, (uint64_t)1, (uint64_t)2, (uint64_t)3,
                                            (uint64_t)4, (uint32_t)5, 6, 7));
        check(sd_bus_message_close_container(m));
        check(sd_bus_message_close_container(m));
        check(sd_bus_message_close_container(m));
}

/* A message that was never sent, as it would be received. */
static sd_bus_message *make(sd_bus *bus, const struct answer *answer)
{
        sd_bus_message *m = NULL;

        check(sd_bus_message_new_signal(bus, &m, "/x", "x.y", "z"));
        check(sd_bus_message_open_container(m, 'a', "{sv}"));
        put_text(m, "Description", "of no interest");
        put_text(m, "Id", answer->id);
        check(sd_bus_message_append(m, "{sv}", "FragmentPath", answer->wrong_type ? "o" : "s",
                                    answer->wrong_type ? "/x" : answer->fragment));
        put_text(m, "ControlGroup", answer->group);
        if (answer->delegate)
                check(sd_bus_message_append(m, "{sv}", "Delegate", "b",
                                            string_equal(answer->delegate, "yes")));
        put_invocation(m, answer->invocation_size);
        put_commands(m, answer->commands);
        if (answer->twice)
                put_commands(m, answer->commands);
        check(sd_bus_message_close_container(m));
        check(sd_bus_message_seal(m, 1, 0));
        return m;
}

int main(void)
{
        const struct caller_place place = {.cgroup = GROUP, .unit = "t.service"};
        sd_bus *bus = NULL;
        int ends[2];

        check(sd_bus_new(&bus));
        check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)); /* nobody reads it */
        check(sd_bus_set_fd(bus, ends[0], ends[0]));
        check(sd_bus_start(bus));
        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                _cleanup_(json_decrefp) json_t *unit = NULL;
                _cleanup_(buf_done) struct buf text = {};
                struct problem problem = {};
                sd_bus_message *m = make(bus, &answers[i]);

                test_label = answers[i].label;
                expect_integer(observer_read(m, &place, INVOCATION, &unit, &problem),
                               answers[i].error);
                if (unit)
                        json_put(&text, unit);
                buf_put_u8(&text, '\0');
                expect_contains(unit ? (const char *)text.data : problem.text, answers[i].expected);
                expect(!unit == (answers[i].error < 0));
                sd_bus_message_unref(m);
        }
        sd_bus_close_unref(bus);
        check(close(ends[1]));
        return test_result();
}
