/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/in-toto-link.h"

#include <errno.h>

#include "lib/utf8.h"

void in_toto_link_done(struct in_toto_link *link)
{
        if (!link)
                return;
        artifacts_done(&link->materials);
        artifacts_done(&link->products);
        json_decref(link->object);
        *link = (struct in_toto_link){};
}

int in_toto_name_is_valid(const char *name)
{
        size_t size = strlen(name);

        if (size == 0 || size > IN_TOTO_NAME_MAX || name[0] == '.' || strchr(name, '/'))
                return 0;
        for (size_t i = 0, length; i < size; i += length) {
                const struct view rest = view_of(name + i, size - i);

                length = utf8_length(rest);
                if (length == 0 || utf8_is_control(rest))
                        return 0;
        }
        return 1;
}

static int check_command(const json_t *command, struct problem *problem)
{
        const json_t *word;
        size_t i;

        json_array_foreach (command, i, word)
                if (!json_is_string(word))
                        return problem_set(problem, -EBADMSG,
                                           "link: command: word %zu is no string", i + 1);
        return 0;
}

static int read_run(const json_t *environment, struct in_toto_link *ret, struct problem *problem)
{
        const json_t *run = json_object_get(environment, IN_TOTO_RUN);

        if (!run)
                return 0;
        ret->run = json_string_value(run);
        if (!ret->run || ret->run[0] == '\0' || strlen(ret->run) > IN_TOTO_RUN_MAX)
                return problem_set(problem, -EBADMSG,
                                   "link: environment: member \"" IN_TOTO_RUN
                                   "\": expected 1 to %d bytes of text",
                                   IN_TOTO_RUN_MAX);
        return 0;
}

static int check_members(const json_t *object, struct problem *problem)
{
        static const struct json_member members[] = {
                {"_type", JSON_STRING, 1},     {"byproducts", JSON_OBJECT, 1},
                {"command", JSON_ARRAY, 1},    {"environment", JSON_OBJECT, 1},
                {"materials", JSON_OBJECT, 1}, {"name", JSON_STRING, 1},
                {"products", JSON_OBJECT, 1},
        };
        int r = json_check_members(object, "link", members, ARRAY_SIZE(members), problem);

        if (r < 0)
                return r;
        if (!string_equal(json_member_string(object, "_type"), "link"))
                return problem_set(problem, -EBADMSG, "link: _type: expected link, found %.40s",
                                   json_member_string(object, "_type"));
        if (!in_toto_name_is_valid(json_member_string(object, "name")))
                return problem_set(problem, -EBADMSG,
                                   "link: name: \"%.100s\" cannot be the name of a step",
                                   json_member_string(object, "name"));
        return check_command(json_object_get(object, "command"), problem);
}

int in_toto_link_parse(json_t *object, struct in_toto_link *ret, struct problem *problem)
{
        _cleanup_(in_toto_link_done) struct in_toto_link link = {.type = "link"};
        int r = check_members(object, problem);

        if (r < 0)
                return r;
        link.object = json_incref(object);
        link.name = json_member_string(object, "name");
        link.command = json_object_get(object, "command");
        link.byproducts = json_object_get(object, "byproducts");
        link.status = json_object_get(link.byproducts, "return-value");
        r = read_run(json_object_get(object, "environment"), &link, problem);
        if (r == 0)
                r = artifacts_from_object(json_object_get(object, "materials"), "link: materials",
                                          &link.materials, problem);
        if (r == 0)
                r = artifacts_from_object(json_object_get(object, "products"), "link: products",
                                          &link.products, problem);
        if (r < 0)
                return r;
        *ret = link;
        link = (struct in_toto_link){};
        return 0;
}

int in_toto_link_check_status(const struct in_toto_link *link, struct problem *problem)
{
        if (!link->status)
                return 0;
        if (!json_is_integer(link->status))
                return problem_set(problem, -EKEYREJECTED,
                                   "the status of its command is no integer");
        if (json_integer_value(link->status) != 0)
                return problem_set(problem, -EKEYREJECTED,
                                   "its command failed, status %" JSON_INTEGER_FORMAT,
                                   json_integer_value(link->status));
        return 0;
}
