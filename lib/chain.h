/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether attestations in a directory fulfil a layout: from the owner's signature down to the
 * digests (in-toto specification v1.0 §5.2).
 *
 * Who attests which step is told by signatures and by what was signed; the names of files tell it
 * of sublayouts only, which do not say it themselves: STEP.KEYID8.link, whose attestations are in
 * the directory STEP.KEYID8. Inspections are run by nobody here.
 *
 * Beyond the specification, unless it is asked for nothing else: the attestations of a step must
 * agree whatever its threshold; all are of one run; none says that its command failed; no step
 * began before what it took was finished; some rule can fail; and what lib/chain-rule.h says.
 */

#include "lib/chain-rule.h"
#include "lib/in-toto-envelope.h"
#include "lib/key-window.h"

#define CHAIN_FILES_MAX ((size_t)10000) /* in one directory */
#define CHAIN_DEPTH_MAX 8               /* layouts within layouts */

/* That the provenance of the step @step must be by the builder @id, or another one that is said so.
 * All is borrowed. */
struct chain_builder {
        const char *step, *id;
};

/* What is asked. All is borrowed. */
struct chain_question {
        const char *directory;
        const struct in_toto_key *owners; /* each of which must have signed the layout */
        size_t owner_count;
        const struct sha256 *layouts; /* of what was signed: the layout must be one of them */
        size_t layout_count;          /* 0: it may be any, an old one of the owner's too */
        const struct chain_builder *builders;
        size_t builder_count;
        const struct keyring *ring; /* NULL: none. Keys in it are believed as it says. */
        uint64_t now;               /* seconds */
        const char *run;            /* that the attestations must be of; NULL: any one */
        int runs_may_differ;
        int specification_only;
        /* What an inspection saw before and after it was run; what that borrows from is appended
         * to the array @keep. NULL: a layout with inspections is not fulfilled. A layout within a
         * layout never is, since its owner is only who takes a step. Errors as chain_verify(). */
        int (*inspect)(void *context, const struct layout_item *item, json_t *keep,
                       struct artifacts *ret_before, struct artifacts *ret_after,
                       struct problem *problem);
        /* When the file at @path was signed by @key, as far as that is proved.
         * -EKEYREJECTED with the reason: the attestation must not be believed. NULL: nothing proves
         * it. */
        int (*prove)(void *context, const char *path, const struct in_toto_envelope *envelope,
                     const struct in_toto_key *key, struct key_moment *ret,
                     struct problem *problem);
        void *context;
};

struct chain;

struct chain_attestation {
        char *file;
        struct in_toto_envelope envelope; /* moves into @sub when that is there */
        struct in_toto_link link; /* without a name if it is a layout; then what sums it up */
        struct chain *sub;        /* what was found of it; NULL: no layout */
        int is_layout;
        const struct in_toto_key *key;    /* whose signature is good; NULL: not looked at yet */
        size_t rank;                      /* of the key among those of the step */
        const struct keyring_key *member; /* of the ring; NULL: that key is not in it */
        struct key_moment moment;         /* when it was signed */
};

struct chain_step {
        const struct layout_item *item;
        struct chain_attestation **accepted; /* by rank; the first one speaks for all */
        size_t count;
};

struct chain {
        struct in_toto_envelope envelope;
        struct layout layout;
        struct in_toto_key *ring_keys; /* the ring's, with ids as in-toto computes them */
        size_t ring_key_count;
        struct chain_attestation *found;
        size_t found_count;
        struct chain_step *steps;
        struct chain_evidence *evidence; /* of steps and inspections, as far as it is known */
        struct artifacts *inspected;     /* before and after, of each inspection */
        json_t *kept;                    /* what these borrow from */
        const char *run;                 /* of all steps that say; NULL: none does */
        json_t *notes; /* array of {file, reason}: what was passed over, or looks wrong */
        /* Of a no: */
        const struct layout_item *failed_item; /* NULL: it is about the layout itself */
        const struct in_toto_rule *failed_rule;
};

/* 0 if and only if the layout is signed, in force and fulfilled. -EKEYREJECTED: it is not, with
 * step, rule, file and reason; -EBADMSG, -EOPNOTSUPP: no layout; -ENOMEM; the errno of what cannot
 * be read. @ret is to be freed in any case, and borrows from the question. */
int chain_verify(const struct chain_question *question, struct view layout, struct chain *ret,
                 struct problem *problem) _must_use_;

void chain_done(struct chain *chain);

/* What went into the first step and came out of the last. */
const struct artifacts *chain_materials(const struct chain *chain);
const struct artifacts *chain_products(const struct chain *chain);

/* Of the step of that name, or NULL. */
const struct chain_step *chain_find_step(const struct chain *chain, const char *name);

/* The name of a step that takes nothing out of another, and no other takes anything out of it, so
 * that it need not have to do with the rest; layouts within the layout have their own. NULL: none.
 */
const char *chain_find_lone(const struct chain *chain);

/* Of what was signed. */
const struct sha256 *chain_attestation_digest(const struct chain_attestation *attestation);

/* Used between the files of this module. */
int chain_note(struct chain *chain, const char *file, const char *reason) _must_use_;
int chain_load(struct chain *chain, const char *directory, struct problem *problem) _must_use_;
int chain_accept(const struct chain_question *question, struct chain *chain,
                 struct problem *problem) _must_use_;
int chain_check_agreement(const struct chain_question *question, struct chain *chain,
                          struct problem *problem) _must_use_;
