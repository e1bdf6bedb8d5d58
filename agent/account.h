/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Users and groups of this host, as the name service has them.
 *
 * A lookup may ask a directory server and so take its time.
 */

#include <sys/types.h>

#include "lib/macro.h"

/* The id of that name, or of that decimal number, which need not have a name. -ENOENT: no such
 * user; else the errno of the lookup. */
int account_find_user(const char *name, uid_t *ret) _must_use_;
int account_find_group(const char *name, gid_t *ret) _must_use_;

/* The groups of that user, the primary one and, up to @count, all of them; @count becomes their
 * number. A user without a name has none, and (gid_t)-1. -ERANGE: too many. */
int account_user_groups(uid_t uid, gid_t *ret_gid, gid_t *ret, size_t *count) _must_use_;

/* The name of that user, in @size bytes with its NUL. -ENOENT: it has none, or one that does not
 * fit; else the errno of the lookup. */
int account_user_name(uid_t uid, char *ret, size_t size) _must_use_;
