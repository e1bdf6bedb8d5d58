/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/account.h"
#include "agent/config-section.h"
#include "agent/config-value.h"

#include <errno.h>

/* The methods that need a grant. All others only read. */
static const struct {
        const char *name;
        int names_key;
} methods[] = {
        {"Sign", 1},        {"SignLogged", 1},  {"Attest", 1},
        {"OpenRun", 1},     {"DescribeRun", 1}, {"CreateKey", 1},
        {"ImportKey", 1},   {"RotateKey", 1},   {"RetireKey", 1},
        {"RevokeKey", 1},   {"DestroyKey", 1},  {"AttestKey", 1},
        {"Freeze", 1},      {"Thaw", 1},        {"Approve", 1},
        {"UnlockToken", 0}, {"Reload", 0},      {"AcknowledgeRollback", 0},
};

#define METHODS_EXPECTED                                                                              \
        "some of Sign SignLogged Attest OpenRun DescribeRun CreateKey ImportKey RotateKey RetireKey " \
        "RevokeKey DestroyKey AttestKey Freeze Thaw Approve UnlockToken Reload AcknowledgeRollback"
#define CLAIMS_EXPECTED "1 to 64 names of claims, or NAME=PATTERN"
#define RATE_EXPECTED   "1 to 1000000 in a unit of time, such as 10/s, 600/min, 5/h or 100/d"

static_assert(CONFIG_RATE_MAX == 1000000, "the messages of Rate= and Burst= say so");

static int read_keys(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_grant *grant = object;

        return value_words(entry->value, &grant->keys);
}

static int read_units(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_grant *grant = object;

        return value_words(entry->value, &grant->units);
}

static int read_slices(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_grant *grant = object;

        return value_words(entry->value, &grant->slices);
}

static int read_jobs(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_grant *grant = object;

        return value_words(entry->value, &grant->jobs);
}

static int read_claims(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_grant *grant = object;
        int r = value_words(entry->value, &grant->claims);

        for (size_t i = 0; r == 0 && i < grant->claims.count; i++)
                if (grant->claims.word[i][0] == '=')
                        r = problem_set(expected, -EBADMSG, CLAIMS_EXPECTED ", not \"%s\"",
                                        grant->claims.word[i]);
        return r;
}

static int is_method(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
                if (string_equal(methods[i].name, name))
                        return 1;
        return 0;
}

static int read_methods(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_grant *grant = object;
        int r;

        r = value_words(entry->value, &grant->methods);
        for (size_t i = 0; r == 0 && i < grant->methods.count; i++)
                if (!is_method(grant->methods.word[i]))
                        r = problem_set(expected, -EBADMSG, METHODS_EXPECTED ", not \"%s\"",
                                        grant->methods.word[i]);
        return r;
}

static int refuse_account(int error, const char *kind, const char *name, struct problem *expected)
{
        if (error == -ENOMEM)
                return error;
        if (error == -ENOENT)
                return problem_set(expected, -EBADMSG, "names of %ss of this host, not \"%s\"",
                                   kind, name);
        return problem_set(expected, -EBADMSG, "names of %ss (looking up \"%s\" failed: %s)", kind,
                           name, strerror(-error));
}

static int read_users(const struct config_entry *entry, void *object, struct problem *expected)
{
        _cleanup_(words_done) struct words words = {};
        struct config_grant *grant = object;
        int r;

        r = value_words(entry->value, &words);
        if (r < 0)
                return r;
        grant->uids = calloc(words.count, sizeof(uid_t));
        if (!grant->uids)
                return -ENOMEM;
        for (; grant->uid_count < words.count; grant->uid_count++) {
                const char *name = words.word[grant->uid_count];

                r = account_find_user(name, &grant->uids[grant->uid_count]);
                if (r < 0)
                        return refuse_account(r, "user", name, expected);
        }
        return 0;
}

static int read_groups(const struct config_entry *entry, void *object, struct problem *expected)
{
        _cleanup_(words_done) struct words words = {};
        struct config_grant *grant = object;
        int r;

        r = value_words(entry->value, &words);
        if (r < 0)
                return r;
        grant->gids = calloc(words.count, sizeof(gid_t));
        if (!grant->gids)
                return -ENOMEM;
        for (; grant->gid_count < words.count; grant->gid_count++) {
                const char *name = words.word[grant->gid_count];

                r = account_find_group(name, &grant->gids[grant->gid_count]);
                if (r < 0)
                        return refuse_account(r, "group", name, expected);
        }
        return 0;
}

static int read_user_namespaces(const struct config_entry *entry, void *object,
                                struct problem *expected)
{
        struct config_grant *grant = object;

        if (!string_equal(entry->value, "yes") && !string_equal(entry->value, "no"))
                return -EBADMSG;
        grant->user_namespaces = string_equal(entry->value, "yes");
        return 0;
}

static int read_rate(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_grant *grant = object;

        return value_rate(entry->value, &grant->rate_count, &grant->rate_usec);
}

static int read_burst(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_grant *grant = object;

        return value_integer(entry->value, 1, CONFIG_RATE_MAX, &grant->burst);
}

static int read_per_day(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_grant *grant = object;

        return value_integer(entry->value, 1, CONFIG_RATE_MAX, &grant->per_day);
}

static int read_decision(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_grant *grant = object;

        return config_read_decision(entry->value, &grant->decision);
}

static int read_decision_timeout(const struct config_entry *entry, void *object,
                                 struct problem *expected)
{
        struct config_grant *grant = object;

        return config_read_decision_timeout(entry->value, &grant->decision.timeout_usec);
}

static const struct config_field grant_fields[] = {
        {"Key", 0, "1 to 64 patterns of key names", read_keys},
        {"User", 0, "1 to 64 names of users", read_users},
        {"Group", 0, "1 to 64 names of groups", read_groups},
        {"Unit", 0, "1 to 64 patterns of names of units", read_units},
        {"Slice", 0, "1 to 64 patterns of names of slices", read_slices},
        {"Job", 0, "1 to 64 patterns of numbers of Slurm jobs", read_jobs},
        {"Claims", 0, CLAIMS_EXPECTED, read_claims},
        {"UserNamespaces", 0, "yes or no", read_user_namespaces},
        {"Methods", 1, METHODS_EXPECTED, read_methods},
        {"Rate", 0, RATE_EXPECTED, read_rate},
        {"Burst", 0, "a number from 1 to 1000000", read_burst},
        {"PerDay", 0, "a number from 1 to 1000000", read_per_day},
        {"Decision", 0, CONFIG_DECISION_EXPECTED, read_decision},
        {"DecisionTimeout", 0, CONFIG_DECISION_TIME_EXPECTED, read_decision_timeout},
};

static_assert(CONFIG_LIST_MAX == 64, "the messages of lists say so");

static int has_method(const struct config_grant *grant, const char *name)
{
        for (size_t i = 0; i < grant->methods.count; i++)
                if (string_equal(grant->methods.word[i], name))
                        return 1;
        return 0;
}

/* Keys that make no sense without another. */
static int check_grant(const struct config_section *section, struct config_grant *grant,
                       struct problem *problem)
{
        for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
                if (methods[i].names_key && grant->keys.count == 0 &&
                    has_method(grant, methods[i].name))
                        return config_section_refuse(section, "Key", NULL,
                                                     "patterns of key names, as Methods= has some "
                                                     "that name a key",
                                                     problem);
        if (grant->burst > 0 && grant->rate_usec == 0)
                return config_section_refuse(section, "Rate", NULL,
                                             RATE_EXPECTED ", as Burst= is set", problem);
        if (grant->burst == 0)
                grant->burst = grant->rate_count;
        return 0;
}

int config_read_grant(const struct config_section *section, struct config_grant *grant,
                      struct problem *problem)
{
        int r;

        grant->name = strdup(section->name);
        grant->place = config_section_place(section);
        if (!grant->name || !grant->place)
                return -ENOMEM;
        r = config_section_read(section, grant_fields, ARRAY_SIZE(grant_fields), grant, problem);
        return r < 0 ? r : check_grant(section, grant, problem);
}

void config_grant_done(struct config_grant *grant)
{
        free(grant->name);
        free(grant->place);
        free(grant->uids);
        free(grant->gids);
        words_done(&grant->keys);
        words_done(&grant->methods);
        words_done(&grant->units);
        words_done(&grant->slices);
        words_done(&grant->jobs);
        words_done(&grant->claims);
        config_decision_done(&grant->decision);
}
