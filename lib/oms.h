/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * OpenSSF Model Signing v1.0: the in-toto statement about the files of a model, which a Sigstore
 * bundle carries in a DSSE envelope.
 *
 * Written: method "files", SHA-256, no symbolic links, resources in the order of their names'
 * bytes. Read: resources in any order; their root is that of the order in which they are listed.
 * Members that version 1.0 does not name are ignored, as it demands.
 */

#include "lib/inventory.h"
#include "lib/pubkey.h"

#define OMS_PREDICATE_TYPE "https://model_signing/signature/v1.0"
#define OMS_REST_SIZE_MAX  ((size_t)16 << 20) /* bytes of a statement beside its resources */

struct oms {
        char *name; /* of the model: its subject */
        struct sha256 root;
        struct inventory resources; /* sorted; names and digests only */
        char **ignored;             /* paths that are no part of the model, ended by NULL */
};

void oms_done(struct oms *oms);

/* The digest of the subject: of a sorted inventory, whose files all have one. -ENOMEM. */
int oms_root(const struct inventory *inventory, struct sha256 *ret) _must_use_;

/* Appends the statement, as canonical JSON. All files of the inventory have a digest, and there is
 * at least one. @name is valid UTF-8, @ignored ended by NULL. -ENOMEM, -EMSGSIZE. */
int oms_put(struct buf *buf, const char *name, const struct inventory *inventory,
            const char *const *ignored) _must_use_;

/* -EBADMSG: no such statement, or its root is not that of its resources; -EOPNOTSUPP: another type
 * of predicate, method or hash; -EMSGSIZE: what is beside the resources is longer than
 * OMS_REST_SIZE_MAX; -ENOMEM; the errno of a temporary file. */
int oms_parse(const struct buf *text, struct oms *ret, struct problem *problem) _must_use_;

/* The hint that names a key: hexadecimal SHA-256 of its PEM text, with a NUL. -ENOMEM. */
int oms_hint(const struct pubkey *key, char ret[HEX_SIZE(SHA256_SIZE)]) _must_use_;
