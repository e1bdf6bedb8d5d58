/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config-section.h"
#include "agent/config-value.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static int _printf_(3, 4)
        warn(struct config *config, const struct config_grant *grant, const char *format, ...)
{
        char text[CONFIG_LINE_MAX];
        _cleanup_(freep) char *line = NULL;
        va_list arguments;
        char **word;

        va_start(arguments, format);
        (void)vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        if (asprintf(&line, "%s: [Grant %s] %s", grant->place, grant->name, text) < 0) {
                line = NULL; /* asprintf() leaves it undefined */
                return -ENOMEM;
        }
        word = config_array_add(&config->warnings.word, &config->warnings.count, sizeof(*word));
        if (!word)
                return -ENOMEM;
        *word = TAKE_PTR(line);
        return 0;
}

/* "*", and "?*": no name is empty. */
static int matches_everything(const char *pattern)
{
        size_t single = 0;

        for (const char *next = pattern; *next; next++)
                single += *next == '?';
        return strchr(pattern, '*') && strspn(pattern, "*?") == strlen(pattern) && single <= 1;
}

static int warn_of_words(struct config *config, const struct config_grant *grant, const char *key,
                         const struct words *words)
{
        for (size_t i = 0; i < words->count; i++)
                if (matches_everything(words->word[i]))
                        return warn(config, grant, "%s=: \"%s\" matches everything", key,
                                    words->word[i]);
        return 0;
}

/* Signing with whatever keys there will be. Making keys is an operator's business, who has to have
 * names to choose from. */
static int signs(const struct config_grant *grant)
{
        for (size_t i = 0; i < grant->methods.count; i++)
                if (strncmp(grant->methods.word[i], "Sign", strlen("Sign")) == 0 ||
                    string_equal(grant->methods.word[i], "Attest"))
                        return 1;
        return 0;
}

int config_warn_grant(struct config *config, const struct config_grant *grant)
{
        int r = 0;

        if (signs(grant))
                r = warn_of_words(config, grant, "Key", &grant->keys);
        if (r == 0)
                r = warn_of_words(config, grant, "Unit", &grant->units);
        if (r == 0)
                r = warn_of_words(config, grant, "Slice", &grant->slices);
        if (r == 0)
                r = warn_of_words(config, grant, "Job", &grant->jobs);
        if (r < 0 || grant->uid_count > 0 || grant->gid_count > 0 || grant->units.count > 0 ||
            grant->slices.count > 0 || grant->jobs.count > 0)
                return r;
        return warn(config, grant,
                    "is for every caller, as it has none of User= Group= Unit= Slice= Job=");
}
