/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What `hallmark verify` is asked for, and what it found.
 */

#include "cli/artifact.h"
#include "cli/difference.h"
#include "cli/logged.h"
#include "cli/model.h"
#include "cli/quorum.h"
#include "cli/trust.h"
#include "lib/statement.h"

/* Places in the verb's table of options. */
enum verify_option {
        VERIFY_KEYRING,
        VERIFY_ORIGIN,
        VERIFY_KEY,
        VERIFY_PUBLIC_KEY,
        VERIFY_SIGNATURE,
        VERIFY_ALGORITHM,
        VERIFY_PURPOSE,
        VERIFY_REQUIRE_LOG,
        VERIFY_POLICY,
        VERIFY_JOURNAL,
        VERIFY_NAMESPACE,
        VERIFY_JOBS,
        VERIFY_IGNORE,
        VERIFY_PREDICATE_TYPE,
        VERIFY_WHERE
};

/* The question: is this a signature of that file or model by one of these keys? */
struct verification {
        const struct invocation *invocation;
        const char *path;
        struct artifact artifact; /* without a path: it is a model */
        struct model model;       /* without a path: it is a file */
        struct trust trust;
        char *signature_path;
        char *manifest;  /* of the directory, which is what was signed; or NULL */
        struct buf file; /* the signature, as it is */
        struct signature signature;
        struct logged logged;  /* of a proof that is the signature, or lies beside it */
        struct buf proof_file; /* the proof beside the signature; empty: none */
        struct quorum quorum;  /* without policy when none was given */
        struct format_content content;
        struct oms oms;
        struct statement statement; /* about the file or model; without object: it is none */
        const json_t *subject;      /* that it is */
        struct differences differences;
        /* The answer. */
        struct trust_proof proof;
};

void verification_done(struct verification *v);

/* Reads the command line, the keys, and the signature. What is no signature is -EKEYREJECTED; what
 * cannot be read or asked another errno. */
int verification_load(const struct invocation *invocation, struct verification *ret,
                      struct problem *problem) _must_use_;

/* Whether the signature is in the journal: a proof, or log entries; or a proof beside it. */
int verification_is_logged(const struct verification *v);

/* Looks for a proof beside the signature, or for its record in the journal that was given, and
 * verifies it. -EKEYREJECTED: it is not good, or there is no such record. */
int verification_load_proof(struct verification *v, struct problem *problem) _must_use_;

/* When it was signed, as far as proof and witnesses show that, for v->trust. -EKEYREJECTED: the log
 * key that vouches for it did not count any more. */
int verification_find_moment(struct verification *v, struct problem *problem) _must_use_;

/* Compares the model with what was signed. -EKEYREJECTED: there are differences, which are noted.
 */
int verification_compare_model(struct verification *v, struct problem *problem) _must_use_;

/* Whether the statement is about the file or model, and what else was asked of it holds.
 * -EKEYREJECTED with the reason. verify-statement.c, as the next two. */
int verification_check_statement(struct verification *v, struct problem *problem) _must_use_;

/* Whether something is asked of a statement; and whether it makes sense: else -EINVAL. */
int verification_wants_statement(const struct verification *v);
int verification_check_where(const struct verification *v, struct problem *problem) _must_use_;

/* Prints the yes and all that was proved and was not; or the no. */
int verification_print(const struct verification *v, struct problem *problem) _must_use_;
int verification_print_no(const struct verification *v, struct problem *problem) _must_use_;
