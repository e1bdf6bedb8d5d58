/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The formats of signatures of a file or of a model: one file and one row of the table each.
 *
 * A signature is made in three steps: prepare() decides what is signed beside the content, digest()
 * gives what the key signs, put() writes the file. It is verified by parse(), then, for each key
 * that may have made it, digest() and pubkey_verify().
 */

#include "lib/bundle.h"
#include "lib/keyring.h"

#define FORMAT_NAMESPACE     "file"       /* of SSH signatures of files */
#define FORMAT_MANIFEST_NAME "SHA256SUMS" /* of the manifest of a directory */

struct format;

/* What is signed, hashed when it is asked for. */
struct format_content {
        /* The digest of the content with @trailer after it: 0, -EOPNOTSUPP, or the errno of read(),
         * with the reason. NULL for a model, which is what its statement says. @ret takes
         * DIGEST_SIZE_MAX bytes. */
        int (*digest)(struct format_content *content, const char *hash, struct view trailer,
                      uint8_t *ret, struct problem *problem);
        const char *name; /* for messages */
        /* The content itself, for an algorithm that signs messages. -EMSGSIZE: there is more of it
         * than ALGORITHM_MESSAGE_MAX; else as digest(). */
        int (*message)(struct format_content *content, struct buf *ret, struct problem *problem);
};

/* Who signs. */
struct format_signer {
        const struct pubkey *pubkey;
        const struct algorithm *algorithm;
        const char *name;        /* of the key */
        uint64_t created;        /* the key, seconds; 0: nobody knows */
        uint64_t time;           /* of the signature that is made, seconds */
        const char *name_space;  /* of an SSH signature */
        struct view certificate; /* X.509, DER; may be empty */
};

/* Of a key as it stands in a ring; borrows from it. -EBADMSG: its time makes no sense. */
int format_signer_of(const struct keyring_key *key, struct format_signer *ret) _must_use_;

/* A signature on its way into a file or out of one. */
struct signature {
        const struct format *format;
        struct buf attributes; /* signed beside the content; the format knows their encoding */
        struct buf signer;     /* as the file names him; the format knows the encoding */
        struct buf value;      /* by the key, encoded as enum algorithm_kind says */
        uint8_t digest[DIGEST_SIZE_MAX]; /* what the key signs: set by format_digest() */
        size_t digest_size;
        const char *hash; /* of which that is the digest; set where it does not depend on the key */
        struct buf message;       /* what the key signs, where its algorithm signs messages */
        struct bundle bundle;     /* as read */
        struct buf payload;       /* before parse(): that of its envelope, if it was taken out of
                                     the file (format_read()) and left empty there */
        struct tlog_entry *entry; /* to be written into a bundle; borrowed; or NULL */
};

struct format {
        const char *name;   /* the word for --format */
        const char *suffix; /* of the file beside what is signed; within a model its name */
        int is_binary;
        int of_models;
        int of_statements;  /* about the file or model, by its digest: for `hallmark attest` */
        int signs_messages; /* digest() sets the message, for algorithms that sign it */
        int is_logged;      /* a proof of the journal, for which the key itself is not used */
        /* Whether the file says that it is of this format. */
        int (*recognises)(struct view file);
        /* -EBADMSG, -EOPNOTSUPP, -ENOMEM, with the reason. */
        int (*parse)(struct view file, struct signature *ret, struct problem *problem);
        /* NULL: nothing is signed beside the content. -EOPNOTSUPP: not with such a key. */
        int (*prepare)(const struct format_signer *signer, struct format_content *content,
                       struct signature *ret, struct problem *problem);
        /* -EKEYREJECTED: the signature cannot be by that key, or is of other content. */
        int (*digest)(struct signature *signature, const struct format_signer *signer,
                      struct format_content *content, struct problem *problem);
        int (*put)(struct buf *buf, const struct signature *signature,
                   const struct format_signer *signer);
};

/* Row @index of the table, or NULL past the last. */
const struct format *format_at(size_t index);

/* The words for --format, ended by NULL: of formats of signatures, and of those of statements. */
extern const char *const format_names[];
extern const char *const format_statement_names[];

/* NULL if there is none. */
const struct format *format_find(const char *name);

void signature_done(struct signature *signature);

/* Reads a signature of whichever format it is of. What no other format knows is a raw one. Errors
 * as parse(). A proof of the journal is recognised only. */
int signature_parse(struct view file, struct signature *ret, struct problem *problem) _must_use_;

/* Reads the file of a signature into @ret_file, but for the payload of a bundle's envelope, which
 * may be large: @ret->payload. @limit is that of the rest, in bytes. -EMSGSIZE; -EBADMSG: the
 * payload is no base64; the errno of the file. format-read.c */
int format_read(const char *path, size_t limit, struct buf *ret_file, struct signature *ret,
                struct problem *problem) _must_use_;

/* Sets what the signer must have signed, the digest and, where that is signed, the message. Errors
 * as digest(). */
int signature_digest(struct signature *signature, const struct format_signer *signer,
                     struct format_content *content, struct problem *problem) _must_use_;

/* What follows signature_digest(): 0 if the key has signed that. Errors as pubkey_verify(). */
int signature_verify(const struct signature *signature, const struct format_signer *signer,
                     struct pubkey *key) _must_use_;

/* -EOPNOTSUPP: the format has no place for signatures of that algorithm. */
int format_check_algorithm(const struct format *format, const struct algorithm *algorithm,
                           struct problem *problem) _must_use_;

/* For formats that sign the content and nothing beside it: their digest(). */
int format_digest_content(struct signature *signature, const struct format_signer *signer,
                          struct format_content *content, struct problem *problem) _must_use_;

/* Whether the digest by that hash is there already. What is signed stays as it is from the first
 * digest on, and may be large. */
static inline int format_has_digest(const struct signature *signature, const char *hash)
{
        return signature->hash && string_equal(signature->hash, hash);
}

/* For formats whose files are envelopes with a statement (format-statement.c). What they sign: the
 * payload; and while it is made, it is among the attributes. */
const struct buf *format_statement_of(const struct signature *signature);

/* Its digest, as a key with that hash signs it: made once. -ENOMEM, -EOPNOTSUPP. */
int format_digest_statement(struct signature *signature, const char *hash) _must_use_;

/* Of an envelope that has been read: that it is one of those, and its signature. -EBADMSG. */
int format_take_envelope(struct signature *ret, struct problem *problem) _must_use_;

/* Rows. */
extern const struct format format_bundle;
extern const struct format format_cms;
extern const struct format format_dsse;
extern const struct format format_manifest;
extern const struct format format_oms;
extern const struct format format_openpgp;
extern const struct format format_proof;
extern const struct format format_raw;
extern const struct format format_sshsig;
extern const struct format format_statement;
