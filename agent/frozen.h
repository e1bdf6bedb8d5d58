/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is frozen, and so signs nothing: keys by name, or everything. The record of each `freeze` is
 * kept as it is in the journal, and what came of requests by their id, in the file <state>/frozen.
 *
 * The journal comes first, except that a freeze holds at once: one that the journal did not take is
 * noted as such, and recorded when it takes records again.
 */

#include "lib/json.h"

#define FROZEN_ALL          "*"           /* in the place of a key's name: everything */
#define FROZEN_REQUESTS_MAX ((size_t)256) /* the oldest are forgotten */

struct frozen;

/* Reads the file, if there is one. -EBADMSG and the errno of a file that cannot be read, with its
 * path: nothing is thawed because something is wrong with it. */
int frozen_open(const char *path, struct frozen **ret, struct problem *problem) _must_use_;
struct frozen *frozen_free(struct frozen *frozen);
DEFINE_CLEANUP(struct frozen *, frozen_free)

/* The `freeze` of exactly that name or FROZEN_ALL, or NULL. Borrowed. */
const json_t *frozen_get(const struct frozen *frozen, const char *target);

/* The one that keeps the key from signing: its own or that of everything, or NULL. */
const json_t *frozen_find(const struct frozen *frozen, const char *key);

/* The name that a `freeze` or `thaw` is about, or FROZEN_ALL. */
const char *frozen_target(const json_t *record);

/* Frozen from now on by that record (borrowed). -ENOMEM. */
int frozen_set(struct frozen *frozen, const json_t *record, int is_recorded) _must_use_;
void frozen_unset(struct frozen *frozen, const char *target);

/* Whether the journal has it. */
int frozen_is_recorded(const struct frozen *frozen, const char *target);

/* Calls @take with each record, in the order of the names. */
void frozen_each(const struct frozen *frozen,
                 void (*take)(const json_t *record, int is_recorded, void *context), void *context);

/* Notes the reply (borrowed) to the request of that id. -ENOMEM. */
int frozen_note(struct frozen *frozen, const char *id, const char *method, const char *target,
                const json_t *reply) _must_use_;

/* That reply, borrowed. -ENOENT: not known; -EEXIST, with the reason: it was for something else. */
int frozen_find_request(const struct frozen *frozen, const char *id, const char *method,
                        const char *target, const json_t **ret, struct problem *problem) _must_use_;

/* Makes it durable. */
int frozen_save(const struct frozen *frozen, struct problem *problem) _must_use_;

/* What replies say of a `freeze`: {key?, reason, since, uid}. NULL without memory. */
json_t *frozen_describe(const json_t *record) _must_use_;
