/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * X.509 certificates (RFC 5280): one that a key signs for itself, and what CMS needs to know of
 * any.
 */

#include "lib/format.h"

#define X509_SIZE_MAX ((size_t)16384)

struct x509 {
        struct view issuer; /* a Name, with its tag */
        struct view serial; /* the INTEGER, with its tag */
        struct view spki;
};

/* Borrows from @der, which it fills. The form only: whose it is and who vouches for it is not
 * looked at. -EBADMSG. */
int x509_read(struct view der, struct x509 *ret) _must_use_;

/* The AlgorithmIdentifier of signatures. -EOPNOTSUPP. */
int x509_put_algorithm(struct buf *buf, const struct algorithm *algorithm) _must_use_;

/* Appends what a certificate of the signer for himself says: CN is the name of the key, valid from
 * its creation on without end. It is the same each time. */
int x509_put_own(struct buf *buf, const struct format_signer *signer) _must_use_;

/* The certificate, out of that and its signature. */
int x509_put(struct buf *buf, struct view own, const struct algorithm *algorithm,
             struct view signature) _must_use_;
