/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The directory of a model or a dataset: what of it counts, and the digests of its files.
 */

#include "cli/verb.h"
#include "lib/hash-queue.h"
#include "lib/json.h"
#include "lib/oms.h"

#define MODEL_IGNORED_MAX 4096

struct reuse;

struct model {
        const char *path; /* as given; NULL: none */
        int fd;
        char *name;                           /* the last part of its real path */
        char *real;                           /* path, without links */
        char *ignored[MODEL_IGNORED_MAX + 1]; /* sorted, relative, ended by NULL */
        size_t ignored_count;
        unsigned jobs;             /* 0: as many as there are processors */
        const char *precomputed;   /* path of a manifest; or NULL */
        const char *manifest;      /* where one goes, and is described as; NULL: a statement */
        const struct reuse *reuse; /* digests from an earlier signature; or NULL */
        struct inventory inventory;
};

/* Whether there is a directory. */
int model_is(const char *path);

/* -EINVAL: its name is no UTF-8; or the errno of open(). */
int model_open(const char *path, struct model *ret, struct problem *problem) _must_use_;
void model_done(struct model *model);

/* Reads --jobs and --ignore, by their places in the table of the verb. -EINVAL. */
int model_set_options(struct model *model, const struct invocation *invocation, size_t jobs,
                      size_t ignore, struct problem *problem) _must_use_;

/* Leaves that path out, which is relative to the model. Paths that can be none are no error. */
int model_ignore(struct model *model, const char *path, struct problem *problem) _must_use_;

/* Leaves the file out if it is below the directory. It need not be there. */
int model_ignore_file(struct model *model, const char *path, struct problem *problem) _must_use_;

/* Leaves out what belongs to git. */
int model_ignore_git(struct model *model, struct problem *problem) _must_use_;

/* Lists the files. */
int model_list(struct model *model, struct problem *problem) _must_use_;

/* Hashes the files that were listed and whose digests are wanted, and makes sure that nothing
 * changed meanwhile. */
int model_hash(struct model *model, struct problem *problem) _must_use_;

/* Lists and hashes all files but those of git and the signature, model.sig, if there. -EINVAL:
 * there is none, or one that can be no part of a model. */
int model_prepare(struct model *model, struct problem *problem) _must_use_;

/* Begins @ret with what the signature at @output will be of, a statement or a manifest, having
 * listed and hashed all files. -EINVAL: there is none, or one that can be no part of a model. */
int model_describe(struct model *model, const char *output, int with_proof, struct buf *ret,
                   struct problem *problem) _must_use_;

/* Appends a line, or members: how many files, and where their digests come from. */
void model_put_facts(const struct model *model, struct buf *text);
int model_add_facts(const struct model *model, json_t *facts) _must_use_;
