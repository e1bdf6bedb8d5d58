/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What `hallmark verify-chain` is asked for, and what it found.
 */

#include "cli/model.h"
#include "lib/chain.h"

#define CHAIN_OWNERS_MAX   16
#define CHAIN_LAYOUTS_MAX  16
#define CHAIN_BUILDERS_MAX 64

/* Places in the verb's table of options. */
enum chain_option {
        CHAIN_LAYOUT,
        CHAIN_LAYOUT_KEY,
        CHAIN_LAYOUT_DIGEST,
        CHAIN_ATTESTATIONS,
        CHAIN_KEYRING,
        CHAIN_RUN,
        CHAIN_ANY_RUN,
        CHAIN_REQUIRE_LOG,
        CHAIN_STEP,
        CHAIN_BUILDER,
        CHAIN_ONLY,
        CHAIN_INSPECT,
        CHAIN_FACTS,
        CHAIN_OPA,
        CHAIN_VSA,
        CHAIN_KEY,
        CHAIN_VERIFIER,
        CHAIN_RESOURCE,
        CHAIN_LEVEL
};

/* A file, or a directory whose files are all, that came out of the chain. */
struct chain_artifact {
        const char *path;                   /* as given */
        char *product;                      /* of the step; of a directory its prefix */
        size_t files;                       /* of a directory; 0: a file */
        char digest[HEX_SIZE(SHA256_SIZE)]; /* of a file */
        struct model model;
};

struct chain_check {
        const struct invocation *invocation;
        const char *layout_path;
        struct in_toto_key owners[CHAIN_OWNERS_MAX];
        struct sha256 layouts[CHAIN_LAYOUTS_MAX];
        struct chain_builder builders[CHAIN_BUILDERS_MAX];
        char *builder_texts[CHAIN_BUILDERS_MAX]; /* that they borrow from */
        struct keyring ring;                     /* without origin when there is none */
        struct chain_question question;
        struct buf layout;
        struct chain chain;
        int require_log;
        const struct chain_step *step; /* whose products the artifacts are */
        struct chain_artifact *artifacts;
        size_t artifact_count;
};

void chain_check_done(struct chain_check *check);

/* Reads the command line, the layout, keys and ring. */
int chain_check_load(const struct invocation *invocation, struct chain_check *ret,
                     struct problem *problem) _must_use_;

/* Whether each artifact is what the step made. -EKEYREJECTED: it is not, with the reason; the errno
 * of what cannot be read. */
int chain_check_artifacts(struct chain_check *check, struct problem *problem) _must_use_;

/* What was verified, as one object: nothing in it is taken from an envelope that was not accepted.
 * NULL without memory. */
json_t *chain_facts(const struct chain_check *check) _must_use_;

/* Prints the yes, or the no. */
int chain_print(const struct chain_check *check, struct problem *problem) _must_use_;
int chain_print_no(const struct chain_check *check, struct problem *problem) _must_use_;

/* Runs the command of an inspection in the working directory, and hashes what is there before and
 * after. */
int chain_inspect(void *context, const struct layout_item *item, json_t *keep,
                  struct artifacts *ret_before, struct artifacts *ret_after,
                  struct problem *problem) _must_use_;

/* When the attestation was signed: by the proof beside it, FILE.tlog-proof, which must be of the
 * signature by @key. -EKEYREJECTED: it is none, or --require-log demands one; else as
 * chain_question.prove. The context is the struct chain_check. */
int chain_prove(void *context, const char *path, const struct in_toto_envelope *envelope,
                const struct in_toto_key *key, struct key_moment *ret,
                struct problem *problem) _must_use_;
