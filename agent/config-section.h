/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What sections mean: tables of the keys of each kind, and how each becomes a field.
 *
 * Each function fills a zeroed struct, to be freed by its owner in any case. -EBADMSG with file,
 * line, section and key; -ENOMEM.
 */

#include "agent/config-file.h"
#include "agent/config.h"

#define CONFIG_ORIGIN_EXPECTED                                                                     \
        "a name of at most 255 bytes without blanks and \"+\", such as hallmark.example.org/host42"

struct config_field {
        const char *key;
        int required;
        const char *expected; /* for messages: what the value should have been */
        /* 0, -EBADMSG or -ENOMEM. May note in @expected something better than the above. */
        int (*read)(const struct config_entry *entry, void *object, struct problem *expected);
};

/* Each key of the section is in the table and can be read; none that is required is missing. */
int config_section_read(const struct config_section *section, const struct config_field *fields,
                        size_t count, void *object, struct problem *problem) _must_use_;

/* A later [Agent] replaces single keys. */
int config_read_agent(const struct config_section *section, struct config *config,
                      struct problem *problem) _must_use_;
int config_read_token(const struct config_section *section, struct config_token *token,
                      struct problem *problem) _must_use_;
int config_read_key(const struct config_section *section, struct config_key *key,
                    struct problem *problem) _must_use_;
int config_read_grant(const struct config_section *section, struct config_grant *grant,
                      struct problem *problem) _must_use_;
void config_grant_done(struct config_grant *grant);

/* "none", or "opa:unix:SOCKET:PATH" into a zeroed struct. -EBADMSG, -ENOMEM. */
#define CONFIG_DECISION_EXPECTED                                                                   \
        "none, or opa:unix:SOCKET:/v1/data/RULE, such as "                                         \
        "opa:unix:/run/opa.sock:/v1/data/hallmark/allow"
#define CONFIG_DECISION_TIME_EXPECTED "a time from 10ms to 10s, such as 1s"
int config_read_decision(const char *value, struct config_decision *ret) _must_use_;
int config_read_decision_timeout(const char *value, uint64_t *ret) _must_use_;
void config_decision_done(struct config_decision *decision);

/* What a grant does not say is as in [Agent]. -ENOMEM. */
int config_inherit_decision(const struct config_decision *from,
                            struct config_decision *decision) _must_use_;

/* Adds to the warnings what a grant allows that may be more than was meant. -ENOMEM. */
int config_warn_grant(struct config *config, const struct config_grant *grant) _must_use_;
int config_read_builder(const struct config_section *section, struct config_builder *builder,
                        struct problem *problem) _must_use_;
void config_builder_done(struct config_builder *builder);

/* Whether the newest builder goes together with what is there; and, at last, all of them. */
int config_check_builder(const struct config *config, const struct config_section *section,
                         const struct config_builder *builder, struct problem *problem) _must_use_;
int config_check_lesser(const struct config *config, struct problem *problem) _must_use_;
int config_read_witness(const struct config_section *section, struct config_witness *witness,
                        struct problem *problem) _must_use_;

/* Replaces a string that is owned. -ENOMEM. */
int config_set_string(char **string, const char *value) _must_use_;

/* "FILE:LINE" of the section; NULL without memory. */
char *config_section_place(const struct config_section *section) _must_use_;
