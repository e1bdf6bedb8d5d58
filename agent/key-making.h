/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A key on its way: generate, write as pending, record, commit, reply. key-make.c does these steps
 * for whoever wants a key: key-create.c for operators, key-log.c for the agent itself. A key that
 * is imported has all but the first. Private to agent/key-*.c.
 */

#include "agent/creation.h"
#include "agent/key-request.h"

#define LABEL_SIZE (KEY_NAME_MAX + 64)

struct making {
        struct agent *agent;
        struct call *call; /* NULL: the agent itself makes the log key */
        struct operation operation;
        char name[KEY_NAME_MAX + 1], token[KEY_NAME_MAX + 1];
        const struct algorithm *algorithm;
        struct keyring_key info; /* until it is handed to the key store */
        struct key *key;         /* pending, from then on */
        json_t *caller;
        struct grant_decision decision;
        char request[CALL_REQUEST_SIZE];
        char label[LABEL_SIZE];
        int use_counter;       /* is wanted */
        struct facts options;  /* for the token */
        struct sha256 outside; /* for the token to note of what it makes */
        struct key_creation creation;
        struct token_key made; /* in the token: to be undone if it does not come to be a key */
        char *handle;
        char id[KEY_ID_SIZE];

        /* key-rotate.c: */
        int rotates;
        struct key *previous;           /* active until then; NULL: none is */
        uint64_t overlap_usec;          /* and for so long after it; 0: not */
        char overlap[RECORD_TIME_SIZE]; /* until then; empty: not */
        struct buf previous_signature, own_signature;
        struct buf statement; /* that both sign */
        int asked;            /* an intent says that the old one is about to */
        const char *failed;   /* the error that is answered; NULL: @error of the token @failing */
        int error;
        const char *failing;
        struct problem failure;
        struct audited {
                struct audit *audit; /* of the token that signed; NULL: none, or settled */
                uint64_t entry;
        } audited[2]; /* by the old version, by the new one */
        struct making *next;
};

/* Version 1 of that name, to be made in that token. NULL without memory. */
struct making *making_new(struct agent *agent, const char *name, const char *token);

/* Forgets it; the call has been answered. */
void making_free(struct making *making);

/* Has the token make the key; everything else follows, up to making_free(). */
void making_begin(struct making *making, struct token *token);

/* Takes what the token answered to FRAME_GENERATE: the public key and its gate into @making->info.
 * -EIO: malformed, of another algorithm, or a key that is there already. key-answer.c. */
int making_read_answer(struct making *making, struct view answer, struct view *ret_handle,
                       struct problem *problem) _must_use_;

/* Notes what the key is made for, which the token is told by its hash. -ENOMEM. key-answer.c. */
int making_note_purpose(struct making *making) _must_use_;

/* Appends what is to be kept of how the key was made: nothing, if the token says nothing of it.
 * -ENOMEM. key-answer.c. */
int making_put_creation(const struct making *making, struct buf *ret) _must_use_;

/* The key, pending or not, with that public key; or NULL. A token that "makes" a key that is there
 * already, or an operator who brings one, would have it there under two names. key-answer.c. */
const struct key *making_find_same_key(const struct keystore *store, const struct pubkey *pubkey);

/* The call fails, and what has been made goes again. */
void making_fail(struct making *making, const char *error, const char *reason);
void making_fail_token(struct making *making, const char *token, int error,
                       const struct problem *problem);
void making_fail_journal(struct making *making, int error);

/* The record of a key that has been made: `key.create` or `key.rotate`. NULL without memory. */
json_t *making_record(struct making *making, const char *type);

/* The key exists: its token is told, and so is who asked for it. Ends with making_free(). */
void making_end(struct making *making);

/* The new version is pending: what is left is to take over. key-rotate.c. */
void making_rotate(struct making *making);

/* Has both versions sign that the new one follows the old one; then comes making_take_over(), or
 * the rotation has failed. key-succession.c, as the next one. */
void making_sign_succession(struct making *making);

/* The rotation fails, after the journal has been told if the old version has signed. */
void making_withhold(struct making *making, const char *error, const char *reason);

/* The new version takes over once the old one is at rest. key-rotate.c, as the next one. */
void making_take_over(struct making *making);

/* Whether what the old version (@side 0) or the new one has signed is still to be accounted for,
 * and where. */
int making_find_audit(const struct making *making, size_t side, struct audit **ret);

/* Nobody was told of the new version, and it goes. */
void making_give_up(struct making *making);

/* Whether a key of that name is being made. */
int making_has_name(const struct agent *agent, const char *name);

/* Whether there is one, or will be. */
int making_name_is_taken(const struct agent *agent, const char *name);

/* What the [Key] section of that name says is binding: -EINVAL, with the reason, when token or
 * algorithm is another, or the algorithm does not go with the transparency, which is set.
 * key-create.c, as the next one. */
int making_apply_section(const struct agent *agent, const char *name, const char *token,
                         const char *algorithm, struct keyring_key *ret,
                         struct problem *problem) _must_use_;

/* What the section (or NULL) wants of the token. -ENOMEM. */
int making_want_gate(struct making *making, const struct config_key *section) _must_use_;
