/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A driver process: one hardware channel, one blocking loop, one table of what the hardware can do.
 *
 * The agent starts the driver with a SOCK_SEQPACKET socket as descriptor 3 and sends OPEN first.
 * The loop reads a frame, calls the table, answers, and ends when the agent closes the socket. A
 * driver never retries a refused PIN, never prints a secret, and dies with the agent.
 *
 * Every function of the table returns 0 or one of the errors listed at enum frame_status, with the
 * reason in @problem. After -ENODEV or -EIO the device may be in any state: the agent restarts the
 * process.
 */

#include "lib/algorithm.h"
#include "lib/anchor.h"
#include "lib/evidence.h"
#include "lib/frame.h"
#include "lib/secret.h"

#define DRIVER_SOCKET_FD    3
#define DRIVER_PIN_FD       4               /* lib/pin-turn.h, if OPEN says so */
#define DRIVER_HANDLE_MAX   ((size_t)16384) /* bytes of a key handle */
#define DRIVER_CREATION_MAX ((size_t)1024)
#define DRIVER_LABEL_MAX    ((size_t)255) /* bytes of a key label or token name */

/* A setting of OPEN that each driver knows and no configuration has. "yes": an operator says that
 * the PIN is right now, so that the only try that a token has left may be spent on it. */
#define DRIVER_FINAL_TRY "FinalTry"

/* Likewise. "yes": DRIVER_PIN_FD is shared with the other processes of the token. */
#define DRIVER_PIN_TURN "PinTurn"

/* A key that is wanted. */
struct driver_wish {
        const struct algorithm *algorithm;
        const char *label;
        struct view outside;  /* at most SHA256_SIZE bytes, which what the token attests about the
                                 making of the key has in it; a token that attests none passes over
                                 it */
        struct facts options; /* "UseCounter": "yes"; "Witness": SPKI of its key in base64. Each
                                 that the token cannot do is -EOPNOTSUPP. */
};

/* A key that was made. */
struct driver_pair {
        struct buf handle;   /* whatever load() needs to find it again, as text, without secrets */
        struct buf spki;     /* DER SubjectPublicKeyInfo */
        struct buf creation; /* whatever attest() needs to show how the key was made, at most
                                DRIVER_CREATION_MAX bytes; empty: nothing shows it */
        struct facts facts;  /* "UseCounter": where its counter is, as gate_counter_text();
                                "AttestationKey": SPKI in base64 of the key that attests it;
                                "NoCreation": why nothing shows how the key was made */
};

/* What a token says of the uses of a key, and its word for that: what lib/attest.h reads, and the
 * signature (DER) by the attestation key that came with the key. Empty: there is none. */
struct driver_count {
        uint32_t uses;
        struct buf attest, signature;
};

/* What is to be done with the counter that a journal is anchored with (lib/anchor.h). */
struct driver_anchor_wish {
        enum anchor_step step;
        uint32_t index; /* 0: wherever it is */
        const char *origin;
        struct view qualifying; /* ADVANCE: what is attested along with it */
};

/* What there is of it after that. */
struct driver_anchor {
        enum anchor_kind
                kind;   /* COUNTER, or NEW: it has no value yet, and will begin with this one */
        uint32_t index; /* 0: there is none */
        uint64_t counter;
        struct buf spki;              /* of the attestation key */
        struct buf attest, signature; /* ADVANCE: the TPM's word for it, DER */
};

struct driver {
        const char *name;            /* of the program, as in "hallmark-tpm" */
        const char *const *settings; /* that open() knows, ended by NULL; others are refused */

        /* Connects to the device named by @settings. @ret_facts: "manufacturer", "model", "serial",
         * "firmware", "algorithms" (names separated by spaces) and whatever else the token says of
         * itself. They count after -EACCES and -EBUSY, too. */
        int (*open)(const char *token, const struct facts *settings, void **ret_device,
                    struct facts *ret_facts, struct problem *problem);

        /* Lets go of the device; takes NULL. */
        void (*close)(void *device);

        /* Makes a key pair inside the token. */
        int (*generate)(void *device, const struct driver_wish *wish, struct driver_pair *ret,
                        struct problem *problem);

        /* Makes the key ready to sign and gives it a slot number, valid until close(). */
        int (*load)(void *device, const struct algorithm *algorithm, struct view handle,
                    uint32_t *ret_slot, struct buf *ret_spki, struct problem *problem);

        /* Signs a digest of algorithm->digest_size bytes, or a message where the algorithm signs
         * that: driver_check_signed(). The signature is encoded as enum algorithm_kind says.
         * @authorization is the witness's, and empty for a key without. -EPERM: it is not good. */
        int (*sign)(void *device, uint32_t slot, struct view digest, struct view authorization,
                    struct buf *ret_signature, struct problem *problem);

        /* Removes the private key for good. 0 if it is gone already. */
        int (*destroy)(void *device, const struct algorithm *algorithm, struct view handle,
                       struct problem *problem);

        /* Does one real operation on the device, and tells what it says of itself now: at least
         * what changes. */
        int (*probe)(void *device, struct facts *ret_facts, struct problem *problem);

        /* How often the key was ever used, as the token counts; @qualifying is attested along with
         * it. -EOPNOTSUPP: this key's uses are not counted. NULL: no key's are. */
        int (*count)(void *device, uint32_t slot, struct view qualifying, struct driver_count *ret,
                     struct problem *problem);

        /* The response parameters of TPM2_GetCommandAuditDigest (lib/command-audit.h): with @sign
         * an attestation that ends an interval, else a look. -EOPNOTSUPP: not opened with
         * Audit=yes. NULL: no such token. */
        int (*look)(void *device, int sign, struct view qualifying, struct buf *ret_response,
                    struct problem *problem);

        /* What the token says of the key. @ret is ready to be filled. -EKEYREJECTED: the credential
         * of @question is not for this token and its attestation key; -EOPNOTSUPP: the token says
         * nothing. NULL: no token of this kind does. */
        int (*attest)(void *device, uint32_t slot, const struct evidence_question *question,
                      struct evidence *ret, struct problem *problem);

        /* Takes a step with the counter of a journal. @ret is ready to be filled. -ENOKEY: it is
         * not at this index, or was not prepared; -EKEYREJECTED: something else is, or what was
         * attested does not fit; -EOPNOTSUPP: the token has no such counters. NULL: no token of
         * this kind does. */
        int (*anchor)(void *device, const struct driver_anchor_wish *wish,
                      struct driver_anchor *ret, struct problem *problem);

        /* Appends the digests of the platform configuration registers, each with its length before
         * it. @ret is ready to be filled. -EOPNOTSUPP: the token has none. NULL: no token of this
         * kind has. */
        int (*measure)(void *device, struct buf *ret, struct problem *problem);

        /* Appends to the answer of the sign() that has just succeeded what an audit needs of it:
         * the key's Name and the response parameters, or nothing when there is no audit. May be
         * NULL. */
        int (*put_evidence)(void *device, struct buf *fields, struct problem *problem);
};

/* Whether a key of that algorithm can sign that: -EBADMSG, a digest of another length, or too long
 * a message. */
int driver_check_signed(const struct algorithm *algorithm, struct view what,
                        struct problem *problem) _must_use_;

/* The request fields of ATTEST, asked of the driver, to the answer's. Errors as attest(). */
int driver_attest(const struct driver *driver, void *device, struct reader *fields,
                  struct buf *answer, struct problem *problem) _must_use_;

/* Those of ANCHOR, likewise. Errors as anchor(). */
int driver_step_anchor(const struct driver *driver, void *device, struct reader *fields,
                       struct buf *answer, struct problem *problem) _must_use_;

/* The whole of a driver's main(): hardens the process (no core dump, not traceable, dies with its
 * parent), serves descriptor 3 until end of file, closes the device. Returns the exit status. */
int driver_main(const struct driver *driver, int argc, char **argv);
