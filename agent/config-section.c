/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config-section.h"
#include "agent/config-value.h"
#include "lib/note.h"

#include "lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>

int config_set_string(char **string, const char *value)
{
        char *copy = strdup(value);

        if (!copy)
                return -ENOMEM;
        free(*string);
        *string = copy;
        return 0;
}

char *config_section_place(const struct config_section *section)
{
        char *place;

        return asprintf(&place, "%s:%u", section->file, section->line) < 0 ? NULL : place;
}

static const struct config_field *find_field(const struct config_field *fields, size_t count,
                                             const char *key)
{
        for (size_t i = 0; i < count; i++)
                if (string_equal(fields[i].key, key))
                        return &fields[i];
        return NULL;
}

static int refuse_key(const struct config_section *section, const struct config_entry *entry,
                      const struct config_field *fields, size_t count, struct problem *problem)
{
        _cleanup_(buf_done) struct buf known = {};

        for (size_t i = 0; i < count; i++)
                buf_put_format(&known, "%s%s", i > 0 ? " " : "", fields[i].key);
        if (buf_error(&known))
                return buf_error(&known);
        return problem_set(
                problem, -EBADMSG,
                "%.200s:%u: [%.20s%s%.80s] %.40s=: expected one of the keys %.*s, found \"%.40s\"",
                section->file, entry->line, section->kind, section->name ? " " : "",
                section->name ? section->name : "", entry->key, (int)known.size,
                (const char *)known.data, entry->key);
}

int config_section_read(const struct config_section *section, const struct config_field *fields,
                        size_t count, void *object, struct problem *problem)
{
        for (size_t i = 0; i < section->count; i++) {
                const struct config_entry *entry = &section->entries[i];
                const struct config_field *field = find_field(fields, count, entry->key);
                struct problem expected = {};
                int r;

                if (!field)
                        return refuse_key(section, entry, fields, count, problem);
                r = field->read(entry, object, &expected);
                if (r == -EBADMSG)
                        return config_section_refuse(
                                section, entry->key, entry,
                                expected.text[0] ? expected.text : field->expected, problem);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < count; i++)
                if (fields[i].required && !config_section_entry(section, fields[i].key))
                        return config_section_refuse(section, fields[i].key, NULL,
                                                     fields[i].expected, problem);
        return 0;
}

static int read_origin(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config *config = object;

        if (!note_name_is_valid(entry->value))
                return -EBADMSG;
        return config_set_string(&config->origin, entry->value);
}

static int read_state_directory(const struct config_entry *entry, void *object,
                                struct problem *expected)
{
        struct config *config = object;

        if (!value_is_path(entry->value))
                return -EBADMSG;
        return config_set_string(&config->state_directory, entry->value);
}

static int is_socket_path(const char *value)
{
        return value_is_path(value) && strlen(value) < sizeof(((struct sockaddr_un *)0)->sun_path);
}

static int read_sign_socket(const struct config_entry *entry, void *object,
                            struct problem *expected)
{
        struct config *config = object;

        if (!is_socket_path(entry->value))
                return -EBADMSG;
        return config_set_string(&config->sign_socket, entry->value);
}

static int read_admin_socket(const struct config_entry *entry, void *object,
                             struct problem *expected)
{
        struct config *config = object;

        if (!is_socket_path(entry->value))
                return -EBADMSG;
        return config_set_string(&config->admin_socket, entry->value);
}

static int read_checkpoint_interval(const struct config_entry *entry, void *object,
                                    struct problem *expected)
{
        struct config *config = object;

        return value_duration(entry->value, CONFIG_CHECKPOINT_LEAST, CONFIG_CHECKPOINT_MOST,
                              &config->checkpoint_usec);
}

static int read_count_interval(const struct config_entry *entry, void *object,
                               struct problem *expected)
{
        struct config *config = object;

        return value_duration(entry->value, CONFIG_COUNT_LEAST, CONFIG_COUNT_MOST,
                              &config->count_usec);
}

static int read_anchor(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config *config = object;

        return config_set_string(&config->anchor, entry->value);
}

static int read_anchor_interval(const struct config_entry *entry, void *object,
                                struct problem *expected)
{
        struct config *config = object;

        return value_duration(entry->value, CONFIG_ANCHOR_LEAST, CONFIG_ANCHOR_MOST,
                              &config->anchor_usec);
}

/* A later section replaces it. */
static int read_decision(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config *config = object;
        uint64_t timeout_usec = config->decision.timeout_usec;

        config_decision_done(&config->decision);
        config->decision.timeout_usec = timeout_usec;
        return config_read_decision(entry->value, &config->decision);
}

static int read_decision_timeout(const struct config_entry *entry, void *object,
                                 struct problem *expected)
{
        struct config *config = object;

        return config_read_decision_timeout(entry->value, &config->decision.timeout_usec);
}

#define TWO_PERSON_EXPECTED "none, or some of RevokeKey DestroyKey Thaw"

static int needs_two(const char *method)
{
        static const char *const methods[] = {"RevokeKey", "DestroyKey", "Thaw"};

        for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
                if (string_equal(methods[i], method))
                        return 1;
        return 0;
}

/* A later section replaces it. */
static int read_two_person(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config *config = object;
        int r;

        words_done(&config->two_person);
        config->two_person = (struct words){};
        free(config->two_person_text);
        config->two_person_text = NULL;
        if (string_equal(entry->value, "none"))
                return 0;
        r = value_words(entry->value, &config->two_person);
        for (size_t i = 0; r == 0 && i < config->two_person.count; i++)
                if (!needs_two(config->two_person.word[i]))
                        r = problem_set(expected, -EBADMSG, TWO_PERSON_EXPECTED ", not \"%s\"",
                                        config->two_person.word[i]);
        return r < 0 ? r : config_set_string(&config->two_person_text, entry->value);
}

static int read_approval_window(const struct config_entry *entry, void *object,
                                struct problem *expected)
{
        struct config *config = object;

        return value_duration(entry->value, CONFIG_WINDOW_LEAST, CONFIG_WINDOW_MOST,
                              &config->window_usec);
}

/* Origin= is required of all [Agent] sections together: config.c sees to that. */
static const struct config_field agent_fields[] = {
        {"Origin", 0, CONFIG_ORIGIN_EXPECTED, read_origin},
        {"StateDirectory", 0, "an absolute path", read_state_directory},
        {"SignSocket", 0, "an absolute path of less than 108 bytes", read_sign_socket},
        {"AdminSocket", 0, "an absolute path of less than 108 bytes", read_admin_socket},
        {"CheckpointInterval", 0, "a time from 10ms to 60min, such as 1s",
         read_checkpoint_interval},
        {"Anchor", 0, "the name of a [Token]", read_anchor},
        {"AnchorInterval", 0, "a time from 1s to 24h, such as 1h", read_anchor_interval},
        {"CountInterval", 0, "a time from 1s to 60min, such as 1min", read_count_interval},
        {"TwoPerson", 0, TWO_PERSON_EXPECTED, read_two_person},
        {"ApprovalWindow", 0, "a time from 1s to 10080min, such as 60min", read_approval_window},
        {"Decision", 0, CONFIG_DECISION_EXPECTED, read_decision},
        {"DecisionTimeout", 0, CONFIG_DECISION_TIME_EXPECTED, read_decision_timeout},
};

int config_read_agent(const struct config_section *section, struct config *config,
                      struct problem *problem)
{
        return config_section_read(section, agent_fields, ARRAY_SIZE(agent_fields), config,
                                   problem);
}

static int read_key_token(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_key *key = object;

        return config_set_string(&key->token, entry->value);
}

static int read_algorithm(const struct config_entry *entry, void *object, struct problem *expected)
{
        _cleanup_(buf_done) struct buf known = {};
        struct config_key *key = object;

        key->algorithm = algorithm_find(entry->value);
        if (key->algorithm)
                return 0;
        for (size_t i = 0; algorithm_at(i); i++)
                buf_put_format(&known, " %s", algorithm_at(i)->name);
        if (buf_error(&known))
                return buf_error(&known);
        return problem_set(expected, -EBADMSG, "one of%.*s", (int)known.size,
                           (const char *)known.data);
}

static int read_purpose(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_key *key = object;

        return key_purpose_parse(entry->value, &key->purpose);
}

static int read_transparency(const struct config_entry *entry, void *object,
                             struct problem *expected)
{
        const char *rekor = key_transparency_name(TRANSPARENCY_REKOR);
        struct config_key *key = object;

        key->transparency =
                string_equal(entry->value, rekor) ? TRANSPARENCY_REKOR : TRANSPARENCY_NONE;
        return key->transparency != TRANSPARENCY_NONE || string_equal(entry->value, "none")
                       ? 0
                       : -EBADMSG;
}

static int read_use_counter(const struct config_entry *entry, void *object,
                            struct problem *expected)
{
        struct config_key *key = object;

        key->use_counter = string_equal(entry->value, "yes");
        return key->use_counter || string_equal(entry->value, "no") ? 0 : -EBADMSG;
}

static int read_rotate_after(const struct config_entry *entry, void *object,
                             struct problem *expected)
{
        struct config_key *key = object;

        return value_duration(entry->value, CONFIG_ROTATE_LEAST, CONFIG_ROTATE_MOST,
                              &key->rotate_usec);
}

static int read_overlap(const struct config_entry *entry, void *object, struct problem *expected)
{
        struct config_key *key = object;

        return value_duration(entry->value, CONFIG_OVERLAP_LEAST, CONFIG_OVERLAP_MOST,
                              &key->overlap_usec);
}

static int is_trusted(int fd)
{
        struct stat status;

        return fstat(fd, &status) == 0 && (status.st_uid == 0 || status.st_uid == geteuid()) &&
               (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* The key is taken in here and now: what the file holds later is the business of later keys. */
static int read_witness(const struct config_entry *entry, void *object, struct problem *expected)
{
        _cleanup_(pubkey_freep) struct pubkey *pubkey = NULL;
        _cleanup_(buf_done) struct buf text = BUF_INIT(CONFIG_SIZE_MAX);
        _cleanup_(fd_closep) int fd = -1;
        struct config_key *key = object;
        struct problem reason = {};
        int r;

        if (!value_is_path(entry->value))
                return -EBADMSG;
        r = file_open(AT_FDCWD, entry->value, &fd, &reason);
        if (r == 0 && !is_trusted(fd))
                r = problem_set(&reason, -EBADMSG, "others than root and the agent can write it");
        if (r == 0)
                r = file_read_fd(fd, entry->value, &text, &reason);
        if (r == 0)
                r = pubkey_from_pem(buf_view(&text), &pubkey);
        if (r == 0)
                r = gate_set_witness(&key->gate, pubkey_spki(pubkey));
        if (r == 0 || r == -ENOMEM)
                return r;
        return problem_set(expected, -EBADMSG, "the path of a PEM public key, ECDSA on P-256 (%s)",
                           reason.text[0] ? reason.text : "that file holds none");
}

static const struct config_field key_fields[] = {
        {"Token", 1, "the name of a [Token]", read_key_token},
        {"Algorithm", 1, "an algorithm such as ecdsa-p256", read_algorithm},
        {"Overlap", 0, "a duration from 1s to 366d, such as 7d", read_overlap},
        {"Purpose", 1, "one of model dataset provenance general log", read_purpose},
        {"RotateAfter", 0, "a duration from 1s to 3660d, such as 90d", read_rotate_after},
        {"Transparency", 0, "one of none rekor", read_transparency},
        {"UseCounter", 0, "one of no yes", read_use_counter},
        {"Witness", 0, "the absolute path of a PEM public key, ECDSA on P-256", read_witness},
};

int config_read_key(const struct config_section *section, struct config_key *key,
                    struct problem *problem)
{
        key->name = strdup(section->name);
        key->place = config_section_place(section);
        if (!key->name || !key->place)
                return -ENOMEM;
        return config_section_read(section, key_fields, ARRAY_SIZE(key_fields), key, problem);
}
