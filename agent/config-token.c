/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config-section.h"
#include "agent/config-value.h"

#include <errno.h>

static int read_driver(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_token *token = object;

        return config_set_string(&token->driver, entry->value);
}

static int read_timeout(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_token *token = object;

        return value_duration(entry->value, CONFIG_TIMEOUT_LEAST, CONFIG_TIMEOUT_MOST,
                              &token->timeout_usec);
}

static int read_workers(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_token *token = object;

        return value_integer(entry->value, 1, CONFIG_WORKERS_MAX, &token->workers);
}

static int read_setting(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_token *token = object;

        return facts_add(&token->settings, entry->key, entry->value);
}

static int read_path_setting(const struct config_entry *entry, void *object,
                             struct problem *expected)
{
        return value_is_path(entry->value) ? read_setting(entry, object, expected) : -EBADMSG;
}

static int read_audit(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_token *token = object;

        token->audit = string_equal(entry->value, "yes");
        if (!token->audit && !string_equal(entry->value, "no"))
                return -EBADMSG;
        return read_setting(entry, object, expected);
}

static int read_audit_interval(const struct config_entry *entry, void *object,
                               struct problem *expected)
{
        struct config_token *token = object;

        return value_duration(entry->value, CONFIG_AUDIT_LEAST, CONFIG_AUDIT_MOST,
                              &token->audit_usec);
}

#define DRIVER_EXPECTED "one of tpm pkcs11"
#define COMMON_FIELDS                                                                              \
        {"Driver", 1, DRIVER_EXPECTED, read_driver},                                               \
        {                                                                                          \
                "Timeout", 0, "a time from 100ms to 10min, such as 10s", read_timeout              \
        }
#define WORKERS_FIELD                                                                              \
        {                                                                                          \
                "Workers", 0, "a number from 1 to 64", read_workers                                \
        }
#define PIN_FILE_FIELD                                                                             \
        {                                                                                          \
                "PinFile", 0, "an absolute path", read_path_setting                                \
        }

static const struct config_field tpm_fields[] = {
        COMMON_FIELDS,
        {"TCTI", 1, "how to reach the TPM, such as device:/dev/tpmrm0", read_setting},
        PIN_FILE_FIELD,
        {"OwnerFile", 0, "an absolute path", read_path_setting},
        {"Audit", 0, "yes or no", read_audit},
        {"AuditInterval", 0, "a time from 1s to 60min, such as 60s", read_audit_interval},
};

static const struct config_field pkcs11_fields[] = {
        COMMON_FIELDS,
        {"Module", 1, "an absolute path", read_path_setting},
        {"TokenLabel", 0, "a label", read_setting},
        {"TokenSerial", 0, "a serial number", read_setting},
        PIN_FILE_FIELD,
        WORKERS_FIELD,
};

/* Stands in for hardware in tests, and is never installed. */
static const struct config_field fake_fields[] = {
        COMMON_FIELDS,
        {"Script", 0, "what the driver is to do", read_setting},
        WORKERS_FIELD,
};

static_assert(CONFIG_WORKERS_MAX == 64, "the message of Workers= says so");

static const struct {
        const char *name;
        const struct config_field *fields;
        size_t count;
} drivers[] = {
        {"tpm", tpm_fields, ARRAY_SIZE(tpm_fields)},
        {"pkcs11", pkcs11_fields, ARRAY_SIZE(pkcs11_fields)},
        {"fake", fake_fields, ARRAY_SIZE(fake_fields)},
};

/* The driver's name says which keys there are, wherever in the section it stands. */
static int read_fields(const struct config_section *section, struct config_token *token,
                       struct problem *problem)
{
        const struct config_entry *driver = config_section_entry(section, "Driver");

        for (size_t i = 0; driver && i < ARRAY_SIZE(drivers); i++)
                if (string_equal(drivers[i].name, driver->value))
                        return config_section_read(section, drivers[i].fields, drivers[i].count,
                                                   token, problem);
        return config_section_refuse(section, "Driver", driver, DRIVER_EXPECTED, problem);
}

int config_read_token(const struct config_section *section, struct config_token *token,
                      struct problem *problem)
{
        int r;

        token->name = strdup(section->name);
        token->place = config_section_place(section);
        token->workers = 1;
        token->timeout_usec = CONFIG_TIMEOUT_DEFAULT;
        token->audit_usec = CONFIG_AUDIT_DEFAULT;
        if (!token->name || !token->place)
                return -ENOMEM;
        r = read_fields(section, token, problem);
        if (r < 0)
                return r;
        if (string_equal(token->driver, "pkcs11") && !facts_get(&token->settings, "TokenLabel") &&
            !facts_get(&token->settings, "TokenSerial"))
                return config_section_refuse(section, "TokenLabel", NULL,
                                             "this or TokenSerial=", problem);
        return 0;
}
