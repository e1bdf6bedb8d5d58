/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a TPM was asked since it last attested its audit digest, and the digest that follows from
 * it (lib/command-audit.h).
 *
 * Commands are entered in the order of their answers, which is the TPM's, since one process asks
 * one TPM one thing at a time. A signature is entered when it is made, and finds its record later;
 * an interval is ready to be recorded when each of its signatures has, or never will.
 */

#include <jansson.h>

#include "lib/command-audit.h"
#include "lib/problem.h"
#include "lib/reader.h"

/* From when on an interval is to be ended: its record has room for what is on its way. */
#define AUDIT_LEDGER_SIZE_MAX  ((size_t)40000)
#define AUDIT_LEDGER_COUNT_MAX ((size_t)2000)
#define AUDIT_LEDGER_NAMES_MAX ((size_t)16)

/* From when on nothing more may be signed before it has ended: what is on its way then, of at most
 * WORKER_IN_FLIGHT_MAX signatures, still fits into the record. */
#define AUDIT_LEDGER_SIZE_LIMIT  ((size_t)48000)
#define AUDIT_LEDGER_COUNT_LIMIT ((size_t)2200)
#define AUDIT_LEDGER_NAMES_LIMIT ((size_t)24)

/* An interval that an attestation has ended. */
struct audit_interval {
        struct audit_interval *next;
        uint32_t number;
        size_t unresolved; /* signatures that may still find their record */
        size_t size;       /* of the commands as text, about */
        json_t *commands;  /* as in the record */
        json_t *names;     /* fingerprint to Name, of the keys that signed */
        /* Once it has ended: */
        struct buf response; /* all response parameters */
        uint64_t tree_size;  /* whose root is the qualifying data */
        int broken;
        int foreign; /* the agent knows of no reason of its own */
        struct problem reason;
};

struct audit_signature {
        const char *fingerprint;
        const struct algorithm *algorithm;
        struct view name, message, signature, response;
        uint64_t checkpoint; /* size of the tree that it is for; 0: for none */
};

struct audit_ledger {
        int known; /* the digest is all there is: nothing was missed since the last attestation */
        struct problem doubt;  /* why not */
        int foreign;           /* and that it was somebody else */
        struct problem excuse; /* what may be missing, if something is */
        struct sha256 digest;
        struct audit_interval *current;            /* NULL without memory, for a while */
        struct audit_interval *ended, **ended_end; /* oldest first */
        uint32_t count;
};

int audit_ledger_init(struct audit_ledger *ledger) _must_use_;
void audit_ledger_done(struct audit_ledger *ledger);

/* Enters a signature. Returns what names it to the next two functions; 0 when they need not be
 * called: a checkpoint's. */
uint64_t audit_ledger_add_signature(struct audit_ledger *ledger,
                                    const struct audit_signature *signature);

/* The signature is in the record of that index; it is in none, and stands for itself. */
void audit_ledger_resolve(struct audit_ledger *ledger, uint64_t entry, uint64_t index);
void audit_ledger_give_up(struct audit_ledger *ledger, uint64_t entry);

/* Nobody was given it, and the `intent` of that index says so. */
void audit_ledger_withhold(struct audit_ledger *ledger, uint64_t entry, uint64_t index);

/* Compares with what the TPM says. -EBADMSG: it says nonsense; -ENODATA: something else, which is
 * no wonder, for the ledger is in doubt or excused, or the TPM was reset; -EKEYREJECTED: something
 * else, so somebody else has used it. */
int audit_ledger_compare(const struct audit_ledger *ledger, struct view response,
                         struct problem *problem) _must_use_;

/* Enters a look. */
void audit_ledger_add_look(struct audit_ledger *ledger, struct view response);

/* The digest is not to be relied on any more, until the next attestation. The first reason stays.
 */
void audit_ledger_doubt(struct audit_ledger *ledger, const char *reason);

/* The same, because audit_ledger_compare() said -EKEYREJECTED for that reason. */
void audit_ledger_contradict(struct audit_ledger *ledger, const char *reason);

/* Something may have been missed, up to the next attestation; if the digest is another one then,
 * that is the reason. */
void audit_ledger_excuse(struct audit_ledger *ledger, const char *reason);

struct audit_attestation {
        struct view name; /* of the attestation key */
        struct view qualifying, response;
        uint64_t tree_size;
};

/* Ends the interval, as complete if the TPM says the same, and begins the next one with the
 * attestation. -ENOMEM. */
int audit_ledger_end(struct audit_ledger *ledger,
                     const struct audit_attestation *attestation) _must_use_;

/* Whether it has come so far that it is to be ended. */
int audit_interval_is_full(const struct audit_interval *interval);

/* Whether nothing more may be signed before it has ended. */
int audit_interval_is_overdue(const struct audit_interval *interval) _must_use_;

/* The oldest interval that is ready, to be freed by the caller; or NULL. */
struct audit_interval *audit_ledger_take(struct audit_ledger *ledger);
struct audit_interval *audit_interval_free(struct audit_interval *interval);
DEFINE_CLEANUP(struct audit_interval *, audit_interval_free)

/* The open interval as text, and back: for an agent that stops and starts again. -ENODATA: there is
 * none that is known; -EBADMSG: not such a text. */
int audit_ledger_put(const struct audit_ledger *ledger, struct buf *buf) _must_use_;
int audit_ledger_read(struct audit_ledger *ledger, struct view text) _must_use_;
