/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The text of configuration files as sections with keys and values, before anybody asks what they
 * mean.
 *
 * inih splits the lines. It truncates long lines and names, takes no notice of sections without
 * keys, of text after a heading's bracket and of sections begun twice, joins indented lines and
 * cuts values at " ;": all of these are refused here, line by line, before inih sees them. So what
 * is read is what is written.
 */

#include "lib/problem.h"
#include "lib/reader.h"

struct config_entry {
        char *key;
        char *value; /* never empty */
        unsigned line;
};

/* [KIND] or [KIND NAME]. */
struct config_section {
        char *file;
        unsigned line;
        char *kind;
        char *name; /* NULL for [KIND] */
        struct config_entry *entries;
        size_t count;
};

struct config_file {
        struct config_section *sections;
        size_t count;
        char *untrusted; /* as in struct config */
};

void config_file_done(struct config_file *file);

/* Appends the sections of @text, called @name in messages. A section that is there already is
 * refused, unless it has no name and came from another file; so is a key twice in one section.
 * -EBADMSG; -ENOMEM. */
int config_file_parse(struct config_file *file, const char *name, struct view text,
                      struct problem *problem) _must_use_;

/* NULL if the section does not have the key. */
const struct config_entry *config_section_entry(const struct config_section *section,
                                                const char *key);

/* Notes "FILE:LINE: [KIND NAME] KEY=: expected …, found "VALUE"" and returns -EBADMSG. Without
 * @entry, the line is the section's and what was found is nothing. */
int config_section_refuse(const struct config_section *section, const char *key,
                          const struct config_entry *entry, const char *expected,
                          struct problem *problem);

/* Makes room for one more element, all zero, at the end of the array that @array_pointer points at.
 * Returns it, or NULL without memory. */
void *config_array_add(void *array_pointer, size_t *count, size_t size);
