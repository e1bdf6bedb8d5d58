/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/help.h"

/* Finds the verb among the words before the cursor: of two words where the first is a group. */
static const char head[] =
        "# hallmark(1) completion for bash, made by `hallmark help --completion bash`.\n"
        "_hallmark() {\n"
        "        local word verb= previous=${COMP_WORDS[COMP_CWORD-1]} i\n"
        "        local current=${COMP_WORDS[COMP_CWORD]}\n"
        "        COMPREPLY=()\n"
        "        for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "                word=${COMP_WORDS[i]}\n"
        "                case $word in\n"
        "                --socket | --admin-socket) i=$((i + 1)) ;;\n"
        "                -*) ;;\n"
        "                *) verb=${verb:+$verb }$word\n"
        "                   case $verb in\n";

static const char after_groups[] = "                   *) break ;;\n"
                                   "                   esac ;;\n"
                                   "                esac\n"
                                   "        done\n"
                                   "        case $verb/$previous in\n";

static const char after_values[] =
        "        */--socket | */--admin-socket)\n"
        "                COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n"
        "        esac\n"
        "        case $verb in\n";

static const char foot[] = "        esac\n"
                           "}\n"
                           "complete -o filenames -F _hallmark hallmark\n";

/* Whether an earlier verb has the same group. */
static int group_was_seen(size_t index)
{
        for (size_t i = 0; i < index; i++)
                if (verb_is_of(verbs[i], verbs[index]->group))
                        return 1;
        return 0;
}

static void put_groups(struct buf *buf)
{
        for (size_t i = 0; verbs[i]; i++)
                if (verbs[i]->group && !group_was_seen(i))
                        buf_put_format(buf, "                   %s) ;;\n", verbs[i]->group);
}

static void put_option_pattern(struct buf *buf, const char *verb, const struct option *option)
{
        buf_put_format(buf, "        '%s'/--%s", verb, option->name);
        if (option->letter)
                buf_put_format(buf, " | '%s'/-%s", verb, option->letter);
        buf_put_string(buf, ")\n                COMPREPLY=($(compgen ");
}

/* What follows an option that takes a value: one of its words, a key of the agent, or a file. */
static void put_value(struct buf *buf, const char *verb, const struct option *option)
{
        put_option_pattern(buf, verb, option);
        if (option->words) {
                buf_put_string(buf, "-W '");
                for (size_t i = 0; option->words[i]; i++)
                        buf_put_format(buf, "%s%s", i > 0 ? " " : "", option->words[i]);
                buf_put_string(buf, "'");
        } else if (string_equal(option->value, "FILE")) {
                buf_put_string(buf, "-f");
        } else if (string_equal(option->name, "key")) {
                buf_put_string(buf, "-W \"$(hallmark key list 2>/dev/null | "
                                    "awk 'NR > 1 { print $1 }')\"");
        } else {
                buf_put_string(buf, "-W ''");
        }
        buf_put_string(buf, " -- \"$current\")); return ;;\n");
}

static void put_values(struct buf *buf)
{
        char name[VERB_NAME_SIZE];

        for (size_t i = 0; verbs[i]; i++)
                for (const struct option *o = verbs[i]->options; o->name; o++)
                        if (o->value)
                                put_value(buf, verb_name(verbs[i], name), o);
}

static void put_option_words(struct buf *buf, const struct option *options)
{
        for (; options->name; options++)
                buf_put_format(buf, " --%s", options->name);
}

static void put_verbs(struct buf *buf)
{
        char name[VERB_NAME_SIZE];

        for (size_t i = 0; verbs[i]; i++) {
                buf_put_format(buf, "        '%s')\n                COMPREPLY=($(compgen %s-W '",
                               verb_name(verbs[i], name), verbs[i]->operands_max > 0 ? "-f " : "");
                put_option_words(buf, verbs[i]->options);
                put_option_words(buf, global_options);
                buf_put_string(buf, "' -- \"$current\")) ;;\n");
        }
}

/* The second words of each group, and the first words. */
static void put_first_words(struct buf *buf)
{
        for (size_t i = 0; verbs[i]; i++) {
                if (!verbs[i]->group || group_was_seen(i))
                        continue;
                buf_put_format(buf, "        %s)\n                COMPREPLY=($(compgen -W '",
                               verbs[i]->group);
                for (size_t j = 0; verbs[j]; j++)
                        if (verb_is_of(verbs[j], verbs[i]->group))
                                buf_put_format(buf, " %s", verbs[j]->name);
                buf_put_string(buf, "' -- \"$current\")) ;;\n");
        }
        buf_put_string(buf, "        '')\n                COMPREPLY=($(compgen -W '");
        for (size_t i = 0; verbs[i]; i++)
                if (!verbs[i]->group || !group_was_seen(i))
                        buf_put_format(buf, " %s",
                                       verbs[i]->group ? verbs[i]->group : verbs[i]->name);
        put_option_words(buf, global_options);
        buf_put_string(buf, "' -- \"$current\")) ;;\n");
}

void completion_put_bash(struct buf *buf)
{
        buf_put_string(buf, head);
        put_groups(buf);
        buf_put_string(buf, after_groups);
        put_values(buf);
        buf_put_string(buf, after_values);
        put_verbs(buf);
        put_first_words(buf);
        buf_put_string(buf, foot);
}
