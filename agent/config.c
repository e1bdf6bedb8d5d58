/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config.h"
#include "agent/config-build.h"
#include "agent/config-section.h"
#include "agent/config-value.h"

#include <errno.h>

static void token_done(struct config_token *token)
{
        free(token->name);
        free(token->driver);
        free(token->place);
        facts_done(&token->settings);
}

static void key_done(struct config_key *key)
{
        free(key->name);
        free(key->token);
        free(key->place);
        gate_done(&key->gate);
}

static void witness_done(struct config_witness *witness)
{
        free(witness->name);
        free(witness->url);
        free(witness->place);
        vkey_done(&witness->key);
}

struct config *config_free(struct config *config)
{
        if (!config)
                return NULL;
        for (size_t i = 0; i < config->token_count; i++)
                token_done(&config->tokens[i]);
        for (size_t i = 0; i < config->key_count; i++)
                key_done(&config->keys[i]);
        for (size_t i = 0; i < config->grant_count; i++)
                config_grant_done(&config->grants[i]);
        for (size_t i = 0; i < config->witness_count; i++)
                witness_done(&config->witnesses[i]);
        for (size_t i = 0; i < config->builder_count; i++)
                config_builder_done(&config->builders[i]);
        free(config->builders);
        free(config->witnesses);
        free(config->tokens);
        free(config->keys);
        free(config->grants);
        free(config->origin);
        free(config->anchor);
        free(config->state_directory);
        free(config->sign_socket);
        free(config->admin_socket);
        config_decision_done(&config->decision);
        words_done(&config->two_person);
        free(config->two_person_text);
        words_done(&config->warnings);
        free(config->untrusted);
        free(config);
        return NULL;
}

const struct config_token *config_find_token(const struct config *config, const char *name)
{
        for (size_t i = 0; i < config->token_count; i++)
                if (string_equal(config->tokens[i].name, name))
                        return &config->tokens[i];
        return NULL;
}

const struct config_key *config_find_key(const struct config *config, const char *name)
{
        for (size_t i = 0; i < config->key_count; i++)
                if (string_equal(config->keys[i].name, name))
                        return &config->keys[i];
        return NULL;
}

int config_has_decisions(const struct config *config)
{
        for (size_t i = 0; i < config->grant_count; i++)
                if (config->grants[i].decision.path)
                        return 1;
        return 0;
}

int config_token_equal(const struct config_token *a, const struct config_token *b)
{
        if (!string_equal(a->name, b->name) || !string_equal(a->driver, b->driver) ||
            a->workers != b->workers || a->timeout_usec != b->timeout_usec ||
            a->audit_usec != b->audit_usec || a->settings.count != b->settings.count)
                return 0;
        for (size_t i = 0; i < a->settings.count; i++) {
                const char *other = facts_get(&b->settings, a->settings.pair[i].name);

                if (!other || !string_equal(other, a->settings.pair[i].value))
                        return 0;
        }
        return 1;
}

static int set_defaults(struct config *config)
{
        int r;

        config->checkpoint_usec = CONFIG_CHECKPOINT_DEFAULT;
        config->count_usec = CONFIG_COUNT_DEFAULT;
        config->anchor_usec = CONFIG_ANCHOR_DEFAULT;
        config->window_usec = CONFIG_WINDOW_DEFAULT;
        r = config_set_string(&config->state_directory, "/var/lib/hallmark");
        if (r == 0)
                r = config_set_string(&config->sign_socket, "/run/hallmark/sign.sock");
        if (r == 0)
                r = config_set_string(&config->admin_socket, "/run/hallmark/admin.sock");
        return r;
}

static int add_agent(struct config *config, const struct config_section *section,
                     struct problem *problem)
{
        return config_read_agent(section, config, problem);
}

static int add_token(struct config *config, const struct config_section *section,
                     struct problem *problem)
{
        struct config_token *token =
                config_array_add(&config->tokens, &config->token_count, sizeof(*token));

        return token ? config_read_token(section, token, problem) : -ENOMEM;
}

/* There is one log key, and perhaps a second one with Ed25519; notes can carry signatures of both,
 * and no record is about one. */
static int check_log_key(const struct config *config, const struct config_section *section,
                         const struct config_key *key, struct problem *problem)
{
        for (const struct config_key *other = config->keys; other < key; other++)
                if (other->purpose == KEY_LOG && algorithm_signs_messages(other->algorithm) ==
                                                         algorithm_signs_messages(key->algorithm)) {
                        struct problem expected = {};

                        (void)problem_set(&expected, 0, "one log key%s, which is \"%s\" at %s",
                                          algorithm_signs_messages(key->algorithm) ? " with ed25519"
                                                                                   : "",
                                          other->name, other->place);
                        return config_section_refuse(section, "Purpose",
                                                     config_section_entry(section, "Purpose"),
                                                     expected.text, problem);
                }
        if (!string_equal(key->algorithm->name, "ecdsa-p256") &&
            !algorithm_signs_messages(key->algorithm))
                return config_section_refuse(
                        section, "Algorithm", config_section_entry(section, "Algorithm"),
                        "ecdsa-p256 for the log key, ed25519 for a second one", problem);
        if (key->transparency != TRANSPARENCY_NONE)
                return config_section_refuse(section, "Transparency",
                                             config_section_entry(section, "Transparency"),
                                             "none for the log key", problem);
        if (key->overlap_usec > 0)
                return config_section_refuse(section, "Overlap",
                                             config_section_entry(section, "Overlap"),
                                             "no such entry for the log key, which stays", problem);
        if (key->rotate_usec > 0)
                return config_section_refuse(section, "RotateAfter",
                                             config_section_entry(section, "RotateAfter"),
                                             "no such entry for the log key, which stays", problem);
        return 0;
}

/* Only a TPM has policies; and the log key signs at any time, asking nobody. */
static int check_gate(const struct config *config, const struct config_section *section,
                      const struct config_key *key, struct problem *problem)
{
        const struct config_token *token = config_find_token(config, key->token);
        const char *field = key->use_counter ? "UseCounter" : "Witness";

        if (!key->use_counter && !key->gate.witness)
                return 0;
        if (key->purpose == KEY_LOG)
                return config_section_refuse(section, field, config_section_entry(section, field),
                                             "neither UseCounter= nor Witness= for the log key",
                                             problem);
        if (string_equal(token->driver, "pkcs11"))
                return config_section_refuse(section, field, config_section_entry(section, field),
                                             "a token with Driver=tpm: PKCS#11 has nothing that "
                                             "counts uses or asks a witness",
                                             problem);
        return 0;
}

static int add_key(struct config *config, const struct config_section *section,
                   struct problem *problem)
{
        struct config_key *key = config_array_add(&config->keys, &config->key_count, sizeof(*key));
        int r;

        if (!key)
                return -ENOMEM;
        r = config_read_key(section, key, problem);
        if (r < 0)
                return r;
        if (!config_find_token(config, key->token))
                return config_section_refuse(section, "Token",
                                             config_section_entry(section, "Token"),
                                             "the name of a [Token]", problem);
        r = check_gate(config, section, key, problem);
        if (r < 0)
                return r;
        if (key->transparency == TRANSPARENCY_REKOR && algorithm_signs_messages(key->algorithm))
                return config_section_refuse(
                        section, "Transparency", config_section_entry(section, "Transparency"),
                        "none: Sigstore's log has no entries of messages", problem);
        return key->purpose == KEY_LOG ? check_log_key(config, section, key, problem) : 0;
}

static int add_grant(struct config *config, const struct config_section *section,
                     struct problem *problem)
{
        struct config_grant *grant =
                config_array_add(&config->grants, &config->grant_count, sizeof(*grant));

        int r = grant ? config_read_grant(section, grant, problem) : -ENOMEM;

        if (r == 0)
                r = config_inherit_decision(&config->decision, &grant->decision);
        return r < 0 ? r : config_warn_grant(config, grant);
}

/* A witness who counted twice would make a quorum of fewer. */
static int add_witness(struct config *config, const struct config_section *section,
                       struct problem *problem)
{
        struct config_witness *witness;
        int r;

        if (config->witness_count == CONFIG_WITNESSES_MAX)
                return problem_set(problem, -EBADMSG,
                                   "%s:%u: expected at most %d sections [Witness NAME], found more",
                                   section->file, section->line, CONFIG_WITNESSES_MAX);
        witness = config_array_add(&config->witnesses, &config->witness_count, sizeof(*witness));
        if (!witness)
                return -ENOMEM;
        r = config_read_witness(section, witness, problem);
        if (r < 0)
                return r;
        for (const struct config_witness *other = config->witnesses; other < witness; other++)
                if (vkey_same_key(&other->key, &witness->key)) {
                        struct problem expected = {};

                        (void)problem_set(&expected, 0, "another key than that of \"%s\" at %s",
                                          other->name, other->place);
                        return config_section_refuse(section, "Key",
                                                     config_section_entry(section, "Key"),
                                                     expected.text, problem);
                }
        return 0;
}

static int add_builder(struct config *config, const struct config_section *section,
                       struct problem *problem)
{
        struct config_builder *builder =
                config_array_add(&config->builders, &config->builder_count, sizeof(*builder));
        int r = builder ? config_read_builder(section, builder, problem) : -ENOMEM;

        return r < 0 ? r : config_check_builder(config, section, builder, problem);
}

/* In the order in which they need each other. */
static const struct {
        const char *kind;
        int named;
        int (*add)(struct config *config, const struct config_section *section,
                   struct problem *problem);
} kinds[] = {
        {"Agent", 0, add_agent}, {"Token", 1, add_token},     {"Key", 1, add_key},
        {"Grant", 1, add_grant}, {"Witness", 1, add_witness}, {"Builder", 1, add_builder},
};

static int check_section_name(const struct config_section *section, struct problem *problem)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                if (!string_equal(section->kind, kinds[i].kind) ||
                    (section->name != NULL) != kinds[i].named)
                        continue;
                if (!section->name || key_name_is_valid(section->name))
                        return 0;
                return problem_set(
                        problem, -EBADMSG,
                        "%.200s:%u: [%.20s %.80s]: expected a name of 1 to %d characters a-z A-Z "
                        "0-9 . _ - that begins with a letter or digit, found \"%s\"",
                        section->file, section->line, section->kind, section->name, KEY_NAME_MAX,
                        section->name);
        }
        return problem_set(problem, -EBADMSG,
                           "%s:%u: expected [Agent], [Token NAME], [Key NAME], [Grant NAME], "
                           "[Witness NAME] or [Builder NAME], found \"[%s%s%s]\"",
                           section->file, section->line, section->kind, section->name ? " " : "",
                           section->name ? section->name : "");
}

static int add_sections(struct config *config, const struct config_file *file, size_t kind,
                        struct problem *problem)
{
        size_t count = 0;
        int r;

        for (size_t i = 0; i < file->count; i++) {
                const struct config_section *section = &file->sections[i];

                if (!string_equal(section->kind, kinds[kind].kind))
                        continue;
                if (++count > CONFIG_SECTIONS_MAX)
                        return problem_set(
                                problem, -EBADMSG,
                                "%s:%u: expected at most %d sections [%s NAME], found more",
                                section->file, section->line, CONFIG_SECTIONS_MAX, section->kind);
                r = kinds[kind].add(config, section, problem);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The token that anchors the journal is there, and of a kind that counts. */
static int check_anchor(const struct config *config, const struct config_file *file,
                        struct problem *problem)
{
        const struct config_token *token =
                config->anchor ? config_find_token(config, config->anchor) : NULL;
        const char *expected =
                token ? "a token with Driver=tpm: PKCS#11 has no counter that nobody "
                        "can set back"
                      : "the name of a [Token]";

        if (!config->anchor || (token && !string_equal(token->driver, "pkcs11")))
                return 0;
        for (size_t i = file->count; i-- > 0;) {
                const struct config_section *section = &file->sections[i];
                const struct config_entry *entry = string_equal(section->kind, "Agent")
                                                           ? config_section_entry(section, "Anchor")
                                                           : NULL;

                if (entry)
                        return config_section_refuse(section, "Anchor", entry, expected, problem);
        }
        return -EBADMSG;
}

/* What no single section can be blamed for. */
static int check_whole(struct config *config, const char *name, const struct config_file *file,
                       struct problem *problem)
{
        int r;

        for (size_t i = 0; i < config->key_count; i++)
                if (config->keys[i].purpose != KEY_LOG)
                        continue;
                else if (algorithm_signs_messages(config->keys[i].algorithm))
                        config->second_log_key = &config->keys[i];
                else
                        config->log_key = &config->keys[i];
        for (size_t i = 0; i < file->count && !config->origin; i++)
                if (string_equal(file->sections[i].kind, "Agent"))
                        return config_section_refuse(&file->sections[i], "Origin", NULL,
                                                     CONFIG_ORIGIN_EXPECTED, problem);
        if (!config->origin)
                return problem_set(problem, -EBADMSG, "%s: expected a section [Agent], found none",
                                   name);
        if (string_equal(config->sign_socket, config->admin_socket))
                return problem_set(problem, -EBADMSG,
                                   "%s: [Agent] SignSocket=, AdminSocket=: expected two paths, "
                                   "found \"%s\" twice",
                                   name, config->sign_socket);
        r = check_anchor(config, file, problem);
        if (r < 0)
                return r;
        if (!config->log_key)
                return problem_set(problem, -EBADMSG,
                                   "%s: expected one [Key NAME] with Purpose=log%s, found none",
                                   name, config->second_log_key ? " and Algorithm=ecdsa-p256" : "");
        return config_check_lesser(config, problem);
}

int config_build(const char *name, const struct config_file *file, struct view digests,
                 struct config **ret, struct problem *problem)
{
        _cleanup_(config_freep) struct config *config = calloc(1, sizeof(*config));
        int r;

        if (!config)
                return -ENOMEM;
        config->digest = sha256_of(digests);
        r = set_defaults(config);
        for (size_t i = 0; r == 0 && i < file->count; i++)
                r = check_section_name(&file->sections[i], problem);
        for (size_t kind = 0; r == 0 && kind < ARRAY_SIZE(kinds); kind++)
                r = add_sections(config, file, kind, problem);
        if (r == 0)
                r = check_whole(config, name, file, problem);
        if (r == 0)
                *ret = TAKE_PTR(config);
        return r;
}
