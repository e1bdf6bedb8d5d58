/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <errno.h>
#include <stdio.h>

#include "cli/option.h"
#include "cli/output.h"
#include "cli/suggest.h"

enum { OPTION_COMPLETION };

static const char *const shells[] = {"bash", NULL};

static void put_option_row(struct table *table, const struct option *option)
{
        char cell[80];

        if (option->letter)
                (void)snprintf(cell, sizeof(cell), "-%s, --%s%s%s", option->letter, option->name,
                               option->value ? " " : "", option->value ? option->value : "");
        else
                (void)snprintf(cell, sizeof(cell), "    --%s%s%s", option->name,
                               option->value ? " " : "", option->value ? option->value : "");
        table_put(table, cell);
        table_put(table, option->help);
}

static void put_options(struct buf *text, const char *title, const struct option *options)
{
        _cleanup_(table_done) struct table table = {};

        if (!options->name)
                return;
        table_init(&table, 2);
        for (; options->name; options++)
                put_option_row(&table, options);
        buf_put_format(text, "\n%s:\n", title);
        table_print(&table, 2, text);
}

static void put_words(struct buf *text, const struct option *options)
{
        for (; options->name; options++) {
                if (!options->words)
                        continue;
                buf_put_format(text, "\n%s:", options->value);
                for (size_t i = 0; options->words[i]; i++)
                        buf_put_format(text, " %s", options->words[i]);
                buf_put_u8(text, '\n');
        }
}

static void put_overview(struct buf *text)
{
        _cleanup_(table_done) struct table table = {};
        char name[VERB_NAME_SIZE], cell[2 * VERB_NAME_SIZE];

        table_init(&table, 2);
        for (size_t i = 0; verbs[i]; i++) {
                (void)snprintf(cell, sizeof(cell), "%s %s", verb_name(verbs[i], name),
                               verbs[i]->operands);
                table_put(&table, cell);
                table_put(&table, verbs[i]->help);
        }
        buf_put_string(text, "usage: hallmark VERB [OPTION…] [OPERAND…]\n\n");
        table_print(&table, 2, text);
        put_options(text, "options of all verbs", global_options);
        buf_put_string(text,
                       "\nExit status: 0 yes or done, 1 no or refused, 2 could not find out.\n"
                       "More: hallmark help VERB, hallmark(1)\n");
}

static void put_verb(struct buf *text, const struct verb *verb)
{
        char name[VERB_NAME_SIZE];

        buf_put_format(text, "usage: hallmark %s%s%s%s\n\n", verb_name(verb, name),
                       verb->options[0].name ? " [OPTION…]" : "", verb->operands[0] ? " " : "",
                       verb->operands);
        buf_put_format(text, "%s\n", verb->help);
        put_options(text, "options", verb->options);
        put_words(text, verb->options);
        put_options(text, "options of all verbs", global_options);
}

enum answer help_print(const struct verb *verb, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};

        if (verb)
                put_verb(&text, verb);
        else
                put_overview(&text);
        return answer_of(output_write(&text, problem), problem);
}

static json_t *words_to_json(const struct option *option)
{
        json_t *array = json_array();

        for (size_t i = 0; array && option->words && option->words[i]; i++)
                if (json_array_append_new(array, json_string(option->words[i])) < 0) {
                        json_decref(array);
                        return NULL;
                }
        return array;
}

static json_t *option_to_json(const struct option *option)
{
        return json_pack("{s:s, s:s?, s:s?, s:s, s:b, s:o}", "name", option->name, "letter",
                         option->letter, "value", option->value, "help", option->help, "repeats",
                         option->repeats, "words", words_to_json(option));
}

static json_t *options_to_json(const struct option *options)
{
        json_t *array = json_array();

        for (; array && options->name; options++)
                if (json_array_append_new(array, option_to_json(options)) < 0) {
                        json_decref(array);
                        return NULL;
                }
        return array;
}

json_t *help_to_json(void)
{
        json_t *array = json_array();
        char name[VERB_NAME_SIZE];

        for (size_t i = 0; array && verbs[i]; i++) {
                if (json_array_append_new(
                            array,
                            json_pack("{s:s, s:s, s:s, s:o}", "name", verb_name(verbs[i], name),
                                      "operands", verbs[i]->operands, "help", verbs[i]->help,
                                      "options", options_to_json(verbs[i]->options))) == 0)
                        continue;
                json_decref(array);
                return NULL;
        }
        return json_pack("{s:o, s:o}", "verbs", array, "options", options_to_json(global_options));
}

/* One word may be a verb, two are a group and a verb. */
static const struct verb *find_operands(const struct invocation *invocation)
{
        if (invocation->operand_count == 2)
                return verb_find(invocation->operands[0], invocation->operands[1]);
        return verb_find(NULL, invocation->operands[0]);
}

static int unknown_operands(const struct invocation *invocation, struct problem *problem)
{
        const char *const *words = invocation->operands;
        int group = verb_is_group(words[0]);
        struct suggestion suggestion = {.word = words[group && invocation->operand_count == 2]};
        char hint[SUGGESTION_SIZE];

        if (group && invocation->operand_count == 1)
                return problem_set(problem, -EINVAL, "help: %s: expected a second word", words[0]);
        for (size_t i = 0; verbs[i]; i++)
                suggestion_consider(&suggestion,
                                    group || !verbs[i]->group ? verbs[i]->name : verbs[i]->group);
        return problem_set(problem, -EINVAL, "help: unknown verb \"%.40s\"%s", suggestion.word,
                           suggestion_text(&suggestion, "", hint));
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};
        const struct verb *verb = NULL;

        if (option_value(invocation, OPTION_COMPLETION)) {
                completion_put_bash(&text);
                return answer_of(output_write(&text, problem), problem);
        }
        if (invocation->json)
                return answer_of(output_write_json(help_to_json(), problem), problem);
        if (invocation->operand_count > 0) {
                verb = find_operands(invocation);
                if (!verb)
                        return answer_of(unknown_operands(invocation, problem), problem);
        }
        return help_print(verb, problem);
}

const struct verb verb_help = {
        .name = "help",
        .operands = "[VERB]",
        .help = "explain a verb, or list them",
        .operands_max = 2,
        .options =
                {
                        [OPTION_COMPLETION] = {"completion", 0, "SHELL",
                                               "print a completion script for that shell",
                                               .words = shells},
                },
        .run = run,
};
