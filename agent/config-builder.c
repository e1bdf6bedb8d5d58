/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config-section.h"
#include "agent/config-value.h"
#include "lib/statement.h"

#include <errno.h>

static int read_id(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_builder *builder = object;

        return statement_type_is_valid(entry->value) ? config_set_string(&builder->id, entry->value)
                                                     : -EBADMSG;
}

static int read_key(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_builder *builder = object;

        return key_name_is_valid(entry->value) ? config_set_string(&builder->key, entry->value)
                                               : -EBADMSG;
}

static int read_observed(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_builder *builder = object;

        if (!string_equal(entry->value, "yes") && !string_equal(entry->value, "no"))
                return -EBADMSG;
        builder->observed = string_equal(entry->value, "yes");
        return 0;
}

static int read_lesser(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_builder *builder = object;

        return key_name_is_valid(entry->value) ? config_set_string(&builder->lesser, entry->value)
                                               : -EBADMSG;
}

static const struct config_field builder_fields[] = {
        {"Id", 1, "a URI", read_id},
        {"Key", 1, "the name of a key that signs nothing else", read_key},
        {"Observed", 1, "yes or no", read_observed},
        {"Lesser", 0, "the name of a [Builder] with Observed=no", read_lesser},
};

int config_read_builder(const struct config_section *section, struct config_builder *builder,
                        struct problem *problem)
{
        int r;

        builder->name = strdup(section->name);
        builder->place = config_section_place(section);
        if (!builder->name || !builder->place)
                return -ENOMEM;
        r = config_section_read(section, builder_fields, ARRAY_SIZE(builder_fields), builder,
                                problem);
        if (r == 0 && builder->lesser && !builder->observed)
                r = config_section_refuse(
                        section, "Lesser", config_section_entry(section, "Lesser"),
                        "none with Observed=no, which is the lesser one", problem);
        return r;
}

void config_builder_done(struct config_builder *builder)
{
        free(builder->name);
        free(builder->id);
        free(builder->key);
        free(builder->lesser);
        free(builder->place);
}

/* Who reads a provenance goes by its builder's id, and by its key: neither may be of two. */
int config_check_builder(const struct config *config, const struct config_section *section,
                         const struct config_builder *builder, struct problem *problem)
{
        const struct config_key *key = config_find_key(config, builder->key);

        for (const struct config_builder *other = config->builders; other < builder; other++) {
                const char *field = string_equal(other->id, builder->id)     ? "Id"
                                    : string_equal(other->key, builder->key) ? "Key"
                                                                             : NULL;
                struct problem expected = {};

                if (!field)
                        continue;
                (void)problem_set(&expected, 0, "another one than that of \"%s\" at %s",
                                  other->name, other->place);
                return config_section_refuse(section, field, config_section_entry(section, field),
                                             expected.text, problem);
        }
        if (key && key->purpose != KEY_PROVENANCE)
                return config_section_refuse(section, "Key", config_section_entry(section, "Key"),
                                             "a key with Purpose=provenance", problem);
        return 0;
}

/* When all builders are known. -EBADMSG: there is none of that name, or it is no lesser one. */
int config_check_lesser(const struct config *config, struct problem *problem)
{
        for (size_t i = 0; i < config->builder_count; i++) {
                const struct config_builder *builder = &config->builders[i];
                const struct config_builder *lesser =
                        builder->lesser ? config_find_builder(config, builder->lesser) : NULL;

                if (builder->lesser && (!lesser || lesser->observed))
                        return problem_set(problem, -EBADMSG,
                                           "%s: [Builder %s] Lesser=: expected the name of a "
                                           "[Builder] with Observed=no, found \"%s\"",
                                           builder->place, builder->name, builder->lesser);
        }
        return 0;
}

const struct config_builder *config_find_builder(const struct config *config, const char *name)
{
        for (size_t i = 0; i < config->builder_count; i++)
                if (string_equal(config->builders[i].name, name))
                        return &config->builders[i];
        return NULL;
}

const struct config_builder *config_find_builder_of_key(const struct config *config,
                                                        const char *key)
{
        for (size_t i = 0; i < config->builder_count; i++)
                if (string_equal(config->builders[i].key, key))
                        return &config->builders[i];
        return NULL;
}
