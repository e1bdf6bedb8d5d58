/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One signature on its way, as agent/sign.c leads it and agent/sign-text.c tells of it.
 */

#include "agent/agent.h"
#include "agent/attestation.h"

struct signing {
        struct agent *agent;
        struct call *call;
        struct key *key;
        struct operation operation;
        struct attestation *attestation; /* what is signed is a statement; or NULL */
        struct buf caller;               /* canonical JSON, as it goes into the record */
        const json_t *claims;            /* of the call, which lives longer; NULL: none */
        char request[CALL_REQUEST_SIZE];
        struct grant_decision decision;
        struct buf signature, authorization;
        struct buf message;          /* that is signed, where the algorithm signs that */
        char time[RECORD_TIME_SIZE]; /* of the last record put */
        int wants_proof;
        int recorded;   /* the signature is */
        uint64_t index; /* of the record */
        struct sealer_waiter waiter;
        int asked; /* an intent says so: the TPM counts what comes of it */
        int error; /* what is answered once an intent is recorded */
        struct problem problem;
};

/* Signs the statement, which is taken over, with a key that may sign it; else @call has been
 * answered. Its parameters may have claims, an authorization and proof. */
void agent_sign_attestation(struct agent *agent, struct call *call, struct key *key,
                            const struct grant_decision *decision, struct attestation *attestation);

/* Append the canonical text of a record that begins now, and set @time. hallmark-journal(5) has
 * their members. */
void signing_put_record(struct signing *signing, struct buf *ret);
void signing_put_intent(struct signing *signing, const char *outcome, const char *reason,
                        struct buf *ret);

/* Appends the reply's parameters. Empty proofs are left out. */
void signing_put_reply(const struct signing *signing, struct view proof, struct view entry_proof,
                       struct buf *ret);
