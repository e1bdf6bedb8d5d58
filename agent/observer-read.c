/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/observer.h"

#include <errno.h>

#include "lib/digest.h"

#define COMMANDS_MAX   64
#define ARGUMENTS_MAX  1024
#define INVOCATION_MAX 16 /* bytes */
#define COMMAND_TYPE   "sasbttttuii"

/* What is kept of the properties of a unit. */
struct unit {
        const char *id, *fragment, *control_group; /* borrowed from the message */
        char invocation[HEX_SIZE(INVOCATION_MAX)];
        int delegated; /* its control group belongs to whoever runs there; -1: not said */
        json_t *commands;
};

/* One of ExecStart=: its words; the program is the first of them, or what stands for it. */
static int read_command(sd_bus_message *reply, json_t *commands)
{
        json_t *words = json_array();
        const char *program, *word;
        int r = json_array_append_new(commands, words) < 0 ? -ENOMEM : 0;

        if (r == 0)
                r = sd_bus_message_read(reply, "s", &program);
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "s");
        while (r >= 0 && (r = sd_bus_message_read(reply, "s", &word)) > 0)
                if (json_array_size(words) == ARGUMENTS_MAX ||
                    json_array_append_new(words, json_string(word)) < 0)
                        r = -EBADMSG;
        if (r >= 0)
                r = sd_bus_message_exit_container(reply);
        return r < 0 ? r : sd_bus_message_skip(reply, "bttttuii");
}

static int read_commands(sd_bus_message *reply, struct unit *unit)
{
        int r;

        if (unit->commands)
                return -EBADMSG; /* the property twice */
        unit->commands = json_array();
        if (!unit->commands)
                return -ENOMEM;
        r = sd_bus_message_enter_container(reply, 'a', "(" COMMAND_TYPE ")");
        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'r', COMMAND_TYPE)) > 0) {
                r = json_array_size(unit->commands) == COMMANDS_MAX
                            ? -EBADMSG
                            : read_command(reply, unit->commands);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        return r < 0 ? r : sd_bus_message_exit_container(reply);
}

static int read_invocation(sd_bus_message *reply, struct unit *unit)
{
        const void *bytes;
        size_t size;
        int r = sd_bus_message_read_array(reply, 'y', &bytes, &size);

        if (r < 0 || size != INVOCATION_MAX)
                return r < 0 ? r : -EBADMSG;
        (void)hex_encode(view_of(bytes, size), unit->invocation);
        return 0;
}

/* The value of a property that is kept, of that type. */
static int read_value(sd_bus_message *reply, const char *name, struct unit *unit)
{
        if (string_equal(name, "Id"))
                return sd_bus_message_read(reply, "s", &unit->id);
        if (string_equal(name, "FragmentPath"))
                return sd_bus_message_read(reply, "s", &unit->fragment);
        if (string_equal(name, "ControlGroup"))
                return sd_bus_message_read(reply, "s", &unit->control_group);
        if (string_equal(name, "Delegate"))
                return sd_bus_message_read(reply, "b", &unit->delegated);
        if (string_equal(name, "InvocationID"))
                return read_invocation(reply, unit);
        return read_commands(reply, unit);
}

static const char *type_of(const char *name)
{
        static const struct {
                const char *name, *type;
        } kept[] = {
                {"Id", "s"},           {"FragmentPath", "s"},
                {"ControlGroup", "s"}, {"InvocationID", "ay"},
                {"Delegate", "b"},     {"ExecStart", "a(" COMMAND_TYPE ")"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
                if (string_equal(kept[i].name, name))
                        return kept[i].type;
        return NULL;
}

static int read_property(sd_bus_message *reply, struct unit *unit)
{
        const char *name, *type;
        int r = sd_bus_message_read(reply, "s", &name);

        if (r < 0)
                return r;
        type = type_of(name);
        if (!type)
                return sd_bus_message_skip(reply, "v");
        r = sd_bus_message_enter_container(reply, 'v', type);
        if (r >= 0)
                r = read_value(reply, name, unit);
        return r < 0 ? r : sd_bus_message_exit_container(reply);
}

static int read_unit(sd_bus_message *reply, struct unit *ret)
{
        int r = sd_bus_message_enter_container(reply, 'a', "{sv}");

        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
                r = read_property(reply, ret);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        return r < 0 ? r : sd_bus_message_exit_container(reply);
}

static int check(const struct unit *unit, const struct caller_place *place, const char *invocation,
                 struct problem *problem)
{
        if (!unit->id || !unit->control_group || json_array_size(unit->commands) == 0)
                return problem_set(problem, -EBADMSG,
                                   "the service manager says of %s nothing that it was told to run",
                                   place->unit);
        if (!string_equal(unit->id, place->unit))
                return problem_set(problem, -EKEYREJECTED,
                                   "the service manager calls unit %s %.100s", place->unit,
                                   unit->id);
        if (!string_equal(unit->invocation, invocation))
                return problem_set(problem, -EKEYREJECTED,
                                   "the service manager has invocation %s of %s, the caller is of "
                                   "%s",
                                   unit->invocation, place->unit, invocation);
        if (!string_equal(place->cgroup, unit->control_group))
                return problem_set(problem, -EKEYREJECTED,
                                   "the caller is in control group %.150s, unit %s in %.150s",
                                   place->cgroup, place->unit, unit->control_group);
        if (unit->delegated != 0)
                return problem_set(problem, -EKEYREJECTED,
                                   "unit %s delegates its control group: what runs there is not "
                                   "what it was told to run",
                                   place->unit);
        return 0;
}

int observer_read(sd_bus_message *reply, const struct caller_place *place, const char *invocation,
                  json_t **ret, struct problem *problem)
{
        struct unit unit = {.delegated = -1};
        int r = read_unit(reply, &unit);

        if (r < 0 && r != -ENOMEM)
                r = problem_set(problem, -EBADMSG,
                                "the service manager's answer about %s makes no sense",
                                place->unit);
        if (r >= 0)
                r = check(&unit, place, invocation, problem);
        if (r == 0) {
                *ret = json_pack("{s:O, s:s, s:s, s:s}", "execStart", unit.commands, "fragmentPath",
                                 unit.fragment ? unit.fragment : "", "invocationId",
                                 unit.invocation, "name", unit.id);
                r = *ret ? 0 : -ENOMEM;
        }
        json_decref(unit.commands);
        return r < 0 ? r : 0;
}
