/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What `hallmark sign` is asked for, and what came of it so far.
 */

#include "cli/artifact.h"
#include "cli/model.h"
#include "cli/reuse.h"
#include "cli/signing.h"
#include "lib/format.h"

/* Places in the verb's table of options. */
enum sign_option {
        SIGN_KEY,
        SIGN_VERSION,
        SIGN_DIGEST,
        SIGN_OUTPUT,
        SIGN_FORMAT,
        SIGN_CLAIM,
        SIGN_AUTHORIZATION,
        SIGN_REQUEST,
        SIGN_WITH_PROOF,
        SIGN_NAMESPACE,
        SIGN_CERTIFICATE,
        SIGN_JOBS,
        SIGN_IGNORE,
        SIGN_PRECOMPUTED,
        SIGN_REUSE
};

struct sign {
        const struct invocation *invocation;
        const struct format *format;
        struct artifact artifact; /* without a path: a digest was given, or it is a model */
        struct model model;       /* without a path: it is none */
        struct reuse reuse;       /* without a path: none */
        char *manifest;           /* of a directory, where it goes; or NULL */
        char *output;             /* "-" for standard output */
        const char *name_space;   /* of an SSH signature */
        struct buf certificate;   /* X.509, DER; for CMS */
        int with_proof;           /* gets one beside it */
        int request;              /* only what a witness is to sign is asked for */
        uint8_t given[DIGEST_SIZE_MAX];
        struct format_content content;
        struct format_signer signer;
        struct signing signing;
        struct signature signature;
};

void sign_done(struct sign *sign);

/* Reads the command line and opens what is to be signed. -EINVAL and others. */
int sign_prepare(const struct invocation *invocation, struct sign *ret,
                 struct problem *problem) _must_use_;

/* Writes the signature, the proof when it was asked for, and the facts. */
int sign_publish(struct sign *sign, struct problem *problem) _must_use_;
