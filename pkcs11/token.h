/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One token behind one PKCS#11 module, and one session on it for the life of the process.
 *
 * libp11 loads the module and lists slots and tokens. The session, the login and everything on keys
 * is done with the module's own functions: libp11 hangs when a session cannot be opened, hands out
 * stale sessions again, and cannot make EC keys. Login belongs to the application and ends with its
 * last session, so ours stays open; when it is lost, the process is to be started again.
 */

#include "lib/frame.h"
#include "lib/secret.h"

#include <libp11.h>
#include <p11-kit/pkcs11.h>

struct key;

struct token {
        PKCS11_CTX *context;
        PKCS11_SLOT *slots;
        unsigned slot_count;
        PKCS11_SLOT *slot; /* one of @slots: the token's */
        void *library;     /* of dlopen() */
        CK_FUNCTION_LIST *module;
        CK_SESSION_HANDLE session;
        int has_session;
        struct secret pin; /* for keys that want it before every signature */
        int refused;       /* the token has said no to it: it is not given again */
        int pin_fd;        /* lib/pin-turn.h */
        struct key **keys; /* by slot number of the driver's protocol */
        size_t key_count;
};

/* Loads the module and finds the one token with that label and serial number, either of which may
 * be NULL. -ENODEV: no module, no such token, more than one. */
int token_find(struct token *token, const char *module, const char *label, const char *serial,
               struct problem *problem) _must_use_;

/* Opens the session and logs in with token->pin: one attempt, and none when the token says that it
 * is the last one, unless @final_try. -EACCES: wrong PIN; -EBUSY: the token says that the PIN is
 * locked. */
int token_log_in(struct token *token, int final_try, struct problem *problem) _must_use_;

/* Whether the PIN may be given for one operation: as token_log_in(), and never again once it was
 * refused. -EACCES, -EBUSY, or what keeps the token from saying so. */
int token_check_pin(struct token *token, int final_try, struct problem *problem) _must_use_;

/* Gives it for the operation that was begun, when no other process of the token does, and unless it
 * was refused to one. Errors as token_check_pin(). */
int token_give_pin(struct token *token, struct problem *problem) _must_use_;

/* 0: the session is there, logged in. -ENODEV, -EIO. */
int token_check_session(struct token *token, struct problem *problem) _must_use_;

/* What the token says of itself now, with "pin" as ok, count-low, final-try or locked. */
int token_facts(struct token *token, struct facts *facts, struct problem *problem) _must_use_;

/* Lets go of everything but the keys; half-built is fine. */
void token_done(struct token *token);

/* The errno value of a return value that is not CKR_OK, as enum frame_status lists them; @what was
 * tried goes into the reason. */
int token_error(CK_RV rv, const char *what, struct problem *problem);
