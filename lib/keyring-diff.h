/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What has changed from one key ring to a later one of the same origin, and whether it may: a ring
 * only goes on. Keys are added and end; nothing that a ring said of the past is taken back.
 */

#include "lib/keyring.h"

/* A member of a key that is not what it was: as in the ring, but evidence as its SHA-256. @old is
 * NULL for a key that is new. */
struct keyring_change {
        const struct keyring_key *old, *new;
        const char *member, *was, *is; /* without @old: NULL */
};

typedef int (*keyring_change_function)(const struct keyring_change *change, void *context);

/* Calls @changed with each change; what it returns other than 0 ends that. Also -ENOMEM. */
int keyring_diff(const struct keyring *old, const struct keyring *new,
                 keyring_change_function changed, void *context) _must_use_;

/* 0 if @new may take the place of @old. -EKEYREJECTED with the reason: it is of another origin,
 * unsigned although @old is signed, or signed by a log key that @old does not have, or that either
 * says was revoked or had ended; its checkpoint is older, or of another journal; a key is missing
 * or another one; one that ended is in use again, or counts for longer; its times or what it was
 * made with, its gate among that, are not what they were. -ENOMEM. */
int keyring_check_successor(const struct keyring *old, const struct keyring *new,
                            struct problem *problem) _must_use_;
