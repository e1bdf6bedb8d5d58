/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The verbs of the command: one descriptor each, from which parsing, help, completion and the check
 * of the manual page are made.
 */

#include "lib/problem.h"

#define VERB_OPTIONS_MAX 20

/* The exit status. */
enum answer {
        ANSWER_YES = 0,     /* yes, or done */
        ANSWER_NO = 1,      /* does not verify, refused */
        ANSWER_UNKNOWN = 2, /* could not find out or do: usage, I/O, agent down */
};

struct option {
        const char *name;   /* long name without its hyphens; NULL ends a table */
        const char *letter; /* one; or NULL */
        const char *value;  /* what to write for the value; NULL: takes none */
        const char *help;
        int repeats;
        const char *const *words; /* the values there are, ended by NULL; or NULL */
};

struct option_given {
        const struct option *option;
        const char *value; /* "" for an option that takes none */
};

/* What a command line says. The strings are those of argv. */
struct invocation {
        const struct verb *verb; /* NULL: none */
        const char *socket;
        const char *admin_socket;
        int json;
        int help;
        int version;
        struct option_given *given;
        size_t given_count;
        const char **operands;
        size_t operand_count;
};

struct verb {
        const char *group; /* first word of two; NULL: one word is enough */
        const char *name;
        const char *operands; /* as in the usage line; "" when there are none */
        const char *help;     /* one line */
        size_t operands_min, operands_max;
        struct option options[VERB_OPTIONS_MAX + 1];
        /* Prints what it found; on any other answer than yes notes why in @problem. */
        enum answer (*run)(const struct invocation *invocation, struct problem *problem);
};

/* All verbs in the order of the help, ended by NULL. */
extern const struct verb *const verbs[];

/* Accepted before and after the verb; ended by an option without name. */
extern const struct option global_options[];

extern const struct verb verb_attest;
extern const struct verb verb_chain_init;
extern const struct verb verb_chain_link;
extern const struct verb verb_chain_sign;
extern const struct verb verb_approve;
extern const struct verb verb_freeze;
extern const struct verb verb_grant_explain;
extern const struct verb verb_help;
extern const struct verb verb_journal_export;
extern const struct verb verb_journal_prove;
extern const struct verb verb_journal_show;
extern const struct verb verb_journal_trusted_root;
extern const struct verb verb_journal_log_keys;
extern const struct verb verb_journal_verify;
extern const struct verb verb_journal_verify_consistency;
extern const struct verb verb_key_attest;
extern const struct verb verb_key_certify;
extern const struct verb verb_key_challenge;
extern const struct verb verb_key_create;
extern const struct verb verb_key_destroy;
extern const struct verb verb_key_export;
extern const struct verb verb_key_list;
extern const struct verb verb_key_retire;
extern const struct verb verb_key_revoke;
extern const struct verb verb_key_import_public;
extern const struct verb verb_key_rotate;
extern const struct verb verb_key_show;
extern const struct verb verb_journal_acknowledge_rollback;
extern const struct verb verb_keyring_diff;
extern const struct verb verb_keyring_export;
extern const struct verb verb_keyring_merge;
extern const struct verb verb_keyring_verify;
extern const struct verb verb_key_verify_attestation;
extern const struct verb verb_reload;
extern const struct verb verb_run;
extern const struct verb verb_sign;
extern const struct verb verb_status;
extern const struct verb verb_thaw;
extern const struct verb verb_token_list;
extern const struct verb verb_token_unlock;
extern const struct verb verb_verify;
extern const struct verb verb_verify_chain;

/* ANSWER_YES for 0; for an errno ANSWER_UNKNOWN, with its text unless more was said. */
static inline enum answer answer_of(int r, struct problem *problem)
{
        if (r < 0)
                (void)problem_set(problem, r, "%s", problem_text(problem, r));
        return r < 0 ? ANSWER_UNKNOWN : ANSWER_YES;
}

/* "key create": the words of a verb, for messages. */
#define VERB_NAME_SIZE 40
char *verb_name(const struct verb *verb, char ret[VERB_NAME_SIZE]);

/* The verb of that group (NULL for none) and name, or NULL. */
const struct verb *verb_find(const char *group, const char *name);

int verb_is_group(const char *word);

/* Whether the verb is of that group; NULL stands for none. */
int verb_is_of(const struct verb *verb, const char *group);
