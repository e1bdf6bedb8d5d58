/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/option.h"

#include <errno.h>

#include "cli/suggest.h"

#define SOCKET_DEFAULT       "/run/hallmark/sign.sock"
#define ADMIN_SOCKET_DEFAULT "/run/hallmark/admin.sock"

enum { GLOBAL_SOCKET, GLOBAL_ADMIN_SOCKET, GLOBAL_JSON, GLOBAL_HELP, GLOBAL_VERSION };

const struct option global_options[] = {
        [GLOBAL_SOCKET] = {"socket", 0, "PATH", "where the agent signs (HALLMARK_SOCKET)"},
        [GLOBAL_ADMIN_SOCKET] = {"admin-socket", 0, "PATH",
                                 "where the agent is administered (HALLMARK_ADMIN_SOCKET)"},
        [GLOBAL_JSON] = {"json", 0, NULL, "print facts as JSON"},
        [GLOBAL_HELP] = {"help", "h", NULL, "print help and end"},
        [GLOBAL_VERSION] = {"version", 0, NULL, "print the version and end"},
        {},
};

/* Where reading the command line stands. */
struct cursor {
        int argc, next;
        char **argv;
        const char *group;
        int operands_only; /* `--` was seen */
        struct invocation *ret;
};

static const struct option *find_long(const struct option *table, const char *name, size_t size)
{
        for (; table && table->name; table++)
                if (strlen(table->name) == size && memcmp(table->name, name, size) == 0)
                        return table;
        return NULL;
}

static const struct option *find_letter(const struct option *table, char letter)
{
        for (; table && table->name; table++)
                if (table->letter && table->letter[0] == letter)
                        return table;
        return NULL;
}

static const struct option *verb_options(const struct invocation *invocation)
{
        return invocation->verb ? invocation->verb->options : NULL;
}

static int unknown_option(const struct cursor *cursor, const char *argument,
                          struct problem *problem)
{
        const struct verb *verb = cursor->ret->verb;
        size_t size = strcspn(argument, "=");
        _cleanup_(freep) char *word = strndup(argument, size);
        struct suggestion suggestion = {};
        char hint[SUGGESTION_SIZE], name[VERB_NAME_SIZE];

        if (!word)
                return -ENOMEM;
        suggestion.word = word + strspn(word, "-");
        for (const struct option *o = verb ? verb->options : NULL; o && o->name; o++)
                suggestion_consider(&suggestion, o->name);
        for (const struct option *o = global_options; o->name; o++)
                suggestion_consider(&suggestion, o->name);
        return problem_set(problem, -EINVAL, "%s: unknown option %.40s%s",
                           verb ? verb_name(verb, name) : "before the verb", word,
                           suggestion_text(&suggestion, "--", hint));
}

static int check_word(const struct option *option, const char *value, struct problem *problem)
{
        struct suggestion suggestion = {.word = value};
        char hint[SUGGESTION_SIZE];

        for (size_t i = 0; option->words && option->words[i]; i++) {
                if (string_equal(option->words[i], value))
                        return 0;
                suggestion_consider(&suggestion, option->words[i]);
        }
        if (!option->words)
                return 0;
        return problem_set(problem, -EINVAL, "--%s: unknown value \"%.40s\"%s", option->name, value,
                           suggestion_text(&suggestion, "", hint));
}

static int note_option(struct invocation *ret, const struct option *option, const char *value,
                       struct problem *problem)
{
        for (size_t i = 0; i < ret->given_count; i++)
                if (ret->given[i].option == option && !option->repeats)
                        return problem_set(problem, -EINVAL, "--%s: expected once, found again",
                                           option->name);
        ret->given[ret->given_count++] = (struct option_given){option, value};
        return check_word(option, value, problem);
}

/* @attached is the value in the same argument, or NULL. */
static int take_option(struct cursor *cursor, const struct option *option, const char *attached,
                       struct problem *problem)
{
        if (!option->value && attached)
                return problem_set(problem, -EINVAL, "--%s: takes no value", option->name);
        if (!option->value)
                return note_option(cursor->ret, option, "", problem);
        if (!attached && cursor->next < cursor->argc)
                attached = cursor->argv[cursor->next++];
        if (!attached || attached[0] == '\0')
                return problem_set(problem, -EINVAL, "--%s: expected a value, %s", option->name,
                                   option->value);
        return note_option(cursor->ret, option, attached, problem);
}

static int read_long(struct cursor *cursor, const char *argument, struct problem *problem)
{
        const char *name = argument + 2;
        size_t size = strcspn(name, "=");
        const struct option *option = find_long(verb_options(cursor->ret), name, size);

        if (!option)
                option = find_long(global_options, name, size);
        if (!option)
                return unknown_option(cursor, argument, problem);
        return take_option(cursor, option, name[size] == '=' ? name + size + 1 : NULL, problem);
}

static int read_letter(struct cursor *cursor, const char *argument, struct problem *problem)
{
        const struct option *option = find_letter(verb_options(cursor->ret), argument[1]);

        if (!option)
                option = find_letter(global_options, argument[1]);
        if (!option)
                return unknown_option(cursor, argument, problem);
        return take_option(cursor, option, argument[2] ? argument + 2 : NULL, problem);
}

static int unknown_verb(const struct cursor *cursor, const char *word, struct problem *problem)
{
        struct suggestion suggestion = {.word = word};
        char hint[SUGGESTION_SIZE];

        for (size_t i = 0; verbs[i]; i++) {
                if (cursor->group && verb_is_of(verbs[i], cursor->group))
                        suggestion_consider(&suggestion, verbs[i]->name);
                if (!cursor->group)
                        suggestion_consider(&suggestion,
                                            verbs[i]->group ? verbs[i]->group : verbs[i]->name);
        }
        return problem_set(problem, -EINVAL, "unknown verb \"%s%s%.40s\"%s",
                           cursor->group ? cursor->group : "", cursor->group ? " " : "", word,
                           suggestion_text(&suggestion, "", hint));
}

static int read_word(struct cursor *cursor, const char *word, struct problem *problem)
{
        if (cursor->ret->verb) {
                cursor->ret->operands[cursor->ret->operand_count++] = word;
                return 0;
        }
        if (!cursor->group && verb_is_group(word)) {
                cursor->group = word;
                return 0;
        }
        cursor->ret->verb = verb_find(cursor->group, word);
        return cursor->ret->verb ? 0 : unknown_verb(cursor, word, problem);
}

static int read_argument(struct cursor *cursor, struct problem *problem)
{
        const char *argument = cursor->argv[cursor->next++];

        if (cursor->operands_only || argument[0] != '-' || argument[1] == '\0')
                return read_word(cursor, argument, problem);
        if (argument[1] != '-')
                return read_letter(cursor, argument, problem);
        if (argument[2] != '\0')
                return read_long(cursor, argument, problem);
        cursor->operands_only = 1;
        return 0;
}

static const char *global_value(const struct invocation *invocation, size_t option)
{
        for (size_t i = 0; i < invocation->given_count; i++)
                if (invocation->given[i].option == &global_options[option])
                        return invocation->given[i].value;
        return NULL;
}

static const char *address(const struct invocation *invocation, size_t option, const char *variable,
                           const char *otherwise)
{
        const char *value = global_value(invocation, option);

        if (!value)
                value = getenv(variable);
        return value && value[0] ? value : otherwise;
}

static void read_globals(struct invocation *ret)
{
        ret->socket = address(ret, GLOBAL_SOCKET, "HALLMARK_SOCKET", SOCKET_DEFAULT);
        ret->admin_socket =
                address(ret, GLOBAL_ADMIN_SOCKET, "HALLMARK_ADMIN_SOCKET", ADMIN_SOCKET_DEFAULT);
        ret->json = global_value(ret, GLOBAL_JSON) != NULL;
        ret->help = global_value(ret, GLOBAL_HELP) != NULL;
        ret->version = global_value(ret, GLOBAL_VERSION) != NULL;
}

static int check_operands(const struct cursor *cursor, struct problem *problem)
{
        const struct invocation *invocation = cursor->ret;
        const struct verb *verb = invocation->verb;
        char name[VERB_NAME_SIZE];

        if (invocation->help || invocation->version)
                return 0;
        if (!verb && cursor->group)
                return problem_set(problem, -EINVAL,
                                   "%s: expected a second word, see `hallmark help`",
                                   cursor->group);
        if (!verb)
                return problem_set(problem, -EINVAL, "expected a verb, see `hallmark help`");
        if (invocation->operand_count >= verb->operands_min &&
            invocation->operand_count <= verb->operands_max)
                return 0;
        return problem_set(problem, -EINVAL, "%s: expected %s, found %zu operand%s",
                           verb_name(verb, name), verb->operands[0] ? verb->operands : "no operand",
                           invocation->operand_count, invocation->operand_count == 1 ? "" : "s");
}

int invocation_parse(int argc, char **argv, struct invocation *ret, struct problem *problem)
{
        struct cursor cursor = {.argc = argc, .next = 1, .argv = argv, .ret = ret};
        int r = 0;

        ret->given = calloc((size_t)argc + 1, sizeof(*ret->given));
        ret->operands = calloc((size_t)argc + 1, sizeof(*ret->operands));
        if (!ret->given || !ret->operands)
                return -ENOMEM;
        while (r == 0 && cursor.next < argc)
                r = read_argument(&cursor, problem);
        if (r < 0)
                return r;
        read_globals(ret);
        return check_operands(&cursor, problem);
}

void invocation_done(struct invocation *invocation)
{
        if (!invocation)
                return;
        free(invocation->given);
        free(invocation->operands);
        *invocation = (struct invocation){};
}

const char *option_value_at(const struct invocation *invocation, size_t option, size_t n)
{
        for (size_t i = 0; i < invocation->given_count; i++) {
                if (invocation->given[i].option != &invocation->verb->options[option])
                        continue;
                if (n-- == 0)
                        return invocation->given[i].value;
        }
        return NULL;
}

const char *option_value(const struct invocation *invocation, size_t option)
{
        return option_value_at(invocation, option, 0);
}
