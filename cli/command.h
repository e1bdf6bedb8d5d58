/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A command that is run and waited for, with our standard input, output and error.
 */

#include "lib/problem.h"

/* @words ended by NULL. The exit status, or 128 and the number of the signal that ended it. -ENOENT
 * and others: it cannot be run. */
int command_run(char *const *words, struct problem *problem) _must_use_;
