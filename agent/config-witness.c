/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config-section.h"
#include "agent/config-value.h"

#include <errno.h>

static int is_url(const char *text)
{
        static const char *const schemes[] = {"http://", "https://"};

        for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
                size_t length = strlen(schemes[i]);

                if (strncmp(text, schemes[i], length) == 0 && text[length] &&
                    !strpbrk(text, " \t?#"))
                        return 1;
        }
        return 0;
}

static int read_url(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_witness *witness = object;

        return is_url(entry->value) ? config_set_string(&witness->url, entry->value) : -EBADMSG;
}

static int read_key(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_witness *witness = object;
        struct problem reason = {};
        int r = vkey_parse(view_string(entry->value), &witness->key, &reason);

        if (r == 0 && witness->key.type != VKEY_COSIGNATURE)
                r = problem_set(&reason, -EBADMSG, "key: signature type 0x%02x",
                                (unsigned)witness->key.type);
        if (r == -ENOMEM || r == 0)
                return r;
        return problem_set(expected, -EBADMSG,
                           "a verifier key of type 0x04, NAME+KEYID+BASE64 (%s)",
                           problem_text(&reason, r));
}

static int read_timeout(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_witness *witness = object;

        return value_duration(entry->value, CONFIG_TIMEOUT_LEAST, CONFIG_TIMEOUT_MOST,
                              &witness->timeout_usec);
}

static const struct config_field witness_fields[] = {
        {"URL", 1, "a URL with http:// or https://, without query", read_url},
        {"Key", 1, "a verifier key of type 0x04, NAME+KEYID+BASE64", read_key},
        {"Timeout", 0, "a time from 100ms to 10min, such as 10s", read_timeout},
};

int config_read_witness(const struct config_section *section, struct config_witness *witness,
                        struct problem *problem)
{
        size_t length;
        int r;

        witness->name = strdup(section->name);
        witness->place = config_section_place(section);
        witness->timeout_usec = CONFIG_TIMEOUT_DEFAULT;
        if (!witness->name || !witness->place)
                return -ENOMEM;
        r = config_section_read(section, witness_fields, ARRAY_SIZE(witness_fields), witness,
                                problem);
        if (r < 0)
                return r;
        length = strlen(witness->url);
        if (witness->url[length - 1] == '/')
                witness->url[length - 1] = '\0';
        return 0;
}
