/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Names of users for records, read once: a lookup when somebody connects could ask a directory
 * server, and the agent would wait for it. Who is in no table is known by number.
 */

#include <sys/types.h>

#include "agent/config.h"

#define USER_NAMES_MAX ((size_t)65536)

struct user_names;

/* Those of the local file, and those of the users whom grants name. The file may be missing;
 * -ENOMEM. */
int user_names_new(const char *path, const struct config *config,
                   struct user_names **ret) _must_use_;
struct user_names *user_names_free(struct user_names *names);
DEFINE_CLEANUP(struct user_names *, user_names_free)

/* The name of that user, or NULL. */
const char *user_names_find(const struct user_names *names, uid_t uid);
