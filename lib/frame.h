/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The frames between the agent and a driver process: one frame per SOCK_SEQPACKET message.
 *
 *     u8 version · u8 operation · u64 id · u8 status · fields
 *
 * A field is a u32 length and that many bytes. The agent chooses the id, the driver answers every
 * request exactly once, in order, with the same operation and id. A status other than FRAME_OK is
 * followed by one field, the reason in words; and after FRAME_WRONG_PIN and FRAME_LOCKED_OUT by
 * what the token says of itself then: (name, value)… Both sides take the other's frames as hostile:
 * the driver hosts vendor code. errno values never cross; the status list is closed.
 *
 *     operation   request fields                          answer fields
 *     OPEN        token name, (setting, value)…           token facts: (name, value)…
 *     GENERATE    algorithm, label, outside information   handle, SPKI (DER), creation (empty:
 *                 (at most 32 bytes), (option, value)…    none), facts: (name, value)…
 *     LOAD        algorithm, handle                       slot (u32, no length), SPKI (DER)
 *     SIGN        slot (u32, no length), digest,          signature; with Audit=yes also Name and
 *                 authorization (empty: none)             response parameters
 *     DESTROY     algorithm, handle                       none
 *     PROBE       none                                    token facts: (name, value)…
 *     COUNT       slot (u32, no length), qualifying       uses (u32, no length), attestation,
 *                 data                                    its signature (both empty: none)
 *     AUDIT       sign (u8, 1: ends the interval),        response parameters
 *                 qualifying data
 *     ATTEST      slot (u32, no length), nonce,           evidence (lib/evidence.h), as text
 *                 kind of endorsement key, credential,
 *                 its encrypted secret (three times
 *                 empty: nothing to activate),
 *                 creation, as GENERATE gave it
 *                 (empty: none)
 *     ANCHOR      step (u8), index (u32, no length; 0:    kind (u8), index (u32, 0: there is
 *                 find it), origin, qualifying data       none), counter (u64), SPKI of the
 *                                                         attestation key, attestation, its
 *                                                         signature (both empty: none)
 *     MEASURE     none                                    the digests of the platform configuration
 *                                                         registers, SHA-256, from 0 on
 */

#include "lib/problem.h"
#include "lib/reader.h"

#define FRAME_VERSION   1
#define FRAME_SIZE_MAX  ((size_t)65536)
#define FRAME_FACTS_MAX 64 /* pairs in an OPEN request or a facts answer */

enum frame_operation {
        FRAME_OPEN = 1,
        FRAME_GENERATE,
        FRAME_LOAD,
        FRAME_SIGN,
        FRAME_DESTROY,
        FRAME_PROBE,
        FRAME_COUNT,
        FRAME_AUDIT,
        FRAME_ATTEST,
        FRAME_ANCHOR,
        FRAME_MEASURE,
};

#define FRAME_OPERATION_LAST FRAME_MEASURE

/* What a driver can say; frame_status_of() and frame_error_of() map it to errno inside a process.
 */
enum frame_status {
        FRAME_OK = 0,
        FRAME_BAD_REQUEST,  /* -EBADMSG: the frame or a field makes no sense */
        FRAME_UNSUPPORTED,  /* -EOPNOTSUPP: the token cannot do this algorithm or operation */
        FRAME_NO_KEY,       /* -ENOKEY: no such handle, label or slot on this token */
        FRAME_MISMATCH,     /* -EKEYREJECTED: the handle is not the key it says it is */
        FRAME_GONE,         /* -ENODEV: no such device, module or token, or it went away */
        FRAME_WRONG_PIN,    /* -EACCES: the token refused the PIN or authorization; never retried */
        FRAME_LOCKED_OUT,   /* -EBUSY: PIN or dictionary-attack counter exhausted */
        FRAME_TOKEN_FAILED, /* -EIO: the token answered with an error or with nonsense */
        FRAME_EXISTS,       /* -EEXIST: GENERATE with a label that the token has already */
        FRAME_REFUSED,      /* -EPERM: SIGN without the authorization that the key demands */
};

#define FRAME_STATUS_LAST FRAME_REFUSED

struct frame {
        enum frame_operation operation;
        uint64_t id;
        enum frame_status status;
        struct view fields;
};

/* Appends the head of a frame; the caller appends its fields. */
void frame_put_head(struct buf *buf, enum frame_operation operation, uint64_t id,
                    enum frame_status status);

/* Reads the head; fields borrow from @bytes. -EBADMSG for another version, an unknown operation or
 * status, or a frame too short. */
int frame_decode(struct view bytes, struct frame *ret) _must_use_;

enum frame_status frame_status_of(int error);
int frame_error_of(enum frame_status status);
const char *frame_operation_name(enum frame_operation operation);

/* A list of (name, value) text pairs: settings of OPEN, facts of OPEN and PROBE, options and facts
 * of GENERATE. */
struct facts {
        size_t count;
        struct {
                char *name;
                char *value;
        } pair[FRAME_FACTS_MAX];
};

void facts_done(struct facts *facts);

/* Adds a copy of the pair. -ENOMEM, or -EMSGSIZE when the list is full. */
int facts_add(struct facts *facts, const char *name, const char *value) _must_use_;
int facts_add_format(struct facts *facts, const char *name, const char *format, ...)
        _printf_(3, 4) _must_use_;

/* The value of that name, or NULL. */
const char *facts_get(const struct facts *facts, const char *name);

void frame_put_facts(struct buf *buf, const struct facts *facts);

/* Reads pairs up to the end of @reader. -EBADMSG: no text (a NUL inside), a pair cut short, too
 * many, a name twice; -ENOMEM. @ret is to be freed with facts_done() in any case. */
int frame_read_facts(struct reader *reader, struct facts *ret) _must_use_;
