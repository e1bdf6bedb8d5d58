/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Evidence of one step, as in-toto's link has it (in-toto specification v1.0 §4.4):
 *
 *     {"_type":"link","byproducts":{},"command":[…],"environment":{},"materials":{},"name":STEP,
 *      "products":{}}
 *
 * Which run of the chain it belongs to, the specification has no place for: ours say it in
 * `environment`, as member `run`. Statements of the newer Attestation Framework are read as the
 * same.
 */

#include "lib/artifacts.h"

#define IN_TOTO_NAME_MAX 256 /* bytes of the name of a step */
#define IN_TOTO_RUN_MAX  256 /* bytes of the name of a run */
#define IN_TOTO_RUN      "run"

/* All but @object and the arrays is borrowed from it. */
struct in_toto_link {
        json_t *object;
        const char *name;
        struct artifacts materials, products;
        const json_t *command;          /* array of strings; NULL: unknown */
        const json_t *byproducts;       /* object; NULL: none */
        const json_t *status;           /* of the command; NULL: it does not say */
        const char *run;                /* NULL: it does not say */
        const char *builder;            /* the id of who observed the step; NULL: nobody did */
        const char *started, *finished; /* RFC 3339; NULL: it does not say */
        const char *type;               /* of the predicate; "link": no statement */
        const json_t *predicate;        /* NULL: no statement */
};

void in_toto_link_done(struct in_toto_link *link);

/* Reads such an object, of which a reference is taken. Members that the specification does not have
 * are an error: in-toto's own programs do not verify them. -EBADMSG; -ENOMEM. */
int in_toto_link_parse(json_t *object, struct in_toto_link *ret,
                       struct problem *problem) _must_use_;

/* Reads a statement (lib/statement.h) that is evidence of a step, of which a reference is taken: of
 * predicate link v0.3, or SLSA provenance v1, in whose `externalParameters` members `step` and
 * `run` name the step and its run. Products are the subjects that have a name. -EBADMSG;
 * -EOPNOTSUPP: another type of predicate, or a provenance that names no step; -ENOMEM. */
int in_toto_link_from_statement(json_t *payload, struct in_toto_link *ret,
                                struct problem *problem) _must_use_;

/* Whether @name can be that of a step: UTF-8 without control characters or slashes, and no dot at
 * the beginning, since files are called by it. */
int in_toto_name_is_valid(const char *name);

/* Whether the command was successful, as far as the evidence says how it ended: the byproduct
 * `return-value` of a link, and what the step of `hallmark run` claims as `exitStatus`.
 * -EKEYREJECTED: it was not, or what is said is no integer. */
int in_toto_link_check_status(const struct in_toto_link *link, struct problem *problem) _must_use_;
