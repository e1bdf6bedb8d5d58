/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One signature by the agent: asked for, and believed only when it is a good one of what was asked
 * for, by the key that the agent names.
 */

#include "cli/verb.h"
#include "lib/keyring.h"
#include "lib/tlog-entry.h"
#include "lib/varlink.h"

struct signing {
        struct keyring_key key;
        uint32_t version;      /* that is wanted; 0: the active one */
        struct view digest;    /* borrowed */
        struct view message;   /* likewise; where the algorithm signs that, of that digest */
        struct view statement; /* borrowed: what the digest is that of an envelope of; or empty */
        json_t *claims;        /* owned; or NULL */
        struct buf authorization; /* base64; empty: none */
        int wants_entry;          /* for the bundle of a transparent key */
        int wants_proof;
        struct varlink_reply reply;
        struct buf value; /* the signature */
        struct tlog_entry entry;
};

/* Asks for the active version of the key, or the one that is wanted. */
enum answer signing_open(const struct invocation *invocation, const char *key, struct signing *ret,
                         struct problem *problem);
void signing_done(struct signing *signing);

/* Has the digest signed, and verifies all that came back, the entry and the proof too. */
enum answer signing_run(const struct invocation *invocation, struct signing *signing,
                        struct problem *problem);

/* Verifies what came back in signing->reply. */
enum answer signing_check(const struct invocation *invocation, struct signing *signing,
                          struct problem *problem);
