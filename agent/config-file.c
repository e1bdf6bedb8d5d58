/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config-file.h"
#include "agent/config.h"
#include "lib/utf8.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>

/* One text on its way through inih, which asks for line after line. */
struct parse {
        struct config_file *file;
        struct config_section *section; /* NULL before the first heading */
        const char *name;
        struct view rest;
        unsigned line;
        int error;
        struct problem *problem;
};

void *config_array_add(void *array_pointer, size_t *count, size_t size)
{
        void **array = array_pointer;
        uint8_t *grown = reallocarray(*array, *count + 1, size);

        if (!grown)
                return NULL;
        *array = grown;
        memset(grown + *count * size, 0, size);
        return grown + (*count)++ * size;
}

static void section_done(struct config_section *section)
{
        for (size_t i = 0; i < section->count; i++) {
                free(section->entries[i].key);
                free(section->entries[i].value);
        }
        free(section->entries);
        free(section->file);
        free(section->kind);
        free(section->name);
}

void config_file_done(struct config_file *file)
{
        if (!file)
                return;
        for (size_t i = 0; i < file->count; i++)
                section_done(&file->sections[i]);
        free(file->sections);
        free(file->untrusted);
        *file = (struct config_file){};
}

const struct config_entry *config_section_entry(const struct config_section *section,
                                                const char *key)
{
        for (size_t i = 0; i < section->count; i++)
                if (string_equal(section->entries[i].key, key))
                        return &section->entries[i];
        return NULL;
}

int config_section_refuse(const struct config_section *section, const char *key,
                          const struct config_entry *entry, const char *expected,
                          struct problem *problem)
{
        const char *name = section->name ? section->name : "";
        const char *space = section->name ? " " : "";

        if (!entry)
                return problem_set(problem, -EBADMSG,
                                   "%.200s:%u: [%.20s%s%.80s] %.40s=: expected %s, found nothing",
                                   section->file, section->line, section->kind, space, name, key,
                                   expected);
        return problem_set(problem, -EBADMSG,
                           "%.200s:%u: [%.20s%s%.80s] %.40s=: expected %s, found \"%s\"",
                           section->file, entry->line, section->kind, space, name, key, expected,
                           entry->value);
}

static int refuse(struct parse *parse, const char *expected, struct view found)
{
        return problem_set(parse->problem, -EBADMSG, "%.200s:%u: expected %s, found \"%.*s\"",
                           parse->name, parse->line, expected, (int)found.size,
                           (const char *)found.data);
}

static int check_not_repeated(struct parse *parse, struct view heading,
                              const struct config_section *section)
{
        for (size_t i = 0; i < parse->file->count; i++) {
                const struct config_section *other = &parse->file->sections[i];

                if (other == section || !string_equal(other->kind, section->kind) ||
                    !string_equal(other->name ? other->name : "",
                                  section->name ? section->name : ""))
                        continue;
                if (!section->name && !string_equal(other->file, section->file))
                        continue;
                return problem_set(parse->problem, -EBADMSG,
                                   "%.200s:%u: [%.*s]: expected once, found also at %s:%u",
                                   parse->name, parse->line,
                                   (int)(heading.size < 80 ? heading.size : 80),
                                   (const char *)heading.data, other->file, other->line);
        }
        return 0;
}

static int begin_section(struct parse *parse, struct view heading)
{
        const uint8_t *space = memchr(heading.data, ' ', heading.size);
        size_t length = space ? (size_t)(space - heading.data) : heading.size;
        struct config_section *section;

        parse->section = NULL;
        section = config_array_add(&parse->file->sections, &parse->file->count, sizeof(*section));
        if (!section)
                return -ENOMEM;
        section->line = parse->line;
        section->file = strdup(parse->name);
        section->kind = view_dup(view_of(heading.data, length));
        if (space)
                section->name =
                        view_dup(view_of(heading.data + length + 1, heading.size - length - 1));
        if (!section->file || !section->kind || (space && !section->name))
                return -ENOMEM;
        parse->section = section;
        return check_not_repeated(parse, heading, section);
}

static int is_blank(uint8_t character)
{
        return character == ' ' || character == '\t' || character == '\r';
}

static struct view without_blanks_at_end(struct view line)
{
        while (line.size > 0 && is_blank(line.data[line.size - 1]))
                line.size--;
        return line;
}

static int check_heading(struct parse *parse, struct view line)
{
        const uint8_t *bracket = memchr(line.data, ']', line.size);

        if (!bracket || bracket != line.data + line.size - 1)
                return refuse(parse, "a heading [KIND NAME] alone in its line", line);
        return begin_section(parse, view_of(line.data + 1, line.size - 2));
}

/* What inih would take as something else than one key with one value. */
static int check_assignment(struct parse *parse, struct view line)
{
        const uint8_t *equals = memchr(line.data, '=', line.size);
        const uint8_t *colon = memchr(line.data, ':', line.size);

        if (line.data[0] == ' ' || line.data[0] == '\t')
                return refuse(parse, "a line that does not begin with a blank", line);
        if (!equals || equals == line.data || (colon && colon < equals))
                return refuse(parse, "[KIND NAME], Key=value or a comment", line);
        for (size_t i = 1; i < line.size; i++)
                if (line.data[i] == ';' && is_blank(line.data[i - 1]))
                        return refuse(parse, "a comment in a line of its own", line);
        if (!parse->section)
                return refuse(parse, "a heading [KIND NAME] before the first Key=value", line);
        return 0;
}

static int check_characters(struct parse *parse, struct view line)
{
        struct view rest = line;

        while (rest.size > 0) {
                size_t length = utf8_length(rest);

                if (length == 0)
                        return refuse(parse, "UTF-8", line);
                if (utf8_is_control(rest) && rest.data[0] != '\t')
                        return refuse(parse, "no control characters", line);
                rest = view_of(rest.data + length, rest.size - length);
        }
        return 0;
}

static int check_line(struct parse *parse, struct view line)
{
        size_t blanks = 0;
        int r;

        line = without_blanks_at_end(line);
        r = check_characters(parse, line);
        if (r < 0)
                return r;
        while (blanks < line.size && is_blank(line.data[blanks]))
                blanks++;
        if (blanks == line.size || line.data[blanks] == '#' || line.data[blanks] == ';')
                return 0;
        if (line.data[0] == '[')
                return check_heading(parse, line);
        return check_assignment(parse, line);
}

/* Cuts the next line off, without its newline. */
static struct view next_line(struct parse *parse)
{
        const uint8_t *newline = memchr(parse->rest.data, '\n', parse->rest.size);
        size_t size = newline ? (size_t)(newline - parse->rest.data) : parse->rest.size;
        size_t taken = newline ? size + 1 : size;
        struct view line = view_of(parse->rest.data, size);

        parse->rest = view_of(parse->rest.data + taken, parse->rest.size - taken);
        parse->line++;
        return line;
}

/* inih's way to read a line, as fgets(), with room for a newline and a NUL. After the first error
 * there are no more lines. */
static char *read_line(char *str, int num, void *stream)
{
        struct parse *parse = stream;
        struct view line;

        if (parse->error < 0 || parse->rest.size == 0)
                return NULL;
        line = next_line(parse);
        if (line.size > (size_t)num - 2)
                parse->error = problem_set(parse->problem, -EBADMSG,
                                           "%s:%u: expected at most %d bytes in a line, found %zu",
                                           parse->name, parse->line, num - 2, line.size);
        else
                parse->error = check_line(parse, line);
        if (parse->error < 0)
                return NULL;
        memcpy(str, line.data, line.size);
        memcpy(str + line.size, "\n", 2); /* with its NUL */
        return str;
}

static int add_entry(struct parse *parse, const char *key, const char *value)
{
        const struct config_entry *other = config_section_entry(parse->section, key);
        struct config_entry *entry;

        if (other)
                return problem_set(
                        parse->problem, -EBADMSG,
                        "%.200s:%u: [%.20s%s%.80s] %.40s=: expected once, found also in line %u",
                        parse->name, parse->line, parse->section->kind,
                        parse->section->name ? " " : "",
                        parse->section->name ? parse->section->name : "", key, other->line);
        entry = config_array_add(&parse->section->entries, &parse->section->count, sizeof(*entry));
        if (!entry)
                return -ENOMEM;
        *entry = (struct config_entry){strdup(key), strdup(value), parse->line};
        if (!entry->key || !entry->value)
                return -ENOMEM;
        if (!value[0])
                return config_section_refuse(parse->section, key, entry, "a value", parse->problem);
        return 0;
}

/* inih's handler of a key and its value; non-zero goes on. Its idea of the section is cut at 49
 * bytes, so ours is taken. */
static int handle(void *user, const char *section, const char *key, const char *value)
{
        struct parse *parse = user;

        parse->error = add_entry(parse, key, value);
        return parse->error == 0;
}

int config_file_parse(struct config_file *file, const char *name, struct view text,
                      struct problem *problem)
{
        struct parse parse = {.file = file, .name = name, .rest = text, .problem = problem};
        int r;

#ifdef HAVE_INI_MAX_LINE
        ini_max_line = CONFIG_LINE_MAX;
#endif
        r = ini_parse_stream(read_line, &parse, handle, &parse);
        if (parse.error < 0)
                return parse.error;
        if (r < 0)
                return -ENOMEM;
        if (r > 0)
                return problem_set(problem, -EBADMSG, "%s:%d: expected [KIND NAME] or Key=value",
                                   name, r);
        return 0;
}
