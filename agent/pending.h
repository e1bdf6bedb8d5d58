/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What one operator has asked for and a second one has to approve: the `pending` records as they
 * are in the journal, by their id, in the file <state>/pending.
 */

#include "lib/digest.h"
#include "lib/json.h"

#define PENDING_MAX     ((size_t)64) /* at a time; agent_ask_approval() sees to it */
#define PENDING_ID_SIZE 17           /* 16 hexadecimal digits */

struct pending;

/* Reads the file, if there is one. -EBADMSG and the errno of a file that cannot be read, with its
 * path. */
int pending_open(const char *path, struct pending **ret, struct problem *problem) _must_use_;
struct pending *pending_free(struct pending *pending);
DEFINE_CLEANUP(struct pending *, pending_free)

/* A new id. -EIO: there is no randomness. */
int pending_new_id(char ret[PENDING_ID_SIZE]) _must_use_;

/* The record with that id, or NULL. Borrowed. */
const json_t *pending_get(const struct pending *pending, const char *id);

/* Calls @take with each record, in no order, until it returns other than 0, which is returned. */
int pending_each(const struct pending *pending, int (*take)(const json_t *record, void *context),
                 void *context);

/* Adds a record (borrowed) under its member `approval`, in the place of one that has it already.
 * Whatever the journal has is taken, however many there are. -ENOMEM. */
int pending_add(struct pending *pending, const json_t *record) _must_use_;
void pending_remove(struct pending *pending, const char *id);

/* If there are PENDING_MAX or more, removes those of which @is_over says so. */
void pending_make_room(struct pending *pending, int (*is_over)(const json_t *record, void *context),
                       void *context);

/* Makes it durable. */
int pending_save(const struct pending *pending, struct problem *problem) _must_use_;

/* SHA-256 of the canonical text of the record, in hexadecimal: what an operator has seen is what he
 * approves. -ENOMEM. */
int pending_digest(const json_t *record, char ret[HEX_SIZE(SHA256_SIZE)]) _must_use_;
