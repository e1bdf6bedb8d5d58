/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * That a token has refused its PIN, kept over a restart of the agent: a service manager that starts
 * it again and again would use up the tries.
 *
 * A file in the state folder says so until an operator says that the PIN is right now. It holds the
 * state and the token's own words. Nothing in it is made from the PIN: what could be compared with
 * the next PIN could be guessed with, and the times and inodes of a credential change with each
 * start.
 */

#include "lib/problem.h"

/* -EACCES or -EBUSY, with the reason, as it was noted; 0: there is no such note. One that cannot be
 * read counts. -ENOMEM. */
int refused_read(const char *state, const char *token, struct problem *ret_reason) _must_use_;

/* Durable when it returns. */
int refused_note(const char *state, const char *token, int error, const char *reason,
                 struct problem *problem) _must_use_;

/* 0 too if there was none. */
int refused_forget(const char *state, const char *token, struct problem *problem) _must_use_;
