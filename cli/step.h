/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A command that is run and waited for, with what it is sent passed on.
 */

#include "lib/problem.h"

/* Runs @words, ended by NULL, as a shell would: the first is looked for in $PATH. Signals that are
 * sent to this process meanwhile go to it. @ret_status is its exit status, or 128 and the number of
 * the signal that ended it. -errno: it could not be started. */
int step_run(const char *const *words, int *ret_status, struct problem *problem) _must_use_;
